"""A photo as Rialto holds it: pixels in the file's own grid, and all that is known beside them.

Pixels are never turned on the way in: JPEG blocks, and whatever else damaged the file, lie in
the grid of the file. `encode` turns them at the very end.
"""

from dataclasses import dataclass, replace
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from bridge.quantised import Quantisation
from service.photo.formats import Format

Pixels = NDArray[np.uint8] | NDArray[np.uint16]
Metadata = Literal["keep", "strip"]


@dataclass(frozen=True)
class Resolution:
    """Pixels per millimetre along the file's own x and y, and the unit the file wrote them in."""

    x: float
    y: float
    unit: Literal["in", "cm"] = "in"

    def scaled(self, x: float, y: float) -> "Resolution":
        """The same print size with x and y times as many pixels."""
        return Resolution(self.x * x, self.y * y, self.unit)

    def turned(self) -> "Resolution":
        """The same after a quarter turn."""
        return Resolution(self.y, self.x, self.unit)


@dataclass(frozen=True, kw_only=True)
class PhotoFacts:
    """What a file says beside its pixels; small, and crosses between processes.

    orientation       EXIF 1..8: how to turn the file's grid for display
    bit_depth         bits a sample in the file, 1..16
    icc               profile of `pixels` as they are here, checked; None means sRGB or grey
    exif              the TIFF structure of an EXIF block, without the `Exif\\0\\0` in front
    iptc              IPTC-IIM records, without Photoshop's wrapping
    texts             PNG text chunks, keyword and text
    jpeg_quality      1..100, by the file's own quantisation tables; None for other formats
    jpeg_subsampling  "4:4:4", "4:2:0" ..., None for other formats
    quantisation      the JPEG file's own steps; None for other formats, and where it is unusual
    notes             what was not as it should be and how it was dealt with, for the caller
    """

    format: Format
    orientation: int = 1
    bit_depth: int = 8
    resolution: Resolution | None = None
    icc: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    iptc: bytes | None = None
    texts: tuple[tuple[str, str], ...] = ()
    jpeg_quality: int | None = None
    jpeg_subsampling: str | None = None
    quantisation: Quantisation | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Photo(PhotoFacts):
    """A decoded photo.

    pixels  [H,W,C] uint8 or uint16 of full range, C = 1 (grey) or 3; the file's own encoded
            values, to be read through `icc`. May be a strided view.
    alpha   [H,W] of the same type, not premultiplied; None where the file has none
    """

    pixels: Pixels
    alpha: Pixels | None = None

    @property
    def width(self) -> int:
        """Pixels along x in the file's own grid."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Pixels along y in the file's own grid."""
        return int(self.pixels.shape[0])

    @property
    def megapixels(self) -> float:
        """Millions of pixels."""
        return self.width * self.height / 1e6

    @property
    def displayed_size(self) -> tuple[int, int]:
        """Width and height as people see them, after the orientation."""
        size = (self.width, self.height)
        return size if self.orientation < 5 else size[::-1]

    @property
    def is_grey(self) -> bool:
        """Whether there is one channel of colour."""
        return bool(self.pixels.shape[2] == 1)

    def with_pixels(self, pixels: Pixels, alpha: Pixels | None = None) -> Self:
        """The same photo with restored pixels [H',W',C], of any size, in the same grid.

        The resolution follows the size, so that the print stays as large as it was. Raises
        ValueError where shape or type do not belong to this photo.
        """
        if pixels.ndim != 3 or pixels.shape[2] not in (1, 3):
            raise ValueError(f"pixels must be [H,W,1] or [H,W,3], not {list(pixels.shape)}")
        if pixels.dtype not in (np.uint8, np.uint16):
            raise ValueError(f"pixels must be uint8 or uint16, not {pixels.dtype}")
        if (alpha is None) != (self.alpha is None):
            raise ValueError("alpha must be given exactly where the photo has one")
        if alpha is not None and (alpha.shape != pixels.shape[:2] or alpha.dtype != pixels.dtype):
            raise ValueError("alpha must have the size and type of pixels")
        ratio = pixels.shape[1] / self.width, pixels.shape[0] / self.height
        resolution = self.resolution and self.resolution.scaled(*ratio)
        return replace(self, pixels=pixels, alpha=alpha, resolution=resolution)
