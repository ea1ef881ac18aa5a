"""IPTC-IIM records: out of, and into, the Photoshop block that JPEG carries them in.

libvips hands over a JPEG's whole APP13 segment and a TIFF's bare records under one name. What
else Photoshop keeps there, a thumbnail and a digest of the old file, is not ours to repeat.
"""

import struct

_PHOTOSHOP = b"Photoshop 3.0\0"
_IPTC_RESOURCE = 0x0404


def records(block: bytes) -> bytes | None:
    """The bare records of a block as libvips gives it; None where there are none."""
    if not block.startswith(_PHOTOSHOP):
        return block if block.startswith(b"\x1c") else None
    at = len(_PHOTOSHOP)
    while block[at : at + 4] == b"8BIM" and at + 12 <= len(block):
        (resource,) = struct.unpack_from(">H", block, at + 4)
        # A Pascal string, padded so that it takes an even number of bytes with its length.
        at += 6 + (block[at + 6] + 2) // 2 * 2
        if at + 4 > len(block):
            return None
        (size,) = struct.unpack_from(">I", block, at)
        if resource == _IPTC_RESOURCE:
            return block[at + 4 : at + 4 + size] or None
        at += 4 + size + size % 2
    return None


def photoshop_block(bare: bytes) -> bytes:
    """The records as the content of a JPEG's APP13 segment."""
    head = _PHOTOSHOP + b"8BIM" + struct.pack(">HHI", _IPTC_RESOURCE, 0, len(bare))
    return head + bare + b"\0" * (len(bare) % 2)
