"""EXIF orientations applied to arrays: from the file's own grid to what people see, and back."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def turned(grid: Array, orientation: int) -> Array:
    """[H,W,...] in a file's own grid -> as displayed; a view. `orientation` is EXIF's 1..8."""
    if orientation >= 5:
        grid = grid.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        grid = grid[::-1]
    return grid[:, ::-1] if orientation in (2, 3, 6, 7) else grid


def turned_back(displayed: Array, orientation: int) -> Array:
    """[H,W,...] as displayed -> in the file's own grid; a view."""
    inverse = {6: 8, 8: 6}.get(orientation, orientation)
    return turned(displayed, inverse)


def same_grid(one: Array, orientation: int, other: int) -> Array:
    """An array in the grid of a file of `orientation` -> in that of a file of `other`."""
    return np.ascontiguousarray(turned_back(turned(one, orientation), other))
