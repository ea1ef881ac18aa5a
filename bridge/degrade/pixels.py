"""Between 8-bit photos and the method's range: uint8 0..255 <-> float32 [-1, 1]."""

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
UInt8 = NDArray[np.uint8]


def to_signed(pixels: UInt8) -> Float32:
    """uint8 [H,W,C] -> float32 [C,H,W] in [-1,1]."""
    planes = np.ascontiguousarray(np.moveaxis(pixels, -1, 0), dtype=np.float32)
    planes /= np.float32(127.5)
    planes -= np.float32(1.0)
    return planes


def to_uint8(planes: Float32) -> UInt8:
    """float32 [C,H,W], clamped to [-1,1] -> uint8 [H,W,C], rounded to nearest even."""
    scaled = np.rint((np.clip(planes, -1.0, 1.0) + np.float32(1.0)) * np.float32(127.5))
    return np.ascontiguousarray(np.moveaxis(scaled.astype(np.uint8), 0, -1))
