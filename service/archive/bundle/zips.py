"""Entries to a zip, by the standard library's writer on a file that only leads forward.

Entries are deflated at level 0: photos do not get smaller, and a reader that streams, as ours
does, finds the end of a deflated entry, but not that of a stored one whose size follows it.
Zip64 is used where it must be. The central directory comes last, so a stream that breaks off is
no zip; until then some 0.75 kB an entry stay in memory (75 MB at 100,000; `test_zips` holds it).
"""

import asyncio
import stat
import struct
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from service.archive.bundle.entries import LEAST, Entry, exact

# MS-DOS dates begin in 1980 and end in 2107; the "UT" field has signed 32 bits.
_FIRST: Final = datetime(1980, 1, 1, tzinfo=UTC).timestamp()
_LAST: Final = datetime(2107, 12, 31, 23, 59, 58, tzinfo=UTC).timestamp()
_UNIX_TIME, _MODIFIED_ONLY, _MOST_UNIX_TIME = 0x5455, 1, 2**31 - 1
_IS_FOLDER: Final = 0x10


class _Pipe:
    """The end that ZipFile writes to. It cannot seek, so sizes follow their entries."""

    def __init__(self) -> None:
        self._written = bytearray()

    def __len__(self) -> int:
        return len(self._written)

    def write(self, data: bytes) -> int:
        self._written += data
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def take(self) -> bytes:
        taken, self._written = bytes(self._written), bytearray()
        return taken


async def zip_stream(entries: AsyncIterator[Entry]) -> AsyncIterator[bytes]:
    """The zip's bytes. Raises BrokenBundle, and what an entry's chunks raise.

    Depends on the entries only: the same entries make the same bytes at any time, anywhere.
    """
    pipe = _Pipe()
    archive = ZipFile(pipe, "w")  # type: ignore[call-overload]  # needs write and flush
    try:
        async for entry in entries:
            with archive.open(_header(entry), "w") as member:
                async for chunk in exact(entry):
                    member.write(chunk)
                    if len(pipe) >= LEAST:
                        yield pipe.take()
        await asyncio.to_thread(archive.close)
        yield pipe.take()
    finally:
        archive.filelist.clear()  # or a zip that broke off would write a directory for nobody


def _header(entry: Entry) -> ZipInfo:
    moment = datetime.fromtimestamp(min(max(entry.modified, _FIRST), _LAST), UTC)
    info = ZipInfo(entry.name, moment.timetuple()[:6])
    info.create_system = 3  # Unix, whatever system we run on
    info.file_size = entry.bytes  # announces zip64 where it is needed
    info.compress_type = ZIP_DEFLATED
    info._compresslevel = 0  # type: ignore[attr-defined]  # no other way before 3.13
    mode = stat.S_IFDIR | 0o755 if entry.is_folder else stat.S_IFREG | 0o644
    info.external_attr = mode << 16 | (_IS_FOLDER if entry.is_folder else 0)
    seconds = int(entry.modified)
    if 0 <= seconds <= _MOST_UNIX_TIME:  # MS-DOS times have no zone: this field tells UTC
        info.extra = struct.pack("<HHBi", _UNIX_TIME, 5, _MODIFIED_ONLY, seconds)
    return info
