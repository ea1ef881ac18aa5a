"""An archive stream to photos: names cleaned, checksums taken, and a reason for all the rest."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final, Literal

from service.archive.digest import sha256_of
from service.archive.intake.litter import is_litter
from service.archive.intake.member import Member
from service.archive.intake.meter import IntakeLimits, Meter
from service.archive.intake.refusals import (
    DuplicateName,
    EmptyFile,
    EntryFault,
    NestedArchive,
    SystemFile,
)
from service.archive.intake.source import Source
from service.archive.intake.tar import tar_members
from service.archive.intake.zip import zip_members
from service.archive.names import BadName, clean_name, show_name

ArchiveKind = Literal["zip", "tar"]

# Where in a file the magic bytes of an archive or of a packed file stand.
_ARCHIVES: Final = (
    (0, b"PK\x03\x04"),
    (0, b"PK\x05\x06"),
    (0, b"\x1f\x8b"),
    (0, b"BZh"),
    (0, b"\xfd7zXZ\x00"),
    (0, b"\x28\xb5\x2f\xfd"),
    (0, b"7z\xbc\xaf\x27\x1c"),
    (0, b"Rar!\x1a\x07"),
    (257, b"ustar"),
)


@dataclass(frozen=True)
class Entry:
    """One photo, as its archive has it. `name` is clean, `sha256` hexadecimal."""

    name: str
    data: bytes | bytearray
    sha256: str


@dataclass(frozen=True)
class Skipped:
    """One entry or line that was not taken: a problem's slug, and what to do.

    `name` is for people: of what is no clean name, it shows what can be shown.
    """

    name: str
    slug: str
    detail: str


async def entries(
    stream: AsyncIterator[bytes], kind: ArchiveKind, limits: IntakeLimits
) -> AsyncIterator[Entry | Skipped]:
    """Photos in the order of the stream, each as soon as it is there; folders are passed over.

    Raises, after everything that came before: NotAnArchive, TruncatedArchive, BrokenArchive,
    ArchiveBomb, ArchiveTooLarge, TooManyEntries, and what `stream` raises.
    """
    meter = Meter(limits)
    source = Source(stream, meter.receive)
    members = zip_members(source, meter) if kind == "zip" else tar_members(source, meter)
    names = NamesSeen()
    async with aclosing(members):
        async for member in members:
            if member.name.endswith("/"):
                await member.skip()
                continue
            if not is_litter(member.name):
                meter.entry()
            try:
                entry = await _taken(member, names)
            except (EntryFault, BadName) as fault:
                yield Skipped(show_name(member.name), fault.slug, fault.detail)
            else:
                yield entry


class NamesSeen:
    """The names of one upload, by 16 bytes of digest each."""

    def __init__(self) -> None:
        self._digests: set[bytes] = set()

    def check(self, name: str) -> None:
        """Raises DuplicateName."""
        if _digest(name) in self._digests:
            raise DuplicateName(
                f"{show_name(name)!r} came before in the same upload, and the first is taken."
                " Rename one of them."
            )

    def add(self, name: str) -> None:
        """Remember a name that was taken."""
        self._digests.add(_digest(name))


async def _taken(member: Member, names: NamesSeen) -> Entry:
    """The member as a photo; its bytes are behind us, however this ends."""
    try:
        name = _name_of(member, names)
    except (EntryFault, BadName):
        await member.skip()
        raise
    data = await member.read()
    if not data:
        raise EmptyFile(f"{show_name(name)!r} has 0 bytes. Send it again if it should have more.")
    if any(data.startswith(magic, at) for at, magic in _ARCHIVES):
        raise NestedArchive(
            f"{show_name(name)!r} is itself an archive, or packed. Unpack it, and send its photos."
        )
    names.add(name)
    return Entry(name, data, await sha256_of(data))


def _name_of(member: Member, names: NamesSeen) -> str:
    """Raises BadName, or the EntryFault by which its bytes need not be read."""
    if is_litter(member.name):
        raise SystemFile(
            f"{show_name(member.name)!r} is no photo: your system keeps it for itself. Nothing is"
            " to be done."
        )
    if member.fault is not None:
        raise member.fault
    name = clean_name(member.name)
    names.check(name)
    return name


def _digest(name: str) -> bytes:
    return hashlib.blake2b(name.encode(), digest_size=16).digest()
