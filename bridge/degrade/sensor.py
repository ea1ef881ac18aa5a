"""Sensor noise: an ideal photo to one that was counted in electrons and read out.

The variance grows with light: signal / electrons + read², the signal and the noise in
units of white (0 black, 1 white). Film grain is near enough: the same in all channels.
"""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Float32 = NDArray[np.float32]


def sensor_noise(
    image: Float32, electrons: float, read: float, rng: Generator, *, grey: bool = False
) -> Float32:
    """Add photon and read noise to [C,H,W] in [-1,1]; the result is not clamped.

    electrons  caught at white, above 0; np.inf for no photon noise (28 is very noisy)
    read       standard deviation in the dark, units of white (2/255 = two grey levels)
    grey       one field for all channels, so that a grey photo stays grey
    """
    if not electrons > 0 or read < 0:
        raise ValueError("electrons must be positive and read at least 0")
    light = image.mean(axis=0, keepdims=True) if grey else image
    signal = np.clip((light + np.float32(1)) * np.float32(0.5), 0, 1)
    # Noise is twice as large here as in units of white, since [-1,1] is two wide.
    spread = 2 * np.sqrt(signal * np.float32(1 / electrons) + np.float32(read**2))
    noise = spread * rng.standard_normal(light.shape, dtype=np.float32)
    return np.asarray(image + noise, dtype=np.float32)


def is_grey(photo: NDArray[np.uint8]) -> bool:
    """Whether the three channels of uint8 [H,W,3] are equal everywhere."""
    red, green, blue = np.moveaxis(photo, -1, 0)
    return np.array_equal(red, green) and np.array_equal(green, blue)
