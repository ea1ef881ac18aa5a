"""How each format is written: options of libvips' savers, chosen by measurement.

Speed and size are of a 2.8-megapixel photograph on one core.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import pyvips

from service.photo.formats import Format
from service.photo.metadata import EXIF
from service.photo.photo import Metadata
from service.photo.provenance import Provenance

Options = Mapping[str, object]

# From this quality on colour is kept at full size, as people who ask for it expect.
_FINE = 90
_MOST_OPTIMISED_PIXELS = 24_000_000


@dataclass(frozen=True)
class Packing:
    """How a restored photo is to be written.

    quality   1..100, of lossy formats only
    metadata  keep: all that is still true; strip: the profile and the provenance alone
    """

    format: Format
    provenance: Provenance
    quality: int = 92
    metadata: Metadata = "keep"


def _jpeg(image: pyvips.Image, quality: int) -> Options:
    return {
        "Q": quality,
        "subsample_mode": _subsampling(quality),
        # 2 % smaller, but all coefficients stand in memory: 6 bytes a pixel.
        "optimize_coding": image.width * image.height <= _MOST_OPTIMISED_PIXELS,
        "keep": "icc|xmp|iptc",
    }


def _png(_image: pyvips.Image, _quality: int) -> Options:
    # Level 2 with Paeth: 0.04 s a megapixel; level 6 takes 0.07 s and saves 4 %.
    return {"compression": 2, "filter": "paeth", "keep": "icc|xmp|other"}


def _webp(_: pyvips.Image, quality: int) -> Options:
    # Effort 2: 0.05 s a megapixel; effort 4 takes 0.1 s and saves nothing.
    return {"Q": quality, "effort": 2, "keep": "icc|xmp"}


def _tiff(_image: pyvips.Image, _quality: int) -> Options:
    # Level 3: 0.035 s a megapixel; level 6 takes 0.058 s and saves 2 %.
    return {
        "compression": "deflate",
        "predictor": "horizontal",
        "level": 3,
        "keep": "icc|xmp",
    }


def _avif(image: pyvips.Image, quality: int) -> Options:
    # Effort 1: 0.3 s a megapixel; effort 2 takes 0.6 s, effort 4 5 s, for the same size.
    return {
        "compression": "av1",
        "Q": quality,
        "effort": 1,
        "bitdepth": 12 if image.format == "ushort" else 8,
        "subsample_mode": _subsampling(quality),
        # Given none, libvips would make an EXIF block up.
        "keep": "icc|xmp|exif" if image.get_typeof(EXIF) else "icc|xmp",
    }


def _subsampling(quality: int) -> str:
    return "off" if quality >= _FINE else "on"


_OPTIONS: Final[dict[Format, tuple[str, Callable[[pyvips.Image, int], Options]]]] = {
    "jpeg": ("jpegsave", _jpeg),
    "png": ("pngsave", _png),
    "webp": ("webpsave", _webp),
    "tiff": ("tiffsave", _tiff),
    "avif": ("heifsave", _avif),
}


def save_to_buffer(image: pyvips.Image, form: Format, quality: int) -> bytes:
    """The encoded file. Raises pyvips.Error."""
    operation, options = _OPTIONS[form]
    encoded: bytes = getattr(image, f"{operation}_buffer")(**options(image, quality))
    return encoded


def save_to_descriptor(image: pyvips.Image, form: Format, quality: int, descriptor: int) -> None:
    """The encoded file, written to an open file strip by strip. Raises pyvips.Error."""
    operation, options = _OPTIONS[form]
    target = pyvips.Target.new_to_descriptor(descriptor)
    getattr(image, f"{operation}_target")(target, **options(image, quality))
