"""Where photos may come from: the archive's own storage, and the stores an operator allows.

A key that starts with `jobs/` lies in our own storage. Any other key is a URL below one of the
allowed ones, and is only ever read: originals are never written over and never deleted.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from service.archive.blobs import Blob, Blobs
from service.problems import Problem

OWN = "jobs/"


class SourceNotAllowed(Problem):
    """A bucket or folder outside those that this service may read."""

    status = 403
    slug = "source-not-allowed"
    title = "The service may not read there"


@dataclass(frozen=True)
class Sources:
    """The archive's own storage, and URLs (`s3://bucket/prefix`, `file:///folder`) to read from."""

    own: Blobs
    allowed: Sequence[str] = ()
    _opened: dict[str, Blobs] = field(default_factory=dict, repr=False)

    @cached_property
    def _roots(self) -> list[str]:
        return sorted((url.rstrip("/") + "/" for url in self.allowed), key=len, reverse=True)

    async def get(self, key: str) -> bytes:
        """The photo's bytes. Raises NoSuchBlob, BlobsAway, SourceNotAllowed."""
        if key.startswith(OWN):
            return await self.own.get(key)
        store, path = self._resolve(key)
        return await store.get(path)

    async def list(self, url: str) -> AsyncIterator[tuple[str, Blob]]:
        """Everything below `url`: its key for `get`, and what the store says of it."""
        store, prefix = self._resolve(url.rstrip("/") + "/")
        root = self._root_of(url.rstrip("/") + "/")
        async for blob in store.list(prefix):
            yield f"{root}{blob.key}", blob

    def check(self, url: str) -> None:
        """Raises SourceNotAllowed."""
        self._root_of(url)

    def _root_of(self, url: str) -> str:
        path_parts = url.split("://", 1)[-1].split("/")
        # An allowed URL itself is below itself, with a slash at its end or without.
        root = next((root for root in self._roots if f"{url}/".startswith(root)), None)
        if root is None or ".." in path_parts or "." in path_parts:
            told = ", ".join(self._roots) or "none; the operator sets RIALTO_ARCHIVE_SOURCES"
            raise SourceNotAllowed(f"{url} is not below an allowed source: {told}.")
        return root

    def _resolve(self, url: str) -> tuple[Blobs, str]:
        root = self._root_of(url)
        if root not in self._opened:
            self._opened[root] = Blobs.open(root, create=False)
        return self._opened[root], url.removeprefix(root)
