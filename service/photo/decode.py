"""Decode: the bytes of a file to an image that streams its pixels, and the facts beside them.

Runs in a child process. The header is judged before a pixel exists; pixels then flow strip by
strip, so a large photo is in memory once. Follows libvips' loaders, each named outright, so
that no other loader is ever tried.
"""

import struct
from typing import Final, NoReturn

import pyvips

from service.photo import colour, jpeg, metadata, tiff
from service.photo.formats import Format, sniff
from service.photo.ifd import Data
from service.photo.limits import CodecLimits
from service.photo.photo import PhotoFacts
from service.photo.refusals import (
    BrokenPhoto,
    DecodeMemory,
    NotAPhoto,
    TooManyFrames,
    TooManyPixels,
    UnsupportedColour,
)
from service.photo.signals import Signals, read_signals

_LOADERS: Final[dict[Format, str]] = {
    "jpeg": "jpegload_buffer",
    "png": "pngload_buffer",
    "webp": "webpload_buffer",
    "tiff": "tiffload_buffer",
    "avif": "heifload_buffer",
}
_PNG_SIZE: Final = slice(16, 24)  # width and height, 4 bytes each
_SHORT_OF_MEMORY: Final = ("out of memory", "insufficient memory", "unable to allocate")


def decode(data: memoryview, limits: CodecLimits) -> tuple[pyvips.Image, PhotoFacts]:
    """A streaming image of grey or RGB, alpha as its last band, and what the file says.

    `data` must be writable and is the caller's own copy: one bad TIFF tag is mended in it.
    Pixels can be read once, from top to bottom; reading them may raise pyvips.Error, which
    `explain` turns into a problem. Raises every refusal of a header.
    """
    form = sniff(data)
    if form == "png" and len(data) >= _PNG_SIZE.stop:
        # Its size stands in the first bytes, and libvips would read on to the pixels for it.
        width, height = struct.unpack(">II", data[_PNG_SIZE])
        _check_size(width, height, limits)
    signals = read_signals(data, form)
    notes: list[str] = []
    page, turned = _picture_page(data) if form == "tiff" else (0, None)
    image = _opened(data, form, page)
    _check_header(image, form, _frames(image, data, form, signals), limits)
    depth = _bit_depth(image)
    image = _full_range(_grey_if_grey(image, signals), depth)
    exif = metadata.read_exif(image, data, form, page, notes)
    if form != "tiff":
        turned = metadata.read_orientation(exif, form)
    quality, subsampling = jpeg.compression(data) if form == "jpeg" else (None, None)
    settled, icc = colour.settle(image, signals, notes)
    facts = PhotoFacts(
        format=form,
        orientation=metadata.sound_orientation(turned, notes),
        bit_depth=min(depth, 16),
        resolution=metadata.read_resolution(image, form, signals, exif),
        icc=icc,
        exif=exif,
        xmp=metadata.read_xmp(image, notes),
        iptc=metadata.read_iptc(image, notes),
        texts=metadata.read_texts(image) if form == "png" else (),
        jpeg_quality=quality,
        jpeg_subsampling=subsampling,
        quantisation=jpeg.quantisation(data) if form == "jpeg" else None,
        notes=tuple(notes),
    )
    return settled, facts


def explain(error: pyvips.Error, form: str = "photo") -> NoReturn:
    """Raise what a failure of libvips means to the caller."""
    text = f"{error.detail}".strip()
    # The last line is the newest; earlier ones may be of another photo's warnings.
    cause = f" ({text.splitlines()[-1].strip()})" if text else ""
    if any(words in text.lower() for words in _SHORT_OF_MEMORY):
        raise DecodeMemory(
            "Decoding needs more memory than one photo is given. Save it without interlacing "
            "or progressive scans, or make it smaller."
        ) from error
    if "labq" in text:
        raise UnsupportedColour("Packed Lab is not supported. Save the photo as RGB.") from error
    raise BrokenPhoto(
        f"The {form} is damaged or cut short{cause}. Send the whole file, or save it anew."
    ) from error


def _opened(data: Data, form: Format, page: int) -> pyvips.Image:
    # libvips counts a TIFF strip that ends early as an error, not as truncation.
    fail_on = "error" if form == "tiff" else "truncated"
    options = {"page": page} if form == "tiff" else {}
    load = getattr(pyvips.Image, _LOADERS[form])
    try:
        return load(data, access="sequential", fail_on=fail_on, **options)
    except pyvips.Error as error:
        explain(error, form)


def _picture_page(data: memoryview) -> tuple[int, int | None]:
    """The one page of a TIFF file that is a picture, past reduced copies, and its orientation."""
    try:
        if tiff.is_camera_raw(data):
            raise NotAPhoto("The file is a DNG camera raw. Develop it, and send a JPEG or TIFF.")
        pages = tiff.picture_pages(data) or [0]
        if len(pages) > 1:
            raise TooManyFrames(f"The TIFF file has {len(pages)} pages. Send one page at a time.")
        return pages[0], tiff.repair_orientation(data, pages[0])
    except ValueError:
        return 0, None  # BigTIFF, or damage of which the decoder will tell


def _check_header(image: pyvips.Image, form: Format, frames: int, limits: CodecLimits) -> None:
    if frames > 1:
        raise TooManyFrames(f"The {form} file holds {frames} pictures. Send one still photo.")
    _check_size(image.width, image.height, limits)
    colour.colour_bands(image)


def _check_size(width: int, height: int, limits: CodecLimits) -> None:
    if width * height > limits.max_input_megapixels * 1e6:
        raise TooManyPixels(
            f"The photo has {width}×{height} pixels; the limit is "
            f"{limits.max_input_megapixels:g} megapixels. Send it smaller or in parts."
        )


def _frames(image: pyvips.Image, data: memoryview, form: Format, signals: Signals) -> int:
    if form == "tiff" and not tiff.is_big(data):
        return 1  # counted already, without reduced copies
    counted = image.get("n-pages") if image.get_typeof("n-pages") else 1
    return max(int(counted), signals.frames)


def _bit_depth(image: pyvips.Image) -> int:
    whole = 16 if image.format == "ushort" else 8
    return int(image.get("bits-per-sample")) if image.get_typeof("bits-per-sample") else whole


def _grey_if_grey(image: pyvips.Image, signals: Signals) -> pyvips.Image:
    """One band of a monochrome AVIF, which libvips hands over as three alike."""
    if not signals.monochrome or image.bands < 3:
        return image
    space = "grey16" if image.format == "ushort" else "b-w"
    grey = image.extract_band(0)
    return (grey.bandjoin(image.extract_band(3)) if image.bands == 4 else grey).copy(
        interpretation=space
    )


def _full_range(image: pyvips.Image, depth: int) -> pyvips.Image:
    """10 and 12 bits of AVIF fill 16 by repeating their top bits, so that white is 65535."""
    if image.format != "ushort" or not 8 < depth < 16:
        return image
    return image | (image >> depth)
