"""Benchmark operators, for the I²SB authors' checkpoints only: never for real photographs.

The published checkpoints were trained on operators that differ from what they are named
after: the blurs drop a tap and darken, JPEG is not a real codec and nothing is clamped.
A network meets its own kind of damage only if these quirks are kept. Everything here is
written from a description of that arithmetic; images are float32 [3,H,W] in [-1,1].
"""

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from bridge.degrade.pool import pool_and_repeat, repeat_pixels
from bridge.degrade.resize import cubic

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Taps = tuple[float, ...]

UNIFORM_TAPS: Taps = (1 / 9,) * 9
_BELL = np.exp(-0.5 * (np.arange(-2, 3) / 10.0) ** 2)
GAUSS_TAPS: Taps = tuple((_BELL / _BELL.sum()).tolist())
NEGLIGIBLE = 3e-2  # singular values below it are taken as 0

# JPEG, Annex K of ITU-T T.81, in reading order.
LUMA_STEPS = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ]
)
CHROMA_STEPS = np.full((8, 8), 99)
CHROMA_STEPS[:4, :4] = [[17, 18, 24, 47], [18, 21, 26, 66], [24, 26, 56, 99], [47, 66, 99, 99]]
TO_YCBCR = np.array([[0.299, 0.587, 0.114], [-0.1687, -0.3313, 0.5], [0.5, -0.4187, -0.0813]])


def bicubic_and_repeat(image: Float32, factor: int = 4) -> Float32:
    """sr4x-bicubic: 4·factor cubic taps every `factor` pixels, mirrored edges, then nearest.

    Overshoots stay; sides are multiples of `factor`.
    """
    rows = _strided_cubic(image.shape[-2], factor)
    columns = _strided_cubic(image.shape[-1], factor)
    return repeat_pixels(np.asarray(rows @ image @ columns.T, dtype=np.float32), factor)


def coded_blur(image: Float32, taps: Taps) -> Float32:
    """blur-uni and blur-gauss as coded: all but the last tap, zeros beyond the border.

    Not a convolution: of the decomposition U·g·Vᵀ that stands for it, channel c of the
    p-th largest component takes the (3p + c)-th gain, counted modulo the number of pixels.
    White darkens to .789 (uniform) and .642 (Gaussian). [3,N,N] only, else ValueError.
    """
    if image.ndim != 3 or image.shape[0] != 3 or image.shape[1] != image.shape[2]:
        raise ValueError(f"the coded blur takes [3,N,N], not {image.shape}")
    left, gains, right_t = _coded_decomposition(image.shape[-1], taps)
    unit = (image.astype(np.float64) + 1) / 2  # the operator is linear in [0, 1]
    blurred = left @ (gains * (right_t @ unit @ right_t.T)) @ left.T
    return np.asarray(blurred * 2 - 1, dtype=np.float32)


def coded_jpeg(image: Float32, quality: int) -> Float32:
    """jpeg-QF: float DCT, chroma decimated and repeated, nothing rounded but coefficients.

    [3,H,W] with sides that are multiples of 16, else ValueError; leaves [-1,1].
    """
    if image.shape[-2] % 16 or image.shape[-1] % 16:
        raise ValueError("sides must be multiples of 16")
    rgb = (image.astype(np.float64) + 1) * 127.5
    planes = np.tensordot(TO_YCBCR, rgb, axes=1)
    luma = _quantised(planes[0] - 128, steps(LUMA_STEPS, quality)) + 128
    coarse = [_quantised(plane[::2, ::2], steps(CHROMA_STEPS, quality)) for plane in planes[1:]]
    decoded = np.stack([luma, *(plane.repeat(2, 0).repeat(2, 1) for plane in coarse)])
    back = np.tensordot(np.linalg.inv(TO_YCBCR), decoded, axes=1)
    return np.asarray(back / 127.5 - 1, dtype=np.float32)


def steps(table: NDArray[np.int_], quality: int) -> NDArray[np.int_]:
    """Quantisation steps [8,8] at `quality` 1..100, scaled as libjpeg scales Annex K."""
    if not 1 <= quality <= 100:
        raise ValueError(f"quality must lie in 1..100, not {quality}")
    percent = 5000 // quality if quality < 50 else 200 - 2 * quality
    return np.clip((percent * table + 50) // 100, 1, 255)


def _quantised(plane: Float64, step: NDArray[np.int_]) -> Float64:
    """[H,W] around 0 through the DCT of its 8x8 blocks, rounded to whole steps, and back."""
    height, width = plane.shape
    dct = _dct_matrix()
    blocks = plane.reshape(height // 8, 8, width // 8, 8).swapaxes(1, 2)
    coefficients = np.rint(dct @ blocks @ dct.T / step) * step
    decoded = dct.T @ coefficients @ dct
    return np.asarray(decoded.swapaxes(1, 2).reshape(height, width))


@lru_cache(maxsize=1)
def _dct_matrix() -> Float64:
    """The orthonormal DCT-II of 8 samples: a row for each frequency."""
    frequency, sample = np.arange(8)[:, None], np.arange(8)[None, :]
    matrix = np.cos(np.pi * (2 * sample + 1) * frequency / 16) / 2
    matrix[0] /= np.sqrt(2)
    return np.asarray(matrix)


@lru_cache(maxsize=8)
def _strided_cubic(size: int, factor: int) -> Float32:
    """[size/factor,size]: cubic taps around each block, indices mirrored at both ends."""
    if size % factor:
        raise ValueError(f"a side of {size} is not a multiple of {factor}")
    offsets = np.arange(4 * factor) - 2 * factor + factor // 2
    taps = cubic((offsets - (factor - 1) / 2) / factor)
    matrix = np.zeros((size // factor, size))
    for row in range(size // factor):
        index = row * factor + offsets
        index = np.where(index < 0, -1 - index, index)
        index = np.where(index >= size, 2 * size - 1 - index, index)
        np.add.at(matrix[row], index, taps / taps.sum())
    return matrix.astype(np.float32)


@lru_cache(maxsize=4)
def _coded_decomposition(size: int, taps: Taps) -> tuple[Float64, Float64, Float64]:
    """U [N,N], gains [3,N,N] in the order they are applied, and Vᵀ [N,N]."""
    middle = len(taps) // 2
    band = np.zeros((size, size))
    for place, tap in enumerate(taps[: 2 * middle]):  # the coded loop stops one tap early
        band += tap * np.eye(size, k=place - middle)
    left, singular, right_t = np.linalg.svd(band)
    singular[singular < NEGLIGIBLE] = 0
    products = np.outer(singular, singular).ravel()
    order = np.argsort(-products, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(size**2)
    taken = (3 * rank[None, :] + np.arange(3)[:, None]) % size**2
    return left, products[order][taken].reshape(3, size, size), right_t


OPERATORS: Mapping[str, Callable[[Float32], Float32]] = MappingProxyType(
    {
        "sr4x-pool": pool_and_repeat,
        "sr4x-bicubic": bicubic_and_repeat,
        "blur-uni": partial(coded_blur, taps=UNIFORM_TAPS),
        "blur-gauss": partial(coded_blur, taps=GAUSS_TAPS),
        "jpeg-5": partial(coded_jpeg, quality=5),
        "jpeg-10": partial(coded_jpeg, quality=10),
    }
)
