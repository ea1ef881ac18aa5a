"""Encoded files: put an EXIF block in as it is, and take a resolution out that nobody stated.

libvips would rewrite the block through libexif, which drops maker notes and newer tags and adds
some that are not true; it writes 72 dpi where there is no resolution, and leaves a JPEG's JFIF
segment out unless it may write EXIF. Each function takes a file that libvips wrote a moment
ago, and gives its pieces in order, uncopied.
"""

import struct
import zlib
from collections.abc import Iterator

from service.photo.formats import Format
from service.photo.photo import Resolution

# A JPEG segment holds 65,533 bytes, less what names its content.
MOST_JPEG_EXIF = 65_527
MOST_JPEG_XMP = 65_502
MOST_JPEG_IPTC = 65_000

Pieces = Iterator[bytes | memoryview]


def spliced(
    form: Format, encoded: bytes, exif: bytes | None, resolution: Resolution | None
) -> Pieces:
    """The pieces of the file, with `exif`, and with a resolution only where there is one.

    For JPEG, PNG and WebP; files of other formats pass as they are.
    """
    if form == "jpeg":
        return _jpeg(memoryview(encoded), exif, resolution)
    if form == "png":
        return _png(memoryview(encoded), exif, resolution)
    if form == "webp" and exif is not None:
        return _webp(memoryview(encoded), exif)
    return iter((encoded,))


def _jpeg(encoded: memoryview, exif: bytes | None, resolution: Resolution | None) -> Pieces:
    if bytes(encoded[2:4]) == b"\xff\xe0":
        raise ValueError("libvips' JPEG has a JFIF segment already")
    yield b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01" + _density(resolution) + b"\0\0"
    if exif is not None:
        yield b"\xff\xe1" + struct.pack(">H", len(exif) + 8) + b"Exif\0\0" + exif
    yield encoded[2:]


def _density(resolution: Resolution | None) -> bytes:
    """JFIF's unit and densities; none of them, square pixels, where nothing is known."""
    if resolution is None:
        return b"\0\0\x01\0\x01"
    unit, per_unit = (2, 10.0) if resolution.unit == "cm" else (1, 25.4)
    x, y = (min(max(round(value * per_unit), 1), 65_535) for value in (resolution.x, resolution.y))
    return struct.pack(">BHH", unit, x, y)


def _png(encoded: memoryview, exif: bytes | None, resolution: Resolution | None) -> Pieces:
    header_end = 33
    yield encoded[:header_end]
    if exif is not None:
        yield struct.pack(">I", len(exif)) + b"eXIf" + exif
        yield struct.pack(">I", zlib.crc32(b"eXIf" + exif))
    at = header_end
    while bytes(encoded[at + 4 : at + 8]) != b"IDAT":
        end = at + 12 + struct.unpack_from(">I", encoded, at)[0]
        if resolution or bytes(encoded[at + 4 : at + 8]) != b"pHYs":
            yield encoded[at:end]
        at = end
    yield encoded[at:]


def _webp(encoded: memoryview, exif: bytes) -> Pieces:
    # Extended already: the packet of provenance made it so. VP8X's flags stand at byte 20.
    if bytes(encoded[12:16]) != b"VP8X":
        raise ValueError("libvips' WebP with XMP is not an extended file")
    chunk = b"EXIF" + struct.pack("<I", len(exif)) + exif + b"\0" * (len(exif) % 2)
    packet_at = 12
    while bytes(encoded[packet_at : packet_at + 4]) != b"XMP ":
        size = struct.unpack_from("<I", encoded, packet_at + 4)[0]
        packet_at += 8 + size + size % 2
    head = bytearray(encoded[:packet_at])
    head[4:8] = struct.pack("<I", len(encoded) - 8 + len(chunk))
    head[20] |= 0x08
    yield bytes(head)
    yield chunk
    yield encoded[packet_at:]
