"""Packed bytes to plain ones, in bounded pieces: deflate of zip entries; gz, bz2, xz around tars.

Unpacking runs in threads, since a bomb may turn a few packed bytes into seconds of work.
"""

import asyncio
import bz2
import lzma
import zlib
from collections.abc import AsyncIterator, Callable
from typing import Final, Protocol

from service.archive.intake.meter import Meter
from service.archive.intake.refusals import BrokenArchive, NotAnArchive
from service.archive.intake.source import PIECE, Source

STEP: Final = 256 * 2**10  # bytes unpacked at once
_XZ_MEMORY: Final = 128 * 2**20  # `xz -9` needs 65 MiB to unpack


class Collector:
    """Bytes of one entry as they are unpacked: kept up to `cap`, counted beyond it.

    size, crc  of all bytes so far, kept or not
    """

    def __init__(self, cap: int, meter: Meter) -> None:
        self.data = bytearray()
        self.size = self.crc = 0
        self._cap = cap
        self._meter = meter

    @property
    def overflows(self) -> bool:
        """Whether there are more than `cap` bytes."""
        return self.size > self._cap

    def take(self, piece: bytes | memoryview) -> None:
        """Raises ArchiveBomb, ArchiveTooLarge."""
        self._meter.unpack(len(piece))
        self.size += len(piece)
        self.crc = zlib.crc32(piece, self.crc)
        if self.overflows:
            self.data = bytearray()
        else:
            self.data += piece


class Inflate:
    """A deflate stream that tells where it ends."""

    def __init__(self, into: Collector, *, to_the_end: bool) -> None:
        """to_the_end: go on where `into` overflows, since only so the end can be found."""
        self._into = into
        self._to_the_end = to_the_end
        self._stream = zlib.decompressobj(-zlib.MAX_WBITS)

    @property
    def ended(self) -> bool:
        """Whether the stream's own end was met."""
        return self._stream.eof

    @property
    def unused(self) -> int:
        """Bytes of the last piece that lie behind the end."""
        return len(self._stream.unused_data)

    async def feed(self, piece: memoryview) -> None:
        """Raises zlib.error, ArchiveBomb, ArchiveTooLarge."""
        if len(piece) < 2**11:  # cheaper than a thread
            self._feed(piece)
        else:
            await asyncio.to_thread(self._feed, piece)

    def _feed(self, piece: memoryview | bytes) -> None:
        while not self._stream.eof and (self._to_the_end or not self._into.overflows):
            plain = self._stream.decompress(piece, STEP)
            self._into.take(plain)
            piece = self._stream.unconsumed_tail
            if len(plain) < STEP and not piece:
                return


class _Unpacker(Protocol):
    """What `bz2` and `lzma` call a decompressor."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes | memoryview, max_length: int = -1) -> bytes: ...


class _Gunzip:
    """`zlib`'s decompressor with the manners of the others: what is not consumed is kept."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(16 + zlib.MAX_WBITS)

    @property
    def eof(self) -> bool:
        return self._stream.eof

    @property
    def unused_data(self) -> bytes:
        return self._stream.unused_data

    def decompress(self, data: bytes | memoryview, max_length: int = -1) -> bytes:
        return self._stream.decompress(self._stream.unconsumed_tail + data, max_length)


_PACKINGS: Final[dict[bytes, Callable[[], _Unpacker]]] = {
    b"\x1f\x8b": _Gunzip,
    b"BZh": bz2.BZ2Decompressor,
    b"\xfd7zXZ\x00": lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY),
}


async def plain(source: Source, meter: Meter) -> Source:
    """The stream itself, or what is packed in it by gzip, bzip2 or xz.

    Raises NotAnArchive for other packings.
    """
    head = await source.peek(6)
    if head.startswith((b"\x28\xb5\x2f\xfd", b"LZIP", b"\x04\x22\x4d\x18", b"\x1f\x9d")):
        raise NotAnArchive(
            "The tar is packed by zstd, lzip, lz4 or compress. Send it plain, or packed by gzip,"
            " bzip2 or xz."
        )
    for magic, make in _PACKINGS.items():
        if head.startswith(magic):
            return Source(_unpacked(source, magic, make, meter), lambda _: None)
    return source


async def _unpacked(
    source: Source, magic: bytes, make: Callable[[], _Unpacker], meter: Meter
) -> AsyncIterator[bytes]:
    """All members one after another, as pigz and pbzip2 write them, in pieces of at most STEP."""
    while (await source.peek(len(magic))) == magic:
        meter.header()
        unpacker = make()
        while not unpacker.eof:
            piece: bytes | memoryview = await source.some(PIECE)
            more = True
            while more and not unpacker.eof:
                try:
                    data = await asyncio.to_thread(unpacker.decompress, piece, STEP)
                except (zlib.error, lzma.LZMAError, OSError) as error:
                    raise BrokenArchive(
                        f"The tar's packing is damaged ({error}). Photos before that place are in"
                        " the job; pack the tar again, and send it whole."
                    ) from error
                piece, more = b"", len(data) == STEP
                yield data
                meter.unpack(len(data))  # now that photos before the limit are delivered
        source.rewind(len(unpacker.unused_data))
