"""A zip read forwards: a stream without its directory at hand, to members.

Everything is told by the headers before the entries; the directory at the end is only read to
see that the archive is whole. So entries may overlap in the directory as they like, and links,
which only the directory marks, are files that hold their target's path: nothing follows them.
"""

import zlib
from collections.abc import AsyncGenerator
from struct import unpack_from
from typing import Final

from service.archive.intake import zip_headers as headers
from service.archive.intake.member import Member
from service.archive.intake.meter import Meter
from service.archive.intake.refusals import (
    BrokenArchive,
    BrokenEntry,
    EntryTooLarge,
    NotAnArchive,
)
from service.archive.intake.source import PIECE, Source
from service.archive.intake.unpack import Collector, Inflate
from service.archive.intake.zip_headers import LocalHeader
from service.archive.names import show_name

_DESCRIPTOR_AHEAD: Final = 28  # the longest data descriptor, and the signature behind it
_MOST_FALSE_ENDS: Final = 100_000
_MOST_BEHIND: Final = 2**20


async def zip_members(source: Source, meter: Meter) -> AsyncGenerator[Member, None]:
    """Members in the order of the stream.

    Raises NotAnArchive, TruncatedArchive, BrokenArchive, or what `meter` raises.
    """
    await _pass_start(source)
    ends = _Ends()
    while (signature := await source.exactly(4)) == headers.LOCAL:
        meter.header()
        yield _ZipMember(await headers.read_local_header(source), source, meter, ends)
    await _pass_directory(source, signature)


class _Ends:
    """How often in this stream the bytes of an entry only looked like its end."""

    def __init__(self) -> None:
        self._false = 0

    def false_end(self) -> None:
        """Raises BrokenArchive where it cannot be chance."""
        self._false += 1
        if self._false > _MOST_FALSE_ENDS:
            raise _broken("the end of a stored entry cannot be told from its bytes")


class _ZipMember:
    def __init__(self, header: LocalHeader, source: Source, meter: Meter, ends: _Ends) -> None:
        self.name = header.name
        self.fault = header.fault
        self._header = header
        self._source = source
        self._meter = meter
        self._ends = ends

    async def read(self) -> bytearray:
        """Its bytes, checked. Raises BrokenEntry, EntryTooLarge."""
        most = self._meter.limits.max_entry_bytes
        size = self._header.size
        if size is not None and size > most:
            await self.skip()
            raise self._too_large()
        into = Collector(most if size is None else size, self._meter)
        whole = await self._collect(into)
        if size is None and into.overflows:
            raise self._too_large()
        if not whole:
            raise BrokenEntry(
                f"{show_name(self.name)!r} does not unpack to the bytes that were packed. Pack"
                " and send it again."
            )
        return into.data

    async def skip(self) -> None:
        """Pass over it: unpacked only where nothing else tells its end."""
        packed = self._header.packed
        if packed is not None:
            await self._source.skip(packed)
            if self._header.described:
                await self._pass_descriptor(None, packed, None)
        else:
            await self._collect(Collector(0, self._meter))

    async def _collect(self, into: Collector) -> bool:
        """Read the bytes; whether they are those that the header or descriptor tells of."""
        header = self._header
        if header.packed is None:
            if header.method == headers.DEFLATED and not header.encrypted:
                return await self._inflate_to_its_end(into)
            return await self._copy_to_descriptor(into)
        if header.method == headers.DEFLATED:
            whole = await self._inflate(into, header.packed)
        else:
            whole = await self._copy(into, header.packed)
        if header.described:
            return await self._pass_descriptor(into.crc, header.packed, into.size) and whole
        return whole and into.crc == header.crc and into.size == header.size

    async def _inflate(self, into: Collector, packed: int) -> bool:
        stream = Inflate(into, to_the_end=False)
        sound, empty = True, packed == 0
        while packed and sound and not stream.ended and not into.overflows:
            piece = await self._source.some(min(PIECE, packed))
            packed -= len(piece)
            try:
                await stream.feed(piece)
            except zlib.error:
                sound = False
        whole = sound and stream.ended and packed == 0 and stream.unused == 0
        await self._source.skip(packed)
        return whole or empty

    async def _inflate_to_its_end(self, into: Collector) -> bool:
        stream = Inflate(into, to_the_end=True)
        packed = 0
        while not stream.ended:
            # Small at first: a small entry is not worth a thread, nor giving back what follows it.
            piece = await self._source.some(min(PIECE, 2**10 + packed))
            packed += len(piece)
            try:
                await stream.feed(piece)
            except zlib.error as error:
                raise _broken(f"{show_name(self.name)!r} does not unpack") from error
        self._source.rewind(stream.unused)
        return await self._pass_descriptor(into.crc, packed - stream.unused, into.size)

    async def _copy(self, into: Collector, packed: int) -> bool:
        while packed:
            piece = await self._source.some(min(PIECE, packed))
            packed -= len(piece)
            into.take(piece)
        return True

    async def _copy_to_descriptor(self, into: Collector) -> bool:
        """Bytes of unknown number: they end where a descriptor fits them, checksum and all."""
        plain = self._header.method == headers.STORED and not self._header.encrypted
        source = self._source
        while True:
            ahead = await source.peek(_DESCRIPTOR_AHEAD)
            crc, size = (into.crc, into.size) if plain else (None, None)
            if ahead.startswith(headers.DESCRIPTOR):
                length = headers.descriptor_length(ahead, crc, into.size, size)
                if length is not None:
                    await source.skip(length)
                    return True
                self._ends.false_end()
                into.take(await source.some(len(headers.DESCRIPTOR)))
                continue
            found = source.find(headers.DESCRIPTOR)
            # A signature may be cut by the end of what is at hand: 3 bytes are left there.
            sure = found if found > 0 else max(source.at_hand - 3, 1)
            into.take(await source.some(sure))

    async def _pass_descriptor(self, crc: int | None, packed: int, size: int | None) -> bool:
        """Whether the descriptor that comes next has the checksum; it has the sizes.

        Raises BrokenArchive where there is none.
        """
        ahead = await self._source.peek(_DESCRIPTOR_AHEAD)
        length = headers.descriptor_length(ahead, crc, packed, size)
        whole = length is not None
        if length is None:
            length = headers.descriptor_length(ahead, None, packed, None)
        if length is None:
            if len(ahead) < _DESCRIPTOR_AHEAD:
                await self._source.skip(_DESCRIPTOR_AHEAD)  # raises TruncatedArchive
            raise _broken(f"nothing tells the end of {show_name(self.name)!r}")
        await self._source.skip(length)
        return whole

    def _too_large(self) -> EntryTooLarge:
        most = self._meter.limits.max_entry_bytes
        return EntryTooLarge(
            f"{show_name(self.name)!r} is larger than {most} bytes, the most that a photo may"
            " have. Send it smaller."
        )


async def _pass_start(source: Source) -> None:
    head = await source.peek(4)
    if head in (headers.DESCRIPTOR, b"PK00"):  # 8.5.5: an archive that might have been split
        await source.skip(4)
        head = await source.peek(4)
    if len(head) < 4 and headers.LOCAL.startswith(head) and head:
        await source.skip(4)  # raises TruncatedArchive
    if head not in (headers.LOCAL, headers.END, headers.END_64):
        what = "empty" if not head else "a gzip file" if head[:2] == b"\x1f\x8b" else "no zip"
        raise NotAnArchive(f"The body is {what}. Send a zip, or say format=tar where it is a tar.")


async def _pass_directory(source: Source, signature: bytes) -> None:
    """Read the directory (4.3.6) up to its end record, without which an archive is not whole."""
    while signature != headers.END:
        if signature == headers.CENTRAL:
            fixed = await source.exactly(42)
            await source.skip(sum(unpack_from("<HHH", fixed, 24)))
        elif signature == headers.SIGNATURE:
            await source.skip(*unpack_from("<H", await source.exactly(2)))
        elif signature == headers.EXTRA_DATA:
            await source.skip(*unpack_from("<I", await source.exactly(4)))
        elif signature == headers.END_64:
            await source.skip(*unpack_from("<Q", await source.exactly(8)))
        elif signature == headers.LOCATOR_64:
            await source.skip(16)
        else:
            raise _broken("something else stands where a header should")
        signature = await source.exactly(4)
    await source.skip(*unpack_from("<H", await source.exactly(18), 16))
    await source.drain(_MOST_BEHIND)


def _broken(why: str) -> BrokenArchive:
    return BrokenArchive(
        f"The zip is damaged: {why}. Photos before that place are in the job; pack it again, and"
        " send it whole."
    )
