"""Blobs: keys to bytes, in a folder or in an S3, GCS or Azure bucket, by obstore.

A blob is whole or not there: a put that was interrupted leaves nothing under its key. An
acknowledged put survives the process, in a folder also the machine. Requests are repeated for about
a second and no longer: who calls knows better whether to wait.
"""

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import quote

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore

from service.archive.blob_refusals import BadKey, BlobRefused, BlobsAway, NoSuchBlob, translated
from service.archive.keys import check_key
from service.archive.stores import Bucket, folder_of, open_bucket, settle, settled_parent

if TYPE_CHECKING:
    from obstore import Attributes

__all__ = ["BadKey", "Blob", "BlobRefused", "Blobs", "BlobsAway", "NoSuchBlob"]

CHUNK: Final = 2**20  # bytes that `stream` holds at once
PART: Final = 8 * 2**20  # bytes of a multipart upload's part; smaller blobs are sent at once
PAGE: Final = 1000  # keys that a store lists or deletes in one request


@dataclass(frozen=True)
class Blob:
    """What a store tells of a blob: its size, and when it was put, in seconds since 1970."""

    key: str
    bytes: int
    modified: float


@dataclass(frozen=True)
class Blobs:
    """A store. `folder` is its root where it is a folder, None where it is a bucket.

    `observe` is told put, get, read (a chunk), head or delete, and the seconds that it took.
    """

    store: LocalStore | Bucket = field(repr=False)  # obstore panics at an AzureStore's
    folder: Path | None = None
    observe: Callable[[str, float], None] = lambda _operation, _seconds: None

    @classmethod
    def open(cls, url: str | Path, *, create: bool = True, timeout_s: float = 60) -> Self:
        """A folder's path or `file://`; `s3://`, `gs://`, `az://` with a prefix or without.

        create     make the folder where it is missing; a bucket is never made
        timeout_s  of one request, a part of an upload and a whole download each being one

        Nothing is sent to a bucket yet: `check` does. Raises ValueError for a URL that is none of
        these, BlobsAway where a folder cannot be opened.
        """
        folder = folder_of(url)
        if folder is None:
            return cls(open_bucket(str(url), timeout_s))
        try:
            if create:
                folder.mkdir(parents=True, exist_ok=True)
            return cls(LocalStore(folder), folder.resolve())
        except (OSError, BaseError) as error:
            raise BlobsAway(f"The folder {folder} cannot be opened.") from error

    async def put(
        self,
        key: str,
        data: bytes | bytearray | memoryview,
        *,
        content_type: str = "",
        download_as: str = "",
    ) -> None:
        """Store `data`, which must not change meanwhile; what was under `key` is replaced.

        A bucket keeps `content_type` and `download_as`, and sends them with a link's download.
        Raises BadKey, BlobsAway.
        """
        self._check(key)
        attributes: Attributes = {}
        if content_type:
            attributes["Content-Type"] = content_type
        if download_as:
            attributes["Content-Disposition"] = _disposition(download_as)
        with self._told(operation="put"):
            if self.folder is None:
                await self._send(key, data, attributes or None)
                return
            path = self.folder / key
            top = settled_parent(path)
            await self._send(key, data, None)
            await asyncio.to_thread(settle, path, top)

    async def _send(
        self, key: str, data: bytes | bytearray | memoryview, attributes: "Attributes | None"
    ) -> None:
        several = len(data) > PART
        await obstore.put_async(
            self.store, key, data, attributes=attributes, use_multipart=several, chunk_size=PART
        )

    async def get(self, key: str) -> bytes:
        """The whole blob. Raises NoSuchBlob, BlobRefused, BlobsAway, BadKey."""
        self._check(key)
        with self._told(key, "get"):
            found = await obstore.get_async(self.store, key)
            return (await found.bytes_async()).to_bytes()

    async def size(self, key: str) -> int:
        """Bytes of a blob. Raises as `get` does."""
        self._check(key)
        with self._told(key, "head"):
            return (await obstore.head_async(self.store, key))["size"]

    async def stream(
        self, key: str, start: int = 0, end: int | None = None
    ) -> AsyncIterator[bytes]:
        """Bytes start..end-1, or to the blob's end, in chunks of at most 1 MiB.

        Each chunk is a request of its own, so that a slow reader holds no connection to the
        store. A blob that goes or shrinks meanwhile raises; it never just ends. Raises as `get`.
        """
        self._check(key)
        if end is not None and start >= end:
            return
        try:
            chunk, size = await self._read(key, start, end)
        except (BlobRefused, BlobsAway):
            if start < await self.size(key):
                raise
            return  # stores refuse a range that begins at the end, or behind it
        end = size if end is None else min(end, size)
        yield chunk
        while (start := start + len(chunk)) < end:
            chunk, _ = await self._read(key, start, end)
            yield chunk

    async def _read(self, key: str, start: int, end: int | None) -> tuple[bytes, int]:
        """One chunk, never an empty one, and the size of its blob."""
        stop = start + CHUNK if end is None else min(start + CHUNK, end)
        with self._told(key, "read"):
            found = await obstore.get_async(self.store, key, options={"range": (start, stop)})
            chunk = (await found.bytes_async()).to_bytes()
        if not chunk:
            raise BlobRefused(f"{key} ended before its end.")
        return chunk, found.meta["size"]

    async def list(self, prefix: str = "") -> AsyncIterator[Blob]:
        """All blobs below the folder `prefix`, in no order; "a" and "a/" hold "a/b", not "ab"."""
        if prefix:
            check_key(prefix.removesuffix("/"), in_folder=False)
        with self._told():
            async for page in obstore.list(self.store, prefix or None, chunk_size=PAGE):
                for meta in page:
                    yield Blob(meta["path"], meta["size"], meta["last_modified"].timestamp())

    async def delete(self, keys: Iterable[str]) -> None:
        """Delete blobs; those that are not there are no error. Raises BadKey, BlobsAway."""
        doomed = list(keys)
        for key in doomed:
            self._check(key)
        with self._told(operation="delete"):
            for first in range(0, len(doomed), PAGE):
                await self._delete_page(doomed[first : first + PAGE])

    async def _delete_page(self, keys: Sequence[str]) -> None:
        try:
            await obstore.delete_async(self.store, keys)
        except FileNotFoundError:  # a folder stops at the first that is missing
            for key in keys:
                with suppress(FileNotFoundError):
                    await obstore.delete_async(self.store, key)

    async def delete_prefix(self, prefix: str) -> int:
        """Delete all below the folder `prefix`, half-written files too; returns how many blobs.

        Raises BadKey for an empty prefix: no call deletes a whole store.
        """
        check_key(prefix.removesuffix("/"), in_folder=False)
        count, page = 0, list[str]()
        async for blob in self.list(prefix):
            page.append(blob.key)
            if len(page) == PAGE:
                await self.delete(page)
                count, page = count + PAGE, []
        await self.delete(page)
        if self.folder is not None:
            await asyncio.to_thread(shutil.rmtree, self.folder / prefix, ignore_errors=True)
        return count + len(page)

    async def link(self, key: str, seconds: float, download_as: str) -> str | None:
        """An address that anyone may download the blob from for `seconds`.

        None for a folder, and where the download would have another name than `download_as`:
        a bucket knows the name that was given to the last `put`, or none.
        Raises NoSuchBlob, BlobRefused, BlobsAway, BadKey.
        """
        if isinstance(self.store, LocalStore):
            return None
        self._check(key)
        with self._told(key):
            found = await obstore.get_async(self.store, key, options={"head": True})
            known = found.attributes.get("Content-Disposition")
            if known not in (None, _disposition(download_as)):
                return None
            return await obstore.sign_async(self.store, "GET", key, timedelta(seconds=seconds))

    async def check(self) -> None:
        """Raises BlobsAway where nothing can be stored or listed now."""
        if self.folder is not None and not os.access(self.folder, os.W_OK | os.X_OK):
            raise BlobsAway(f"The folder {self.folder} is not there or cannot be written to.")
        async for _ in self.list("rialto-check"):
            break

    def _check(self, key: str) -> None:
        check_key(key, in_folder=self.folder is not None)

    @contextmanager
    def _told(self, key: str | None = None, operation: str | None = None) -> Iterator[None]:
        """Turns the store's errors into ours; `key` where one blob is read. Times what succeeds."""
        start = time.perf_counter()
        try:
            yield
        except (BaseError, OSError) as error:
            raise translated(error, key, self.folder) from error
        if operation is not None:
            self.observe(operation, time.perf_counter() - start)


def _disposition(name: str) -> str:
    return f"attachment; filename*=UTF-8''{quote(name, safe='')}"
