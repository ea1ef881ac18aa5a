"""Strokes on a plane of pixels: dabs of a brush, one after another, until enough is covered.

Rasterised here rather than by a drawing library, so that a mask never changes with the
library's version, and each dab costs its own few pixels only, however large the photo.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

SLACK = 8  # pixels by which a covered plane may stay below its target


class Dab(NamedTuple):
    """A straight piece of a stroke with round ends; pixels, centres at whole numbers."""

    y: float
    x: float
    end_y: float
    end_x: float
    brush: float

    def halved(self) -> "Dab":
        """The first half of it, with half the brush."""
        middle = (self.y + self.end_y) / 2, (self.x + self.end_x) / 2
        return Dab(self.y, self.x, *middle, self.brush / 2)


def cover(mask: Mask, target: int, dabs: Iterator[Dab]) -> None:
    """Lay dabs on bool [H,W] until all but SLACK of `target` more pixels are True, no more.

    A dab that would pass the target is halved until it does not.
    """
    while target > SLACK:
        dab = next(dabs)
        while dab.brush >= 0.5:
            window, inside = footprint(mask, dab)
            fresh = int(np.count_nonzero(inside & ~window))
            if fresh <= target:
                window |= inside
                target -= fresh
                break
            dab = dab.halved()


def footprint(mask: Mask, dab: Dab) -> tuple[Mask, Mask]:
    """The window of `mask` around a dab, as a view, and which of its pixels the dab covers."""
    reach = dab.brush / 2
    top, left = (max(0, int(low - reach)) for low in (min(dab.y, dab.end_y), min(dab.x, dab.end_x)))
    bottom, right = (
        max(0, int(high + reach) + 2) for high in (max(dab.y, dab.end_y), max(dab.x, dab.end_x))
    )
    window = mask[top:bottom, left:right]
    y = np.arange(top, top + window.shape[0])[:, None] - dab.y
    x = np.arange(left, left + window.shape[1])[None, :] - dab.x
    run_y, run_x = dab.end_y - dab.y, dab.end_x - dab.x
    length = max(run_y**2 + run_x**2, 1e-12)  # of a single point: every pixel is at its start
    along = ((y * run_y + x * run_x) / length).clip(0.0, 1.0)
    inside: Mask = (y - along * run_y) ** 2 + (x - along * run_x) ** 2 <= reach**2
    return window, inside


def walk(
    size: tuple[int, int],
    brush: float,
    headings: NDArray[np.float64],
    stride: float,
    rng: Generator,
) -> Iterator[Dab]:
    """One stroke from a random place of a plane of `size` (H, W), until it leaves the plane.

    It is made of pieces `stride` pixels long along `headings`, radians from x towards y.
    """
    height, width = size
    y, x = rng.uniform(0, height), rng.uniform(0, width)
    steps = zip(np.sin(headings).tolist(), np.cos(headings).tolist(), strict=True)
    for step_y, step_x in steps:
        yield Dab(y, x, y + stride * step_y, x + stride * step_x, brush)
        y, x = y + stride * step_y, x + stride * step_x
        if not (-brush < y < height + brush and -brush < x < width + brush):
            return
