"""Cubic resampling by whole factors: photos ÷ s and x s, as matrices along each axis.

Keys' cubic (a = -0.5), antialiased when shrinking, edge weights renormalised: the same
numbers as Pillow's BICUBIC before its rounding. Written here, since training, serving and
evaluation must share the last digit of x_1.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]


def cubic(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keys' cubic convolution kernel with a = -0.5, support 2."""
    x = np.abs(distance)
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))


@lru_cache(maxsize=8)  # of a region each, some MB
def resize_matrix(size: int, new_size: int) -> Float32:
    """Weights [new_size, size] that resample one axis; each row sums to 1."""
    ratio = size / new_size
    stretch = max(ratio, 1.0)  # shrinking widens the kernel, so that nothing aliases
    centre = (np.arange(new_size) + 0.5) * ratio - 0.5
    weights = cubic((np.arange(size)[None, :] - centre[:, None]) / stretch)
    weights /= weights.sum(axis=1, keepdims=True)
    matrix = weights.astype(np.float32)
    matrix.flags.writeable = False
    return matrix


def shrink(image: Float32, factor: int) -> Float32:
    """Antialiased bicubic ÷ factor of [...,H,W]; H and W must be multiples of `factor`."""
    height, width = image.shape[-2:]
    if height % factor or width % factor:
        raise ValueError(f"image of {width}x{height} is not a multiple of {factor}")
    rows = resize_matrix(height, height // factor)
    columns = resize_matrix(width, width // factor)
    return np.asarray(rows @ image @ columns.T, dtype=np.float32)
