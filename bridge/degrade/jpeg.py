"""JPEG by a real codec: pixels to a compressed file and back, as a camera or a web site does.

Pillow hands the work to libjpeg-turbo (islow DCT, fancy chroma upsampling) and so does
libvips, the service's decoder: bit for bit the same pixels (a test holds them to it), at a
quarter of libvips' cost for the small patches of training.
"""

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

UInt8 = NDArray[np.uint8]


def jpeg_bytes(pixels: UInt8, quality: int, *, subsample: bool = True) -> bytes:
    """Encode uint8 [H,W,3] at `quality` 1..100; `subsample` is 4:2:0, else 4:4:4."""
    encoded = BytesIO()
    mode = "4:2:0" if subsample else "4:4:4"
    Image.fromarray(pixels).save(encoded, "JPEG", quality=quality, subsampling=mode)
    return encoded.getvalue()


def jpeg_round_trip(pixels: UInt8, quality: int, *, subsample: bool = True) -> UInt8:
    """Compress and decode uint8 [H,W,3]; the block grid starts at the first pixel."""
    encoded = jpeg_bytes(pixels, quality, subsample=subsample)
    with Image.open(BytesIO(encoded)) as image:
        return np.asarray(image)
