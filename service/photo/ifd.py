"""TIFF directories (IFDs), as EXIF blocks and TIFF files hold them: bytes to entries and back.

Follows TIFF 6.0, section 2, classic 32-bit offsets only. Everything read is untrusted: a count
or an offset beyond the data is ValueError, an entry of unknown kind is passed over.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

Order = Literal["<", ">"]
Data = bytes | bytearray | memoryview

# Bytes a value of each TIFF kind, and bytes of the unit that the byte order turns.
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_UNITS = _SIZES | {5: 4, 10: 4}

SHORT, LONG, RATIONAL = 3, 4, 5


@dataclass(frozen=True)
class Entry:
    """One tag: `value` holds its bytes, in the byte order of where it was read."""

    tag: int
    kind: int
    count: int
    value: bytes

    def reordered(self, old: Order, new: Order) -> "Entry":
        """The same in another byte order."""
        unit = _UNITS[self.kind]
        turned = np.frombuffer(self.value, f"{old}u{unit}").astype(f"{new}u{unit}")
        return Entry(self.tag, self.kind, self.count, turned.tobytes())

    def integer(self, order: Order) -> int:
        """The first value, where it is a byte, SHORT or LONG; else ValueError."""
        if self.kind not in (1, SHORT, LONG, 13) or not self.count:
            raise ValueError(f"tag {self.tag} holds no integer")
        form = {1: "B", SHORT: "H", LONG: "I", 13: "I"}[self.kind]
        return int(struct.unpack_from(order + form, self.value)[0])


@dataclass(frozen=True)
class Directory:
    """One IFD.

    entries    by tag
    positions  by tag: where the 12 bytes of its entry lie in the data
    following  offset of the next IFD, 0 where there is none; its 4 bytes lie at `link`
    """

    entries: dict[int, Entry]
    positions: dict[int, int]
    following: int
    link: int


def header(data: Data) -> tuple[Order, int]:
    """Byte order and offset of the first IFD. Raises ValueError where it is no classic TIFF."""
    mark = bytes(data[:4])
    order: Order = "<" if mark[:2] == b"II" else ">"
    if len(data) < 8 or mark not in (b"II*\x00", b"MM\x00*"):
        raise ValueError("no TIFF header")
    return order, int(struct.unpack_from(order + "I", data, 4)[0])


def read_directory(data: Data, offset: int, order: Order) -> Directory:
    """The IFD at `offset`. Raises ValueError where it runs past the data."""
    if offset < 8 or offset + 2 > len(data):
        raise ValueError("an IFD lies outside the data")
    (count,) = struct.unpack_from(order + "H", data, offset)
    link = offset + 2 + 12 * count
    if link > len(data):
        raise ValueError("an IFD runs past the data")
    entries, positions = {}, {}
    for at in range(offset + 2, link, 12):
        tag, kind, values = struct.unpack_from(order + "HHI", data, at)
        size = _SIZES.get(kind, 0) * values
        where = at + 8 if size <= 4 else struct.unpack_from(order + "I", data, at + 8)[0]
        if size and where + size <= len(data):
            entries[tag] = Entry(tag, kind, values, bytes(data[where : where + size]))
            positions[tag] = at
    # Some writers leave the link to the next IFD out at the end of a block.
    whole = link + 4 <= len(data)
    following = struct.unpack_from(order + "I", data, link)[0] if whole else 0
    return Directory(entries, positions, following, link)


def write_directory(entries: Iterable[Entry], offset: int, order: Order) -> bytes:
    """An IFD to be placed at the even `offset`, with its values behind it and no next IFD."""
    ordered = sorted(entries, key=lambda entry: entry.tag)
    table = struct.pack(order + "H", len(ordered))
    values = b""
    start = offset + 2 + 12 * len(ordered) + 4
    for entry in ordered:
        table += struct.pack(order + "HHI", entry.tag, entry.kind, entry.count)
        if len(entry.value) <= 4:
            table += entry.value.ljust(4, b"\0")
        else:
            table += struct.pack(order + "I", start + len(values))
            values += entry.value + b"\0" * (len(entry.value) % 2)
    return table + b"\0\0\0\0" + values


def long_entry(tag: int, value: int, order: Order) -> Entry:
    """An entry of one LONG."""
    return Entry(tag, LONG, 1, struct.pack(order + "I", value))
