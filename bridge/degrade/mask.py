"""Masks for inpainting: what time and people leave on a photo, as bool [H,W], True = hole.

A mask is a function of (height, width, coverage, generator): the same state of the
generator draws the same pixels. Coverage is the share of the photo that becomes a hole;
it is never passed, and missed by a few pixels at most.
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from bridge.degrade.strokes import Dab, Mask, cover, walk

Float32 = NDArray[np.float32]

MOST = 0.6  # coverage beyond which random strokes would hardly find a free pixel


def freeform(height: int, width: int, coverage: float, rng: Generator) -> Mask:
    """Broad strokes that wander, 3..10 % of the photo's side wide."""
    return _drawn(height, width, coverage, rng, _brush_stroke)


def scratches(height: int, width: int, coverage: float, rng: Generator) -> Mask:
    """Long scratches, 1..4 px wide, most of them along one direction, as on film."""
    main = rng.uniform(0, np.pi)

    def scratch(height: int, width: int, rng: Generator) -> Iterator[Dab]:
        heading = rng.normal(main, 0.12) if rng.random() < 0.7 else rng.uniform(0, np.pi)
        heading += np.pi * float(rng.random() < 0.5)
        pieces = int(rng.integers(4, 6 + (height + width) // 8))
        wobble = rng.normal(0, rng.uniform(0.01, 0.08), pieces).cumsum()
        return walk((height, width), rng.uniform(1.0, 4.0), heading + wobble, 6.0, rng)

    return _drawn(height, width, coverage, rng, scratch)


def dust(height: int, width: int, coverage: float, rng: Generator) -> Mask:
    """Specks 1..6 px across, and a curled hair for every six of them."""
    return _drawn(height, width, coverage, rng, _speck_or_hair)


def boxes(
    height: int, width: int, coverage: float, rng: Generator, sides: tuple[int, int] = (8, 64)
) -> Mask:
    """Rectangles with sides of `sides` pixels, smallest and largest, inside the photo.

    Stops where less than a smallest box is missing from the coverage. Raises ValueError
    where even the smallest does not fit.
    """
    smallest, largest = sides
    if not 0 < smallest <= largest or smallest > min(height, width):
        raise ValueError(f"sides {sides} do not fit a photo of {width}x{height}")
    mask = np.zeros((height, width), np.bool_)
    missing = _pixels(height, width, coverage)
    while missing >= smallest**2:
        tall = int(rng.integers(smallest, min(largest, height, missing // smallest) + 1))
        wide = int(rng.integers(smallest, min(largest, width, missing // tall) + 1))
        y, x = int(rng.integers(height - tall + 1)), int(rng.integers(width - wide + 1))
        box = mask[y : y + tall, x : x + wide]
        missing -= box.size - int(np.count_nonzero(box))
        box[:] = True
    return mask


def centre_box(height: int, width: int) -> Mask:
    """The middle half of both sides, a quarter of the photo: the papers' centre mask."""
    mask = np.zeros((height, width), np.bool_)
    top, left = height // 4, width // 4
    mask[top : top + height // 2, left : left + width // 2] = True
    return mask


def random_holes(height: int, width: int, rng: Generator) -> Mask:
    """A mask for training: strokes or boxes of 1..30 %, or scratches and dust of 1..14 %.

    The patch should be 128 px or more, or boxes of 64 px are hardly ever among them.
    """
    kind = rng.random()
    if kind < 0.35:
        return freeform(height, width, rng.uniform(0.01, 0.30), rng)
    if kind < 0.6:
        return boxes(height, width, rng.uniform(0.01, 0.30), rng)
    lines = scratches(height, width, rng.uniform(0.01, 0.10), rng)
    return lines | dust(height, width, rng.uniform(0.003, 0.04), rng)


def _brush_stroke(height: int, width: int, rng: Generator) -> Iterator[Dab]:
    brush = float(np.sqrt(height * width)) * rng.uniform(0.03, 0.10)
    turns = rng.normal(0, 0.6, int(rng.integers(3, 13))).cumsum()
    return walk((height, width), brush, rng.uniform(0, 2 * np.pi) + turns, 1.5 * brush, rng)


def _speck_or_hair(height: int, width: int, rng: Generator) -> Iterator[Dab]:
    start = rng.uniform(0, 2 * np.pi)
    if rng.random() < 1 / 7:
        curl = rng.normal(0, 0.15) + rng.normal(0, 0.15, int(rng.integers(3, 15)))
        return walk((height, width), rng.uniform(1.0, 1.8), start + curl.cumsum(), 3.0, rng)
    brush = 1 + 5 * rng.random() ** 3  # most specks are small
    return walk((height, width), brush, np.array([start]), rng.uniform(0, brush), rng)


def _drawn(
    height: int,
    width: int,
    coverage: float,
    rng: Generator,
    stroke: Callable[[int, int, Generator], Iterator[Dab]],
) -> Mask:
    """Stroke after stroke until `coverage` is reached."""
    mask = np.zeros((height, width), np.bool_)

    def dabs() -> Iterator[Dab]:
        while True:
            yield from stroke(height, width, rng)

    cover(mask, _pixels(height, width, coverage), dabs())
    return mask


def _pixels(height: int, width: int, coverage: float) -> int:
    if not 0 <= coverage <= MOST:
        raise ValueError(f"coverage must lie in 0..{MOST}, not {coverage}")
    return int(coverage * height * width)
