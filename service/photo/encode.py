"""Encode: restored pixels and what is kept of the old file to the bytes of a new one.

Runs in a child process. Here, and only here, a photo is turned; after it, width, height,
resolution and every tag speak of the upright picture.
"""

from dataclasses import replace
from typing import Final

import numpy as np
import pyvips

from service.photo import splice, tiff
from service.photo.attach import Unwritten, attach
from service.photo.colour import ICC, to_srgb
from service.photo.formats import FORMATS, Format
from service.photo.photo import PhotoFacts, Pixels, Resolution
from service.photo.savers import Packing, save_to_buffer, save_to_descriptor

# TIFF demands a resolution; where none is known, this is what programs take for none.
_UNSTATED: Final = Resolution(72 / 25.4, 72 / 25.4)


def encode(
    pixels: Pixels,
    alpha: Pixels | None,
    facts: PhotoFacts,
    packing: Packing,
    descriptor: int,
) -> tuple[int, int, tuple[str, ...]]:
    """Write the file to `descriptor`; its width, its height, and notes.

    pixels [H,W,C] and alpha [H,W], uint8 or uint16, C order. Raises pyvips.Error.
    """
    notes: list[str] = []
    form = packing.format
    image = _matched(_image_of(pixels, alpha), facts.icc, form, notes)
    image, facts = _upright(image, facts)
    rest = attach(image, facts, packing, notes)
    if form in ("tiff", "avif"):
        save_to_descriptor(image, form, packing.quality, descriptor)
        if form == "tiff":
            _append(descriptor, rest, notes)
    else:
        encoded = save_to_buffer(image, form, packing.quality)
        with open(descriptor, "wb", closefd=False) as file:
            file.writelines(splice.spliced(form, encoded, rest.exif, facts.resolution))
    return image.width, image.height, tuple(notes)


def _append(descriptor: int, rest: Unwritten, notes: list[str]) -> None:
    try:
        tiff.append_tags(descriptor, rest.exif, rest.iptc)
    except ValueError:
        notes.append("The EXIF metadata is damaged and has been dropped.")
        tiff.append_tags(descriptor, None, rest.iptc)


def _image_of(pixels: Pixels, alpha: Pixels | None) -> pyvips.Image:
    """The arrays as an image, without a copy."""
    deep = pixels.dtype == np.uint16
    kind = "ushort" if deep else "uchar"
    height, width, bands = pixels.shape
    space = ("grey16" if deep else "b-w") if bands == 1 else ("rgb16" if deep else "srgb")
    image = pyvips.Image.new_from_memory(pixels.data, width, height, bands, kind)
    image = image.copy(interpretation=space)
    if alpha is None:
        return image
    return image.bandjoin(pyvips.Image.new_from_memory(alpha.data, width, height, 1, kind))


def _matched(
    image: pyvips.Image, icc: bytes | None, form: Format, notes: list[str]
) -> pyvips.Image:
    """The image in the alpha, colours and depth that the format can hold."""
    holds = FORMATS[form]
    if image.hasalpha() and not holds.alpha:
        notes.append(f"{form} holds no alpha: the photo has been laid on white.")
        image = image.flatten(background=65_535 if image.format == "ushort" else 255)
    image = image.copy()
    if icc is not None:
        image.set_type(pyvips.GValue.blob_type, ICC, icc)
        # A grey profile cannot stand in a file of RGB.
        if not holds.grey and image.bands < 3:
            image = to_srgb(image)
    if image.format == "ushort" and holds.depth == 8:
        notes.append(f"{form} holds 8 bits a sample: the photo's 16 have been rounded.")
        space = "b-w" if image.bands < 3 else "srgb"
        # White is 65535 = 255 * 257.
        image = (image / 257).rint().cast("uchar").copy(interpretation=space)
    return image


def _upright(image: pyvips.Image, facts: PhotoFacts) -> tuple[pyvips.Image, PhotoFacts]:
    """The image turned for display, and the facts of the turned one."""
    resolution = facts.resolution
    if resolution is not None and facts.orientation > 4:
        resolution = resolution.turned()
    image = image.copy()
    image.set_type(pyvips.GValue.gint_type, "orientation", facts.orientation)
    shown = resolution or _UNSTATED
    image = image.autorot().copy(xres=shown.x, yres=shown.y)
    image.set_type(pyvips.GValue.gstr_type, "resolution-unit", shown.unit)
    return image, replace(facts, orientation=1, resolution=resolution)
