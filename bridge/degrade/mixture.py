"""Blind mixture: blur, resizing, noise and JPEG in random order, once or twice over.

The pipeline is Real-ESRGAN's second-order degradation (Wang et al. 2021, arXiv:2107.10833)
with a sensor's noise in place of rescaled Poisson counts, and discs and generalised
Gaussians as blurs. Between two operators a photo is uint8 [H,W,3], as it is in a file.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image

from bridge.degrade import kernels
from bridge.degrade.blur import convolve
from bridge.degrade.jpeg import jpeg_round_trip
from bridge.degrade.pixels import to_signed, to_uint8
from bridge.degrade.sensor import is_grey, sensor_noise

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]
Range = tuple[float, float]

FILTERS = (Image.Resampling.BOX, Image.Resampling.BILINEAR, Image.Resampling.BICUBIC)
ENLARGED = 0.25  # share of resizings that enlarge
SMALLEST = 16  # pixels a side below which nothing is shrunk


@dataclass(frozen=True)
class Round:
    """How strong one round is: ranges to draw from, and how often an operator is left out.

    sigma      standard deviations of the blur, pixels     scale    resizing factors
    electrons  caught at white                             read     grey levels of 255
    quality    JPEG quality, 1..100                        skipped  chance to leave one out
    """

    sigma: Range
    scale: Range
    electrons: Range
    read: Range
    quality: Range
    skipped: float


# Real-ESRGAN's two rounds; its Poisson scale s is 256 / s² electrons.
PAPER_FIRST = Round((0.2, 3.0), (0.15, 1.5), (28, 1e5), (1, 30), (30, 95), 0.1)
PAPER_SECOND = Round((0.2, 1.5), (0.3, 1.2), (41, 1e5), (1, 25), (30, 95), 0.2)
# Scans and old files: a photo that keeps its size has not lost all its detail before.
FILE_FIRST = Round((0.2, 2.4), (0.4, 1.3), (60, 1e5), (0.5, 20), (25, 95), 0.25)
FILE_SECOND = Round((0.2, 1.2), (0.6, 1.2), (200, 1e5), (0.5, 8), (30, 95), 0.5)


def mixture(clean: UInt8, rng: Generator) -> UInt8:
    """One round of damage or, for every other photo, two; the size [H,W,3] is kept."""
    photo = one_round(clean, FILE_FIRST, rng)
    if rng.random() < 0.5:
        photo = one_round(photo, FILE_SECOND, rng)
    return _resized(photo, clean.shape[0], clean.shape[1], rng)


def shrunken_mixture(
    clean: UInt8, rng: Generator, factor: int = 4, *, paper: bool = False
) -> UInt8:
    """Two rounds of damage and ÷ factor: uint8 [H,W,3] -> [H/factor,W/factor,3].

    paper  keep Real-ESRGAN's fixed order (blur, resize, noise, JPEG), for comparisons;
           otherwise the order of each round is drawn

    Raises ValueError where a side is not a multiple of `factor`.
    """
    height, width = clean.shape[:2]
    if height % factor or width % factor:
        raise ValueError(f"photo of {width}x{height} is not a multiple of {factor}")
    photo = one_round(clean, PAPER_FIRST, rng, shuffled=not paper)
    photo = one_round(photo, PAPER_SECOND, rng, shuffled=not paper)
    compress_first = rng.random() < 0.5
    if compress_first:
        photo = _compressed(photo, PAPER_SECOND, rng)
    photo = _resized(photo, height // factor, width // factor, rng)
    if rng.random() < 0.8:
        photo = _filtered(photo, kernels.ringing(rng.uniform(np.pi / 3, np.pi)))
    return photo if compress_first else _compressed(photo, PAPER_SECOND, rng)


def one_round(photo: UInt8, round_: Round, rng: Generator, *, shuffled: bool = True) -> UInt8:
    """Blur, resize, noise and JPEG, each unless skipped; the photo may change its size."""
    operators: list[Operator] = [_blurred, _rescaled, _noisy, _compressed]
    order = rng.permutation(len(operators)) if shuffled else range(len(operators))
    for index in order:
        if rng.random() >= round_.skipped:
            photo = operators[index](photo, round_, rng)
    return photo


Operator = Callable[[UInt8, Round, Generator], UInt8]


def _blurred(photo: UInt8, round_: Round, rng: Generator) -> UInt8:
    kind, sigma = rng.random(), rng.uniform(*round_.sigma)
    if kind < 0.1:
        return _filtered(photo, kernels.ringing(rng.uniform(np.pi / 3, np.pi)))
    if kind < 0.25:
        # A disc of radius 2σ spreads light as far as that Gaussian does.
        return _filtered(photo, kernels.disc(max(0.5, 2 * sigma)))
    shape = 1.0 if kind < 0.8 else rng.uniform(0.75, 2.0)
    if rng.random() < 0.6:
        return _filtered(photo, kernels.gaussian(sigma, shape=shape))
    across, angle = rng.uniform(*round_.sigma), rng.uniform(0, np.pi)
    return _filtered(photo, kernels.gaussian(sigma, across, angle, shape))


def _rescaled(photo: UInt8, round_: Round, rng: Generator) -> UInt8:
    least, most = round_.scale
    factor = rng.uniform(1, most) if rng.random() < ENLARGED else rng.uniform(least, 1)
    height, width = (max(SMALLEST, round(side * factor)) for side in photo.shape[:2])
    return _resized(photo, height, width, rng)


def _noisy(photo: UInt8, round_: Round, rng: Generator) -> UInt8:
    electrons, read = np.inf, 0.0
    if rng.random() < 0.5:
        electrons = _log_uniform(round_.electrons, rng)
    else:
        read = rng.uniform(*round_.read) / 255
    grey = rng.random() < 0.4 or is_grey(photo)
    return to_uint8(sensor_noise(to_signed(photo), electrons, read, rng, grey=grey))


def _compressed(photo: UInt8, round_: Round, rng: Generator) -> UInt8:
    quality = int(rng.integers(int(round_.quality[0]), int(round_.quality[1]) + 1))
    return jpeg_round_trip(photo, quality, subsample=bool(rng.random() < 0.8))


def _filtered(photo: UInt8, kernel: Float32) -> UInt8:
    return to_uint8(convolve(to_signed(photo), kernel))


def _resized(photo: UInt8, height: int, width: int, rng: Generator) -> UInt8:
    """The whole photo on another grid, by a filter at random, antialiased where it shrinks."""
    resample = FILTERS[int(rng.integers(len(FILTERS)))]
    if photo.shape[:2] == (height, width):
        return photo
    return np.asarray(Image.fromarray(photo).resize((width, height), resample))


def _log_uniform(bounds: Range, rng: Generator) -> float:
    return float(np.exp(rng.uniform(np.log(bounds[0]), np.log(bounds[1]))))
