"""What each task damages, for training and for validation: clean patch -> x_0, x_1.

A recipe draws its own strength from `rng` for training; validation passes the same
recipe a fixed generator, so that every checkpoint is judged on the same damage. Margins
are clean pixels beyond the patch that an operator may read and that are then cut off.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from bridge.degrade.blur import camera_blur, convolve
from bridge.degrade.jpeg import jpeg_round_trip
from bridge.degrade.mask import random_holes
from bridge.degrade.mixture import mixture, shrunken_mixture
from bridge.degrade.pixels import to_signed, to_uint8
from bridge.degrade.resize import resize_matrix, shrink
from bridge.degrade.sensor import is_grey, sensor_noise
from bridge.degrade.strokes import Mask
from bridge.holes import fill_smooth

Float32 = NDArray[np.float32]
UInt8 = NDArray[np.uint8]


@dataclass(frozen=True)
class Example:
    """One training or validation example.

    x_0, x_1  clean and damaged, float32 [3,P,P] in [-1,1]
    mask      float32 [1,P,P], 1 = hole, as the network takes it; None where no task has holes
    """

    x_0: Float32
    x_1: Float32
    mask: Float32 | None = None


@dataclass(frozen=True)
class Recipe:
    """How a task's training pairs are made.

    damage   (uint8 [P+2·margin, P+2·margin, 3], rng) -> x_1 float32 [3,P+2·margin,...]
    margin   clean pixels each side that `damage` needs beyond the patch
    holes    (P, P, rng) -> bool [P,P], True = hole; where given, x_1 is filled smoothly
    """

    damage: Callable[[UInt8, Generator], Float32]
    margin: int = 0
    holes: Callable[[int, int, Generator], Mask] | None = None

    def example(self, clean: UInt8, rng: Generator) -> Example:
        """Clean uint8 [P+2·margin, P+2·margin, 3] -> x_0, x_1 and, for inpainting, the mask."""
        size = clean.shape[0] - 2 * self.margin
        inner = slice(self.margin, self.margin + size)
        x_1 = self.damage(clean, rng)[:, inner, inner]
        x_0 = to_signed(clean[inner, inner])
        if self.holes is None:
            return Example(x_0, np.ascontiguousarray(x_1))
        mask = self.holes(size, size, rng)
        return Example(x_0, fill_smooth(x_1, mask), mask[None].astype(np.float32))


def shrink_and_enlarge(clean: UInt8, factor: int = 4) -> Float32:
    """÷ factor by antialiased bicubic, rounded to 8 bits, and back up by bicubic."""
    return enlarge(to_uint8(shrink(to_signed(clean), factor)), factor)


def enlarge(low: UInt8, factor: int = 4) -> Float32:
    """uint8 [H,W,3] -> float32 [3,H·factor,W·factor] by bicubic: where `sr4x` starts."""
    height, width = low.shape[:2]
    rows = resize_matrix(height, height * factor)
    columns = resize_matrix(width, width * factor)
    return np.asarray(rows @ to_signed(low) @ columns.T, dtype=np.float32)


def compress(clean: UInt8, rng: Generator) -> Float32:
    """Quality 5..60, mostly 4:2:0; one photo in ten was compressed once before.

    The quality is uniform in its logarithm: the low ones have the most to restore.
    """
    subsample = bool(rng.random() < 0.8)
    if rng.random() < 0.1:
        clean = jpeg_round_trip(clean, int(rng.integers(40, 96)), subsample=subsample)
    quality = round(5 * (60 / 5) ** rng.random())
    return to_signed(jpeg_round_trip(clean, quality, subsample=subsample))


def blur_and_read(clean: UInt8, rng: Generator) -> Float32:
    """Lens or shake, up to 2 % of noise, 8 bits; one photo in four is a JPEG of 75..98."""
    blurred = convolve(to_signed(clean), camera_blur(rng))
    # Squared, so that most are nearly clean: noise is what limits how far a blur can be undone.
    read = 0.02 * rng.random() ** 2
    grey = is_grey(clean) or rng.random() < 0.2
    photo = to_uint8(sensor_noise(blurred, np.inf, read, rng, grey=grey))
    if rng.random() < 0.25:
        photo = jpeg_round_trip(photo, int(rng.integers(75, 99)), subsample=rng.random() < 0.5)
    return to_signed(photo)


def high_sensitivity(clean: UInt8, rng: Generator) -> Float32:
    """Noise of a sensor in little light: 40..4000 electrons at white, read noise up to 8 %."""
    electrons = 40 * 100 ** rng.random()
    read = 0.08 * rng.random()
    grey = is_grey(clean) or rng.random() < 0.3
    return to_signed(to_uint8(sensor_noise(to_signed(clean), electrons, read, rng, grey=grey)))


RECIPES: dict[str, Recipe] = {
    "sr4x": Recipe(lambda clean, _: shrink_and_enlarge(clean), margin=16),
    "sr4x-real": Recipe(lambda clean, rng: enlarge(shrunken_mixture(clean, rng)), margin=16),
    "jpeg": Recipe(compress),
    "mixture": Recipe(lambda clean, rng: to_signed(mixture(clean, rng)), margin=16),
    "deblur": Recipe(blur_and_read, margin=16),
    "denoise": Recipe(high_sensitivity),
    "inpaint": Recipe(lambda clean, _: to_signed(clean), holes=random_holes),
}
