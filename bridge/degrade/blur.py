"""Blur: a sharp photo and a kernel to the photo as the lens or the hand has smeared it.

By FFT, which costs the same for a Gaussian, a disc and a crooked path, and a millisecond
for a training patch. Beyond the frame the photo is taken to be reflected, so that white
stays white up to the border.
"""

from functools import lru_cache

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from bridge.degrade import kernels

Float32 = NDArray[np.float32]


def convolve(image: Float32, kernel: Float32) -> Float32:
    """[...,H,W] convolved with [K,L], both odd; reflected beyond the border, size kept.

    Raises ValueError where a side of the kernel is even, which would shift the photo.
    """
    if kernel.shape[0] % 2 == 0 or kernel.shape[1] % 2 == 0:
        raise ValueError(f"kernel of {kernel.shape[0]}x{kernel.shape[1]} has no middle pixel")
    height, width = image.shape[-2:]
    reach = kernel.shape[0] // 2, kernel.shape[1] // 2
    shape = fast_length(height + 2 * reach[0]), fast_length(width + 2 * reach[1])
    border = [(reach[0], shape[0] - height - reach[0]), (reach[1], shape[1] - width - reach[1])]
    padded = np.pad(image, [(0, 0)] * (image.ndim - 2) + border, mode="reflect")
    placed = np.zeros(shape, np.float32)
    placed[: kernel.shape[0], : kernel.shape[1]] = kernel
    # "ortho" keeps NumPy in float32; its default scale makes the forward FFT 5 times slower.
    spectrum = np.fft.rfft2(padded, norm="ortho")
    spectrum *= np.fft.rfft2(placed, norm="ortho") * np.float32(np.sqrt(shape[0] * shape[1]))
    full = np.fft.irfft2(spectrum, shape, norm="ortho")
    # The kernel lies in the corner, not around the origin: the result is 2·reach further on.
    rows = slice(2 * reach[0], 2 * reach[0] + height)
    columns = slice(2 * reach[1], 2 * reach[1] + width)
    return np.asarray(full[..., rows, columns], dtype=np.float32)


@lru_cache(maxsize=1024)
def fast_length(least: int) -> int:
    """The smallest even length >= `least` without a prime factor above 5."""
    length = least + least % 2
    while _without(_without(_without(length, 2), 3), 5) > 1:
        length += 2
    return length


def _without(number: int, prime: int) -> int:
    while number % prime == 0:
        number //= prime
    return number


def camera_blur(rng: Generator) -> Float32:
    """A kernel for deblurring: lens (Gaussian or disc) or shake, of unknown strength.

    Gaussian σ 0.4..3.2 px, disc radius 0.7..5, path 2..22 px long and up to 1.5 rad bent;
    never wider than 27 pixels, so that a margin of 16 holds all it reads.
    """
    kind = rng.random()
    if kind < 0.4:
        return kernels.gaussian(rng.uniform(0.4, 3.2))
    if kind < 0.65:
        return kernels.disc(rng.uniform(0.7, 5.0))
    bend = 0.0 if rng.random() < 0.5 else rng.uniform(-1.5, 1.5)
    return kernels.motion(rng.uniform(2.0, 22.0), rng.uniform(0.0, np.pi), bend)
