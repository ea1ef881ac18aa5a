"""The paper's sr4x-pool operator: the mean of each block, and each mean as a block again.

Equal to average pooling followed by nearest-neighbour enlarging, I²SB's `sr4x-pool`.
"""

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]


def mean_pool(image: Float32, factor: int) -> Float32:
    """Mean of each factor x factor block: [...,H,W] -> [...,H/factor,W/factor].

    Raises ValueError where H or W is not a multiple of `factor`.
    """
    *lead, height, width = image.shape
    if height % factor or width % factor:
        raise ValueError(f"image of {width}x{height} is not a multiple of {factor}")
    blocks = image.reshape(*lead, height // factor, factor, width // factor, factor)
    return np.asarray(blocks.mean(axis=(-3, -1)), dtype=np.float32)


def repeat_pixels(image: Float32, factor: int) -> Float32:
    """Nearest-neighbour enlarging: [...,H,W] -> [...,H·factor,W·factor]."""
    return image.repeat(factor, axis=-2).repeat(factor, axis=-1)


def pool_and_repeat(image: Float32, factor: int = 4) -> Float32:
    """sr4x-pool: every pixel becomes the mean of its block; shape and range are kept."""
    return repeat_pixels(mean_pool(image, factor), factor)
