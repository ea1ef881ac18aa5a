"""TIFF files beyond libvips: which pages are pictures, and EXIF in and out.

libvips reads XMP, IPTC and ICC of a TIFF file but neither its EXIF directories nor who took
it when with what, and it writes none of them: archives keep scans in TIFF and want them back.
"""

import itertools
import mmap
import os
import struct
from collections.abc import Iterator

from service.photo.exif import EXIF_IFD, GPS_IFD
from service.photo.ifd import (
    LONG,
    SHORT,
    Data,
    Directory,
    Entry,
    Order,
    header,
    long_entry,
    read_directory,
    write_directory,
)

_SUBFILE_TYPE = 0x00FE
_DNG_VERSION = 0xC612
_INTEROPERABILITY_IFD = 0xA005
# Description, make, model, software, date, artist, host computer, copyright.
_DESCRIPTIVE = (0x010E, 0x010F, 0x0110, 0x0131, 0x0132, 0x013B, 0x013C, 0x8298)
_ORIENTATION = 0x0112
_IPTC = 0x83BB
_MOST_PAGES = 1000
_MOST_EXIF_BYTES = 4 * 2**20


def picture_pages(data: Data) -> list[int]:
    """Numbers of the pages that are pictures of their own and no reduced copies.

    Raises ValueError where the directories cannot be read, BigTIFF included.
    """
    found = []
    for number, (order, directory) in enumerate(_pages(data)):
        kind = directory.entries.get(_SUBFILE_TYPE)
        if kind is None or not kind.integer(order) & 1:
            found.append(number)
    return found


def repair_orientation(data: memoryview, page: int) -> int | None:
    """What a page says of orientation, sound or not; written over with 1 where it is not.

    libvips would refuse the whole file for it. `data` must be writable. Raises ValueError as
    above.
    """
    order, directory = list(_pages(data))[page]
    entry = directory.entries.get(_ORIENTATION)
    if entry is None:
        return None
    raw = entry.integer(order)
    if not 1 <= raw <= 8:
        at = directory.positions[_ORIENTATION]
        struct.pack_into(order + "HHIHH", data, at, _ORIENTATION, SHORT, 1, 1, 0)
    return raw


def is_big(data: Data) -> bool:
    """Whether the file is BigTIFF, of whose directories nothing is read here."""
    return bytes(data[2:4]) in (b"+\0", b"\0+")


def is_camera_raw(data: Data) -> bool:
    """Whether the file is a DNG: its first picture is mostly a thumbnail of the raw one."""
    return any(_DNG_VERSION in directory.entries for _, directory in _pages(data))


def read_exif(data: Data, page: int) -> bytes | None:
    """An EXIF block of the page's descriptive tags, EXIF and GPS directories; None without any.

    Raises ValueError where the directories cannot be read or hold more than 4 MiB.
    """
    order, directory = list(_pages(data))[page]
    main = [directory.entries[tag] for tag in _DESCRIPTIVE if tag in directory.entries]
    parts = _subdirectories(data, directory, order)
    if not main and not parts:
        return None
    mark = b"II*\0" if order == "<" else b"MM\0*"
    everything = [*main, *itertools.chain(*parts.values())]
    if sum(len(entry.value) for entry in everything) > _MOST_EXIF_BYTES:
        raise ValueError("more EXIF than 4 MiB")
    body, first = _laid_out(main, parts, 8, order)
    return mark + struct.pack(order + "I", first) + body


def append_tags(descriptor: int, block: bytes | None, iptc: bytes | None) -> None:
    """Give the TIFF file, a classic one with one page, the tags of an EXIF block and IPTC.

    They are appended with a new first directory; what stood there stays as it was. Raises
    ValueError where the block cannot be read.
    """
    if block is None and iptc is None:
        return
    with mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ) as mapped, memoryview(mapped) as data:
        size = len(data)
        order, first = header(data)
        main = read_directory(data, first, order).entries
    parts: dict[int, list[Entry]] = {}
    if block is not None:
        parts = _carried(block, order, main)
    if iptc is not None:
        # LONGs, by an old mistake of everybody's; the bytes stand as they are.
        padded = iptc + bytes(-len(iptc) % 4)
        main[_IPTC] = Entry(_IPTC, LONG, len(padded) // 4, padded)
    start = size + size % 2
    body, first = _laid_out([*main.values()], parts, start, order)
    os.pwrite(descriptor, body, start)
    os.pwrite(descriptor, struct.pack(order + "I", first), 4)


def _carried(block: bytes, order: Order, main: dict[int, Entry]) -> dict[int, list[Entry]]:
    """An EXIF block's directories in this order; its descriptive tags are put into `main`."""
    old, first = header(block)
    source = read_directory(block, first, old)
    for tag in _DESCRIPTIVE:
        if tag in source.entries:
            main[tag] = source.entries[tag].reordered(old, order)
    return {
        tag: [entry.reordered(old, order) for entry in entries]
        for tag, entries in _subdirectories(block, source, old).items()
    }


def _pages(data: Data) -> Iterator[tuple[Order, Directory]]:
    order, offset = header(data)
    for _ in range(_MOST_PAGES):
        directory = read_directory(data, offset, order)
        yield order, directory
        offset = directory.following
        if not offset:
            return
    raise ValueError("more pages than can be counted")


def _subdirectories(data: Data, main: Directory, order: Order) -> dict[int, list[Entry]]:
    found = {}
    for tag in (EXIF_IFD, GPS_IFD):
        if tag in main.entries:
            directory = read_directory(data, main.entries[tag].integer(order), order)
            entries = directory.entries.values()
            found[tag] = [entry for entry in entries if entry.tag != _INTEROPERABILITY_IFD]
    return found


def _laid_out(
    main: list[Entry], parts: dict[int, list[Entry]], start: int, order: Order
) -> tuple[bytes, int]:
    """Bytes to be placed at `start`, and the offset of the main directory in the file."""
    body = b""
    pointers = []
    for tag, entries in parts.items():
        pointers.append(long_entry(tag, start + len(body), order))
        body += write_directory(entries, start + len(body), order)
    first = start + len(body)
    kept = [entry for entry in main if entry.tag not in parts]
    return body + write_directory([*kept, *pointers], first, order), first
