"""JPEG markers: how strongly a file was compressed, and into which steps, by its own tables.

Follows ITU-T T.81, annexes B and K. Only the header is read, up to the first scan.
"""

import struct
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bridge.quantised import Quantisation

# Table K.1 in zigzag order: the luminance table of libjpeg at quality 50.
_LUMINANCE = np.array(
    [
        *(16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40),
        *(26, 24, 22, 22, 24, 49, 35, 37, 29, 40, 58, 51, 61, 60, 57, 51),
        *(56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87),
        *(95, 98, 103, 104, 103, 62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99),
    ]
)


def _along_diagonals(at: int) -> tuple[int, int]:
    row, column = divmod(at, 8)
    return row + column, row if (row + column) % 2 else column


# Where the i-th entry of a table in the file stands in reading order.
_ZIGZAG = np.array(sorted(range(64), key=_along_diagonals))
_SUBSAMPLING = {
    (1, 1): "4:4:4",
    (2, 1): "4:2:2",
    (2, 2): "4:2:0",
    (1, 2): "4:4:0",
    (4, 1): "4:1:1",
    (4, 2): "4:1:0",
}
_DQT, _SOS, _ADOBE = 0xDB, 0xDA, 0xEE
_SOF = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}


def segments(data: bytes | bytearray | memoryview) -> Iterator[tuple[int, bytes]]:
    """Marker and content of each segment before the first scan; ends where the file is odd."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        if marker == _SOS:
            return
        (size,) = struct.unpack_from(">H", data, at + 2)
        yield marker, bytes(data[at + 4 : at + 2 + size])
        at += 2 + max(size, 2)


def compression(data: bytes | bytearray | memoryview) -> tuple[int | None, str | None]:
    """Estimated quality on libjpeg's scale 1..100, and chroma subsampling such as "4:2:0".

    None for what the header does not say; a grey JPEG has no subsampling.
    """
    quality = subsampling = None
    for marker, content in segments(data):
        if marker == _DQT and quality is None:
            table = _table_zero(content)
            quality = None if table is None else _nearest_quality(table)
        elif marker in _SOF and len(content) >= 15 and content[5] >= 3:
            luma, chroma = content[7], content[10]
            ratio = (luma >> 4) / max(chroma >> 4, 1), (luma & 15) / max(chroma & 15, 1)
            subsampling = _SUBSAMPLING.get((int(ratio[0]), int(ratio[1])))
    return quality, subsampling


def quantisation(data: bytes | bytearray | memoryview) -> Quantisation | None:
    """The steps of a file of luma and chroma, 8 bits, 4:4:4, 4:2:2 or 4:2:0; None of any other.

    What the header leaves out or contradicts gives None too.
    """
    tables: dict[int, tuple[int, ...]] = {}
    frame = b""
    for marker, content in segments(data):
        if marker == _DQT:
            tables |= _tables(content)
        elif marker in _SOF:
            frame = content
        elif marker == _ADOBE and content[:5] == b"Adobe" and content[11:12] == b"\0":
            return None  # red, green and blue as they are
    if len(frame) < 15 or frame[0] != 8 or frame[5] != 3:
        return None
    (_, luma, first), (_, blue, second), (_, red, third) = (frame[i : i + 3] for i in (6, 9, 12))
    factor = luma & 15, luma >> 4
    if blue != 0x11 or red != 0x11 or second != third or factor not in ((1, 1), (1, 2), (2, 2)):
        return None
    if first not in tables or second not in tables:
        return None
    return Quantisation(tables[first], tables[second], factor)


def _tables(content: bytes) -> dict[int, tuple[int, ...]]:
    """The tables of one DQT segment by number, each in reading order; a cut one is left out."""
    tables, at = {}, 0
    while at < len(content):
        wide, number = content[at] >> 4, content[at] & 15
        if len(content) < at + 1 + (128 if wide else 64):
            break
        zigzag = np.frombuffer(content, ">u2" if wide else "u1", 64, at + 1)
        table = np.empty(64, np.int64)
        table[_ZIGZAG] = zigzag
        tables[number] = tuple(table.tolist())
        at += 1 + (128 if wide else 64)
    return tables


def _table_zero(content: bytes) -> NDArray[np.int64] | None:
    at = 0
    while at < len(content):
        wide, number = content[at] >> 4, content[at] & 15
        size = 128 if wide else 64
        if len(content) < at + 1 + size:
            return None
        if number == 0:
            values = np.frombuffer(content, ">u2" if wide else "u1", 64, at + 1)
            return values.astype(np.int64)
        at += 1 + size
    return None


def _nearest_quality(table: NDArray[np.int64]) -> int:
    qualities = np.arange(1, 101)
    scales = np.where(qualities < 50, 5000 // qualities, 200 - 2 * qualities)
    tables = np.clip((_LUMINANCE * scales[:, None] + 50) // 100, 1, 255)
    return int(qualities[np.abs(tables - table).sum(axis=1).argmin()])
