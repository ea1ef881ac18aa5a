"""Entries to a tar (POSIX pax), one header block after the other; memory does not grow."""

import tarfile
from collections.abc import AsyncIterator

from service.archive.bundle.entries import LEAST, Entry, exact

_END = bytes(2 * tarfile.BLOCKSIZE)


async def tar_stream(entries: AsyncIterator[Entry]) -> AsyncIterator[bytes]:
    """The tar's bytes. Raises BrokenBundle, and what an entry's chunks raise.

    Depends on the entries only: the same entries make the same bytes at any time, anywhere.
    """
    ready = bytearray()
    async for entry in entries:
        ready += _header(entry)
        async for chunk in exact(entry):
            # Sent only while more of this entry is at hand: a tar that breaks off between two
            # entries, or in a header, passes for a whole one with many readers.
            if len(ready) >= LEAST:
                yield bytes(ready)
                ready.clear()
            ready += chunk
        ready += bytes(-entry.bytes % tarfile.BLOCKSIZE)
    yield bytes(ready + _END)


def _header(entry: Entry) -> bytes:
    info = tarfile.TarInfo(entry.name.rstrip("/"))
    info.type = tarfile.DIRTYPE if entry.is_folder else tarfile.REGTYPE
    info.mode = 0o755 if entry.is_folder else 0o644
    info.size = entry.bytes
    info.mtime = int(entry.modified)
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "strict")
