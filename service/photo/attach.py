"""Metadata onto a new file: what is kept of the old one, made true, and provenance always.

libvips writes profile, XMP and texts, and the IPTC of a JPEG: they are put on the image. What it
would spoil is given back, to be written past it: EXIF (see `splice`; but AVIF's is left to libvips,
which alone can) and the IPTC of a TIFF, which it cuts to a quarter.
"""

from dataclasses import dataclass

import pyvips

from service.photo import exif, iptc, provenance, splice
from service.photo.formats import Format
from service.photo.metadata import EXIF, IPTC, TEXT, XMP
from service.photo.photo import PhotoFacts, Resolution
from service.photo.savers import Packing


@dataclass(frozen=True)
class Unwritten:
    """What is still to be written after libvips: an EXIF block, IPTC records."""

    exif: bytes | None = None
    iptc: bytes | None = None


def attach(
    image: pyvips.Image,
    facts: PhotoFacts,
    packing: Packing,
    notes: list[str],
) -> Unwritten:
    """Put on the upright `image` what libvips is to write; the rest is returned.

    `facts.resolution` is that of the upright image.
    """
    form = packing.format
    kept = packing.metadata == "keep"
    old = facts.xmp if kept else None
    _set_blob(image, XMP, _packet(old, packing.provenance, form, notes))
    if not kept:
        return Unwritten()
    if form == "png":
        for number, (key, text) in enumerate(facts.texts):
            image.set_type(pyvips.GValue.gstr_type, f"{TEXT}{number}-{key}", text)
    block = _block(image, facts.exif, facts.resolution, form, notes)
    if block is not None and form == "avif":
        _set_blob(image, EXIF, b"Exif\0\0" + block)
        block = None
    bare = facts.iptc
    if bare is not None and form == "jpeg" and len(bare) <= splice.MOST_JPEG_IPTC:
        _set_blob(image, IPTC, iptc.photoshop_block(bare))
    elif bare is not None and form != "tiff":
        notes.append(f"{form} cannot hold these IPTC records: they have been dropped.")
    return Unwritten(block, bare if form == "tiff" else None)


def _packet(
    old: bytes | None, made: provenance.Provenance, form: Format, notes: list[str]
) -> bytes:
    if old is not None:
        try:
            packet = provenance.packet(made, old)
            if form != "jpeg" or len(packet) <= splice.MOST_JPEG_XMP:
                return packet
            notes.append("The XMP metadata is too long for a JPEG and has been dropped.")
        except ValueError as error:
            notes.append(f"The old XMP metadata has been dropped: {error}.")
    return provenance.packet(made)


def _block(
    image: pyvips.Image,
    old: bytes | None,
    resolution: Resolution | None,
    form: Format,
    notes: list[str],
) -> bytes | None:
    if old is None:
        return None
    try:
        block = exif.renewed(old, image.width, image.height, resolution)
    except ValueError:
        notes.append("The EXIF metadata is damaged and has been dropped.")
        return None
    if form == "jpeg" and len(block) > splice.MOST_JPEG_EXIF:
        notes.append("The EXIF metadata is too long for a JPEG and has been dropped.")
        return None
    return block


def _set_blob(image: pyvips.Image, name: str, blob: bytes) -> None:
    image.set_type(pyvips.GValue.blob_type, name, blob)
