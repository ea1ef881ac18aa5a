"""Where photos may come from: the archive's own storage, and the stores an operator allows.

A key that starts with `jobs/` lies in our own storage. Any other key is a URL below one of the
allowed ones, and is only ever read: originals are never written over and never deleted.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace

from service.archive.blobs import Blob, Blobs
from service.archive.keys import OWN
from service.problems import Problem


class SourceNotAllowed(Problem):
    """A bucket or folder outside those that this service may read, or write to."""

    status = 403
    slug = "source-not-allowed"
    title = "The service may not go there"


@dataclass(frozen=True)
class Sources:
    """The archive's own storage, and URLs (`s3://bucket/prefix`, `file:///folder`) to read from."""

    own: Blobs
    allowed: Sequence[str] = ()
    _opened: dict[str, Blobs] = field(default_factory=dict, repr=False)

    async def get(self, key: str) -> bytes:
        """The photo's bytes. Raises NoSuchBlob, BlobsAway, SourceNotAllowed."""
        if key.startswith(OWN):
            return await self.own.get(key)
        store, path = self._resolve(key)
        return await store.get(path)

    async def list(self, url: str) -> AsyncIterator[tuple[str, Blob]]:
        """Everything below `url`: its key for `get`, and what the store says of it."""
        store, prefix = self._resolve(url.rstrip("/") + "/")
        root = self._root(url)
        async for blob in store.list(prefix):
            yield f"{root}{blob.key}", blob

    def check(self, url: str) -> None:
        """Raises SourceNotAllowed."""
        self._root(url)

    def _root(self, url: str) -> str:
        return root_of(url, self.allowed, "RIALTO_ARCHIVE_SOURCES")

    def _resolve(self, url: str) -> tuple[Blobs, str]:
        root = self._root(url)
        if root not in self._opened:
            opened = Blobs.open(root, create=False)
            self._opened[root] = replace(opened, observe=self.own.observe)
        return self._opened[root], url.removeprefix(root)


def root_of(url: str, allowed: Sequence[str], setting: str) -> str:
    """The allowed URL that `url` lies below, with a slash at its end; a longer one goes first.

    Raises SourceNotAllowed.
    """
    roots = sorted((root.rstrip("/") + "/" for root in allowed), key=len, reverse=True)
    parts = url.split("://", 1)[-1].split("/")
    # An allowed URL itself is below itself, with a slash at its end or without.
    root = next((root for root in roots if f"{url}/".startswith(root)), None)
    if root is None or ".." in parts or "." in parts:
        told = ", ".join(roots) or f"none; the operator sets {setting}"
        raise SourceNotAllowed(f"{url} is not below an allowed one: {told}.")
    return root
