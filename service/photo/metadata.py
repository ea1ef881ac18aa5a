"""Metadata out of a file: orientation, resolution, EXIF, XMP, IPTC and texts, none trusted.

What cannot be read is dropped with a note; no photo is refused for what stands beside its
pixels.
"""

from typing import Final, Literal

import pyvips

from service.photo import exif, iptc, tiff
from service.photo.formats import Format
from service.photo.ifd import Data
from service.photo.photo import Resolution
from service.photo.signals import Signals

EXIF: Final = "exif-data"
XMP: Final = "xmp-data"
IPTC: Final = "iptc-data"
TEXT: Final = "png-comment-"
_MOST_BYTES = 4 * 2**20
_MOST_TEXTS = 50
_MOST_TEXT_LENGTH = 2**16


def read_exif(
    image: pyvips.Image, data: Data, form: Format, page: int, notes: list[str]
) -> bytes | None:
    """The EXIF block, its TIFF structure readable; None where there is none."""
    try:
        if form == "tiff":
            return None if tiff.is_big(data) else tiff.read_exif(data, page)
        block = _blob(image, EXIF, notes)
        if block is None:
            return None
        block = exif.unwrapped(block)
        exif.check(block)
    except ValueError:
        notes.append("The EXIF metadata is damaged and has been dropped.")
        return None
    return block


def read_orientation(block: bytes | None, form: Format) -> int | None:
    """What the EXIF block says of orientation, sound or not, where it counts.

    An AVIF file turns its picture by properties of its own, which the decoder has applied, and
    the standard has readers ignore EXIF there.
    """
    if block is None or form == "avif":
        return None
    try:
        return exif.raw_orientation(block)
    except ValueError:
        return 0


def sound_orientation(raw: int | None, notes: list[str]) -> int:
    """1..8; anything else counts as 1, with a note."""
    if raw is None or 1 <= raw <= 8:
        return raw or 1
    notes.append(f"The orientation {raw} is none of 1 to 8 and has been taken as 1.")
    return 1


def read_resolution(
    image: pyvips.Image, form: Format, signals: Signals, block: bytes | None
) -> Resolution | None:
    """The resolution that the file states; libvips gives a default where it states none."""
    stated = signals.density if form == "png" else bool(image.get_typeof("resolution-unit"))
    if stated:
        named = image.get("resolution-unit") if image.get_typeof("resolution-unit") else "in"
        unit: Literal["in", "cm"] = "cm" if named == "cm" else "in"
        return Resolution(image.xres, image.yres, unit)
    try:
        return None if block is None else exif.resolution(block)
    except ValueError:
        return None


def read_xmp(image: pyvips.Image, notes: list[str]) -> bytes | None:
    """The XMP packet as it is; what it is worth is seen when it is kept."""
    return _blob(image, XMP, notes)


def read_iptc(image: pyvips.Image, notes: list[str]) -> bytes | None:
    """Bare IPTC-IIM records."""
    block = _blob(image, IPTC, notes)
    return None if block is None else iptc.records(block)


def read_texts(image: pyvips.Image) -> tuple[tuple[str, str], ...]:
    """A PNG's text chunks, keyword and text; long and late ones are left out."""
    names = [name for name in image.get_fields() if name.startswith(TEXT)][:_MOST_TEXTS]
    texts = ((name.removeprefix(TEXT).partition("-")[2], str(image.get(name))) for name in names)
    return tuple((key, text) for key, text in texts if key and len(text) <= _MOST_TEXT_LENGTH)


def _blob(image: pyvips.Image, name: str, notes: list[str]) -> bytes | None:
    if not image.get_typeof(name):
        return None
    blob = bytes(image.get(name))
    if len(blob) > _MOST_BYTES:
        kind = name.removesuffix("-data").upper()
        notes.append(f"The {kind} metadata is larger than 4 MiB and has been dropped.")
        return None
    return blob or None
