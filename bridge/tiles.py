"""Cover a canvas with overlapping tiles, and blend what comes back without a seam.

Tiles start at multiples of `multiple` and are equal in size, so that they share batches.
Weights rise linearly over the overlap and are divided by their sum, which is therefore a
partition of unity whatever the distances.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bridge.contract import TileCard

Float32 = NDArray[np.float32]


@dataclass(frozen=True)
class Box:
    """A rectangle of a canvas, in pixels."""

    top: int
    left: int
    height: int
    width: int

    @property
    def window(self) -> tuple[slice, slice, slice]:
        """Index of this rectangle in an array [C,H,W]."""
        rows = slice(self.top, self.top + self.height)
        return slice(None), rows, slice(self.left, self.left + self.width)


def cover_axis(length: int, size: int, overlap: int, multiple: int) -> tuple[list[int], int]:
    """Starts and length of the pieces that cover `length`, itself a multiple of `multiple`.

    As few pieces as `size` allows, all as long as each other and no longer than the overlap
    needs (512 px take three tiles of 192, not three of 256), starting at multiples of
    `multiple`; neighbours share at least `overlap`, and the last ends at `length`.
    """
    if length % multiple or length <= 0:
        raise ValueError(f"a canvas side of {length} is not a positive multiple of {multiple}")
    if length <= size:
        return [0], length
    count = -(-(length - overlap) // (size - overlap))
    needed = -(-(length + (count - 1) * overlap) // count)
    piece = -(-needed // multiple) * multiple
    span = (length - piece) // multiple
    return [i * span // (count - 1) * multiple for i in range(count)], piece


def cover(height: int, width: int, card: TileCard) -> list[Box]:
    """Tiles that cover a canvas whose sides are multiples of `card.multiple`, row by row."""
    tops, tile_height = cover_axis(height, card.size, card.overlap, card.multiple)
    lefts, tile_width = cover_axis(width, card.size, card.overlap, card.multiple)
    return [Box(top, left, tile_height, tile_width) for top in tops for left in lefts]


def ramp(length: int, overlap: int) -> Float32:
    """Weights [length]: linear over `overlap` pixels at both ends, 1 between, never 0."""
    if overlap == 0:
        return np.ones(length, np.float32)
    rise = (np.arange(length, dtype=np.float32) + 0.5) / overlap
    return np.minimum(np.minimum(rise, rise[::-1]), 1.0)


def blend(tiles: list[Box], parts: list[Float32], height: int, width: int, overlap: int) -> Float32:
    """Weighted mean [C,height,width] of overlapping parts [C,h,w]; one tile passes untouched.

    Parts are added in the order of `tiles`, whatever the order they were evaluated in, so
    that the sum's last bit does not depend on scheduling.
    """
    if len(tiles) == 1:
        return parts[0]
    total = np.zeros((parts[0].shape[0], height, width), np.float32)
    weight = np.zeros((1, height, width), np.float32)
    window = np.outer(ramp(tiles[0].height, overlap), ramp(tiles[0].width, overlap))
    for box, part in zip(tiles, parts, strict=True):
        total[box.window] += part * window
        weight[box.window] += window
    total /= weight
    return total
