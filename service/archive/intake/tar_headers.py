"""Headers of the tar formats: 512 bytes to a name, a kind and a size.

Follows POSIX.1-2017 (`pax`, ustar and its extended headers) and the GNU tar manual ("Basic Tar
Format"). The standard library's `tarfile` is not used: it reads extended headers of any size into
memory, chains of them by recursion, and until 3.11.10 with regular expressions that backtrack.
"""

from dataclasses import dataclass
from typing import Final

from service.archive.intake.refusals import BrokenArchive

BLOCK: Final = 512
_MOST_SIZE: Final = 2**63


@dataclass(frozen=True)
class TarHeader:
    """One header. `size` is of the bytes that follow it, before padding to whole blocks."""

    name: str
    kind: bytes
    size: int
    sparse_goes_on: bool


class BadHeader(ValueError):
    """A block that is no header."""


def parse_header(block: bytes) -> TarHeader:
    """A block of 512 bytes, not all zero. Raises BadHeader."""
    # By the standard as unsigned bytes with blanks for itself; old Suns took signed ones.
    told, others = _number(block[148:156]), block[:148] + b" " * 8 + block[156:]
    if told != sum(others) and told != sum(others) - 256 * sum(byte > 127 for byte in others):
        raise BadHeader("its checksum is not right")
    name = _text(block[:100])
    if block[257:263] == b"ustar\0" and (prefix := _text(block[345:500])):
        name = f"{prefix}/{name}"
    kind = block[156:157]
    size = _number(block[124:136])
    if not 0 <= size < _MOST_SIZE:
        raise BadHeader("its size makes no sense")
    return TarHeader(name, kind, size, sparse_goes_on=kind == b"S" and block[482] != 0)


def parse_pax(data: bytes) -> dict[bytes, bytes]:
    """The records of an extended header: "<length> <key>=<value>\\n". Raises BrokenArchive."""
    records: dict[bytes, bytes] = {}
    at = 0
    while at < len(data) and data[at]:
        blank = data.find(b" ", at, at + 20)
        length = data[at:blank] if blank > at else b""
        end = at + int(length) if length.isdigit() else 0
        key, equals, value = data[blank + 1 : end - 1].partition(b"=")
        if not blank < end <= len(data) or data[end - 1 : end] != b"\n" or not equals:
            raise broken("an extended header cannot be read")
        records[key] = value
        at = end
    return records


def pax_size(records: dict[bytes, bytes], otherwise: int) -> int:
    """The size that extended records tell. Raises BrokenArchive."""
    told = records.get(b"size")
    if told is None:
        return otherwise
    if not (told.isdigit() and len(told) < 20 and int(told) < _MOST_SIZE):
        raise broken("an extended header has a size that makes no sense")
    return int(told)


def text_of(raw: bytes) -> str:
    """A name; bytes that are no UTF-8 become halves of surrogate pairs, which no name may have."""
    return raw.decode("utf-8", "surrogateescape")


def broken(why: str) -> BrokenArchive:
    """The Problem for a tar in which no next entry can be found."""
    return BrokenArchive(
        f"The tar is damaged: {why}. Photos before that place are in the job; pack it again, and"
        " send it whole."
    )


def _text(field: bytes) -> str:
    return text_of(field.split(b"\0", 1)[0])


def _number(field: bytes) -> int:
    """Octal digits, or GNU's base 256 where the first bit is set. Raises BadHeader."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b" \0").split(b"\0", 1)[0].strip()
    if digits and not (digits.isdigit() and not digits.strip(b"01234567")):
        raise BadHeader("a number in it cannot be read")
    return int(digits, 8) if digits else 0
