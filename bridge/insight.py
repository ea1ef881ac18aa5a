"""What a walk tells of its own result: whether it still is the photo, and what it made up.

Consistency: the restoration is damaged again and compared with the photo (`bridge.project`).
Invention: how far the last estimate has gone from the first. The first is the one-step estimate,
near the mean of all that the photo could be of, so what differs from it was chosen among them.
Both are taken from the walk itself, region by region, and ask nothing more of the network.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bridge.contract import Float32, NetworkCard
from bridge.project import Projection
from bridge.quantised import LEVEL
from bridge.restoration import Progress, output_shape
from bridge.start import Pixels

UInt8 = NDArray[np.uint8]

LONGEST = 1024  # pixels of the longest side of an invention map
STRONG = 32.0  # grey levels at which a map shows its strongest colour
TOLERANCE = 1.0  # grey levels within which a restoration agrees with the photo
WEAK_COLOUR, STRONG_COLOUR = np.array([255, 196, 0]), np.array([214, 0, 110])
MOST_OPAQUE = 215


@dataclass(frozen=True)
class Consistency:
    """How far a restoration, damaged again, is from the photo.

    kind     what was compared: `sr` samples of the ÷ 4, `jpeg` coefficients, `known-pixels`
    rms      root mean square of what differs, grey levels of 255
    largest  of it        agreeing  share of it within TOLERANCE, 0..1
    """

    kind: str
    rms: float
    largest: float
    agreeing: float


class Insight:
    """Watches one photo's walk; `take` every step, then ask."""

    def __init__(self, card: NetworkCard, pixels: Pixels) -> None:
        self._card = card
        height, width, _ = output_shape(card, pixels)
        self._size = height, width
        self._cell = -(-max(height, width) // LONGEST)
        self._cells: Float32 = np.zeros(
            (-(-height // self._cell), -(-width // self._cell)), np.float32
        )
        self._first: Float32 | None = None
        self._last: Progress | None = None
        self._squares, self._largest, self._agreeing, self._compared = 0.0, 0.0, 0, 0

    def take(self, progress: Progress) -> None:
        """Note what a step made; arithmetic happens at each region's end."""
        if self._last is not None and self._last.region != progress.region:
            self._settle(self._last)
        if self._last is None or self._last.region != progress.region:
            self._first = progress.made.x_0
        self._last = progress

    def consistency(self) -> Consistency | None:
        """After the last step; None where nothing is known of how the photo was damaged."""
        self._finish()
        if not self._compared:
            return None
        return Consistency(
            self._card.projection,
            (self._squares / self._compared) ** 0.5,
            self._largest,
            self._agreeing / self._compared,
        )

    def invention(self) -> Float32:
        """After the last step: mean distance of each cell of pixels, grey levels [h,w]."""
        self._finish()
        return self._cells

    def _finish(self) -> None:
        if self._last is not None:
            self._settle(self._last)
            self._last = None

    def _settle(self, last: Progress) -> None:
        """A region's end: compare, and lay its distances into the map."""
        x_0, box = last.made.x_0, last.box
        if last.held is not None:
            self._compare(x_0, last.held)
        first = x_0 if self._first is None else self._first
        distance = np.abs(x_0 - first).mean(axis=0) * LEVEL
        inside = distance[: self._size[0] - box.top, : self._size[1] - box.left]
        cells = _cell_means(inside, self._cell)
        top, left = box.top // self._cell, box.left // self._cell
        here = self._cells[top : top + cells.shape[0], left : left + cells.shape[1]]
        here[...] = cells[: here.shape[0], : here.shape[1]]

    def _compare(self, x_0: Float32, held: Projection) -> None:
        apart = np.abs(held.residual(np.clip(x_0, -1, 1)))
        self._squares += float(np.sum(np.square(apart, dtype=np.float64)))
        self._largest = max(self._largest, float(apart.max(initial=0)))
        self._agreeing += int(np.count_nonzero(apart <= TOLERANCE))
        self._compared += apart.size


def overlay(distance: Float32) -> UInt8:
    """A map [h,w] in grey levels as a picture to lay over the photo: [h,w,4], alpha last.

    Clear where nothing was invented, amber where little, magenta where much.
    """
    share = np.clip(distance / STRONG, 0, 1)[..., None]
    colour = WEAK_COLOUR + share * (STRONG_COLOUR - WEAK_COLOUR)
    # The square root lifts small distances, which would hardly be seen.
    layers = np.concatenate([colour, MOST_OPAQUE * np.sqrt(share)], axis=-1)
    return np.asarray(np.rint(layers), np.uint8)


def _cell_means(plane: Float32, cell: int) -> Float32:
    """Means over cell x cell pixels; cells at the lower and right edges may be cut."""
    starts = [np.arange(0, length, cell) for length in plane.shape]
    counts = [
        np.diff(np.append(begin, length)) for begin, length in zip(starts, plane.shape, strict=True)
    ]
    sums = np.add.reduceat(np.add.reduceat(plane, starts[0], axis=0), starts[1], axis=1)
    return np.asarray(sums / np.outer(*counts), np.float32)
