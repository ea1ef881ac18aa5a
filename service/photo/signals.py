"""What a container says that libvips does not pass on: frames, colour code points, grey.

Reads PNG chunks before the pixels (PNG 3rd edition) and the boxes of an AVIF file (ISO/IEC
14496-12, 23008-12). Code points are those of ITU-T H.273. Odd containers end the walk; the
decoder will say what is wrong with them.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace

from service.photo.formats import Format

Data = bytes | bytearray | memoryview


@dataclass(frozen=True)
class Signals:
    """What was found.

    frames        pictures of an animated PNG, else 1
    primaries     H.273 colour primaries, None where the file names none
    transfer      H.273 transfer characteristics, likewise
    monochrome    AVIF: every coded picture has luma only
    density       PNG: a pHYs chunk states the resolution
    """

    frames: int = 1
    primaries: int | None = None
    transfer: int | None = None
    monochrome: bool = False
    density: bool = False


def read_signals(data: Data, form: Format) -> Signals:
    """The signals of a file of this format; those of other formats reach libvips whole."""
    if form == "png":
        return _png_signals(data)
    return _avif_signals(data) if form == "avif" else Signals()


def _png_signals(data: Data) -> Signals:
    found = Signals()
    for kind, content in _png_chunks(data):
        if kind == b"acTL" and len(content) == 8:
            found = replace(found, frames=struct.unpack(">II", content)[0])
        elif kind == b"pHYs" and len(content) == 9:
            found = replace(found, density=content[8] == 1)
        elif kind == b"cICP" and len(content) == 4:
            found = replace(found, primaries=content[0], transfer=content[1])
    return found


def _png_chunks(data: Data) -> Iterator[tuple[bytes, bytes]]:
    at = 8
    while at + 12 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"IDAT":
            return
        # No chunk that is asked about is long; a long one is not copied.
        yield kind, bytes(data[at + 8 : at + 8 + min(size, 64)])
        at += 12 + size


def _avif_signals(data: Data) -> Signals:
    found = Signals()
    monochrome = []
    for kind, start, end in _boxes(data, 0, len(data)):
        if kind == b"av1C" and end - start >= 4:
            monochrome.append(bool(data[start + 2] & 0x10))
        elif kind == b"colr" and bytes(data[start : start + 4]) == b"nclx" and end - start >= 8:
            primaries, transfer = struct.unpack_from(">HH", data, start + 4)
            found = replace(found, primaries=primaries, transfer=transfer)
    return replace(found, monochrome=bool(monochrome) and all(monochrome))


# Boxes that hold the properties of coded pictures, and how many bytes precede their children.
_OUTER = {b"meta": 4, b"iprp": 0, b"ipco": 0}


def _boxes(data: Data, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    while start + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, start)
        head = 8
        if size == 1 and start + 16 <= end:
            (size,) = struct.unpack_from(">Q", data, start + 8)
            head = 16
        stop = end if size == 0 else min(start + size, end)
        if stop < start + head:
            return
        if kind in _OUTER:
            yield from _boxes(data, start + head + _OUTER[kind], stop)
        else:
            yield kind, start + head, stop
        start = stop
