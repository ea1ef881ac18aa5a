"""A tar read forwards, plain or packed by gzip, bzip2 or xz, to members."""

from collections.abc import AsyncGenerator
from typing import Final

from service.archive.intake.member import Member
from service.archive.intake.meter import Meter
from service.archive.intake.refusals import (
    EntryFault,
    EntryTooLarge,
    NotAFile,
    NotAnArchive,
    UnsupportedEntry,
)
from service.archive.intake.source import PIECE, Source
from service.archive.intake.tar_headers import (
    BLOCK,
    BadHeader,
    TarHeader,
    broken,
    parse_header,
    parse_pax,
    pax_size,
    text_of,
)
from service.archive.intake.unpack import plain
from service.archive.names import show_name

_MOST_EXTENDED: Final = 2**20  # bytes of an extended header; attributes of files may be in it
_MOST_BEHIND: Final = 2**20
_FILE: Final = frozenset({b"0", b"\0", b"7"})
_FOLDER: Final = frozenset({b"5", b"D"})
_SPECIAL: Final = {
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a device",
    b"4": "a device",
    b"6": "a pipe",
}
_BODILESS: Final = frozenset({*_SPECIAL, b"5"})


async def tar_members(packed: Source, meter: Meter) -> AsyncGenerator[Member, None]:
    """Members in the order of the stream.

    Raises NotAnArchive, TruncatedArchive, BrokenArchive, or what `meter` raises.
    """
    source = await plain(packed, meter)
    await _check_start(source)
    name: str | None = None
    records: dict[bytes, bytes] = {}
    while any(block := await source.exactly(BLOCK)):
        meter.header()
        header = _parsed(block)
        if header.kind in (b"x", b"X"):
            records = parse_pax(await _extended(source, header))
        elif header.kind == b"L":
            name = text_of((await _extended(source, header)).split(b"\0", 1)[0])
        elif header.kind in (b"g", b"K", b"V"):  # comments, targets of links, the tape's label
            await source.skip(_padded(header.size))
        else:
            yield await _member(header, name, records, source, meter)
            name, records = None, {}
    await source.drain(_MOST_BEHIND)
    await packed.drain(_MOST_BEHIND)


class _TarMember:
    def __init__(
        self, name: str, size: int, fault: EntryFault | None, source: Source, meter: Meter
    ) -> None:
        self.name = name
        self.fault = fault
        self._size = size
        self._source = source
        self._most = meter.limits.max_entry_bytes

    async def read(self) -> bytearray:
        """Its bytes. Raises EntryTooLarge."""
        if self._size > self._most:
            await self.skip()
            raise EntryTooLarge(
                f"{show_name(self.name)!r} is larger than {self._most} bytes, the most that a"
                " photo may have. Send it smaller."
            )
        data = bytearray()
        while len(data) < self._size:
            data += await self._source.some(min(PIECE, self._size - len(data)))
        await self._source.skip(_padded(self._size) - self._size)
        return data

    async def skip(self) -> None:
        """Pass over its blocks."""
        await self._source.skip(_padded(self._size))


async def _member(
    header: TarHeader, name: str | None, records: dict[bytes, bytes], source: Source, meter: Meter
) -> Member:
    if b"path" in records:
        name = text_of(records[b"path"])
    name = header.name if name is None else name
    fault = _fault_of(name, header.kind, records)
    goes_on = header.sparse_goes_on
    while goes_on:  # GNU's maps of sparse files, before the bytes
        meter.header()
        goes_on = (await source.exactly(BLOCK))[504] != 0
    size = 0 if header.kind in _BODILESS else pax_size(records, header.size)
    if header.kind in _FOLDER:
        name = name.rstrip("/") + "/"
    return _TarMember(name, size, fault, source, meter)


def _fault_of(name: str, kind: bytes, records: dict[bytes, bytes]) -> EntryFault | None:
    if kind in _SPECIAL:
        return NotAFile(
            f"{show_name(name)!r} is {_SPECIAL[kind]}. Send the photo itself (tar --dereference"
            " --hard-dereference)."
        )
    if kind not in _FILE | _FOLDER or any(key.startswith(b"GNU.sparse.") for key in records):
        return UnsupportedEntry(
            f"{show_name(name)!r} is a sparse file, a part of one, or of a kind that no standard"
            " names. Pack it as a plain file."
        )
    return None


async def _check_start(source: Source) -> None:
    """Raises NotAnArchive where the first block is no header."""
    block = await source.peek(BLOCK)
    if len(block) == BLOCK and not any(block):
        return  # a tar of nothing
    try:
        parse_header(block.ljust(BLOCK, b"\0"))
    except BadHeader as error:
        if block.startswith(b"PK"):
            raise NotAnArchive("The body is a zip. Say format=zip.") from error
        raise NotAnArchive(
            "The body is no tar, plain or packed by gzip, bzip2 or xz. Send such a one."
        ) from error


def _parsed(block: bytes) -> TarHeader:
    try:
        return parse_header(block)
    except BadHeader as error:
        raise broken(f"where a header should stand, {error}") from error


async def _extended(source: Source, header: TarHeader) -> bytes:
    if header.size > _MOST_EXTENDED:
        raise broken(f"an extended header has {header.size} bytes; {_MOST_EXTENDED} may be")
    return (await source.exactly(_padded(header.size)))[: header.size]


def _padded(size: int) -> int:
    return -(-size // BLOCK) * BLOCK
