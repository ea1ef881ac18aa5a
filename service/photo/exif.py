"""EXIF blocks: read the orientation, and make a kept block tell the truth about a new picture.

A block is edited in place, so that maker notes, whose offsets nobody but the maker knows, stay
good. Follows Exif 2.32 (CIPA DC-008); the block is the TIFF structure without `Exif\\0\\0`.
"""

import struct

from service.photo.ifd import LONG, RATIONAL, SHORT, Directory, Order, header, read_directory
from service.photo.photo import Resolution

ORIENTATION = 0x0112
EXIF_IFD = 0x8769
GPS_IFD = 0x8825
_X_RESOLUTION, _Y_RESOLUTION, _RESOLUTION_UNIT = 0x011A, 0x011B, 0x0128
_WIDTHS, _HEIGHTS = (0x0100, 0xA002), (0x0101, 0xA003)
_THUMBNAIL_OFFSET, _THUMBNAIL_LENGTH = 0x0201, 0x0202


def unwrapped(block: bytes) -> bytes:
    """The TIFF structure of a block, whether or not `Exif\\0\\0` stands in front."""
    return block.removeprefix(b"Exif\0\0")


def check(block: bytes) -> None:
    """Raise ValueError where the block's main directory cannot be read."""
    order, first = header(block)
    read_directory(block, first, order)


def raw_orientation(block: bytes) -> int | None:
    """What the block says of orientation, sound or not; None where it says nothing.

    Raises ValueError where the block cannot be read.
    """
    order, first = header(block)
    entry = read_directory(block, first, order).entries.get(ORIENTATION)
    return entry.integer(order) if entry else None


def resolution(block: bytes) -> Resolution | None:
    """The resolution that the block states, if any. Raises ValueError as above."""
    order, first = header(block)
    entries = read_directory(block, first, order).entries
    values = []
    for tag in (_X_RESOLUTION, _Y_RESOLUTION):
        entry = entries.get(tag)
        if entry is None or (entry.kind, entry.count) != (RATIONAL, 1):
            return None
        above, below = struct.unpack(order + "II", entry.value)
        values.append(above / max(below, 1))
    if min(values) <= 0:
        return None
    centimetres = _RESOLUTION_UNIT in entries and entries[_RESOLUTION_UNIT].integer(order) == 3
    per_unit = 10.0 if centimetres else 25.4
    return Resolution(values[0] / per_unit, values[1] / per_unit, "cm" if centimetres else "in")


def renewed(block: bytes, width: int, height: int, printed: Resolution | None) -> bytes:
    """The block for an upright picture of width × height pixels.

    Orientation becomes 1, sizes and the resolution those of the new picture, and the thumbnail,
    which shows the old one, is taken out. Raises ValueError where the block cannot be read.
    """
    order, first = header(block)
    data = bytearray(block)
    main = read_directory(data, first, order)
    _set_integer(data, main, ORIENTATION, 1, order)
    directories = [main]
    if EXIF_IFD in main.entries:
        where = main.entries[EXIF_IFD].integer(order)
        directories.append(read_directory(data, where, order))
    for directory in directories:
        for tags, size in ((_WIDTHS, width), (_HEIGHTS, height)):
            for tag in tags:
                _set_integer(data, directory, tag, size, order)
    if printed is not None:
        _set_resolution(data, main, printed, order)
    return _without_thumbnail(data, main, order)


def _set_integer(data: bytearray, directory: Directory, tag: int, value: int, order: Order) -> None:
    """Rewrite an entry as one SHORT where it fits, else one LONG: both lie inside the entry."""
    if tag in directory.positions:
        kind, form = (SHORT, "HH") if value < 2**16 else (LONG, "I")
        fields = (value, 0) if kind == SHORT else (value,)
        at = directory.positions[tag]
        struct.pack_into(order + "HHI" + form, data, at, tag, kind, 1, *fields)


def _set_resolution(data: bytearray, main: Directory, new: Resolution, order: Order) -> None:
    per_unit = 25.4 if new.unit == "in" else 10.0
    for tag, value in ((_X_RESOLUTION, new.x), (_Y_RESOLUTION, new.y)):
        entry = main.entries.get(tag)
        if entry is not None and (entry.kind, entry.count) == (RATIONAL, 1):
            (where,) = struct.unpack_from(order + "I", data, main.positions[tag] + 8)
            struct.pack_into(order + "II", data, where, round(value * per_unit * 1000), 1000)
    _set_integer(data, main, _RESOLUTION_UNIT, 2 if new.unit == "in" else 3, order)


def _without_thumbnail(data: bytearray, main: Directory, order: Order) -> bytes:
    if not main.following:
        return bytes(data)
    data[main.link : main.link + 4] = bytes(4)
    try:
        thumbnail = read_directory(data, main.following, order).entries
        start = thumbnail[_THUMBNAIL_OFFSET].integer(order)
        size = thumbnail[_THUMBNAIL_LENGTH].integer(order)
    except (ValueError, KeyError):
        return bytes(data)
    if start <= main.link or start + size > len(data):
        return bytes(data)
    if start + size == len(data):
        return bytes(data[:start])
    data[start : start + size] = bytes(size)
    return bytes(data)
