"""Matrices along an axis of an image whose rows weigh few neighbours: applied without the zeros.

Enlarging, shrinking and their inverses are such: a sample depends on the pixels around it, by
weights that fall off. Planes are float32 [C,H,W].
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]

ROWS = 32  # of a matrix that are applied at once
NEGLIGIBLE = 1e-6  # weight that is left out: a thousandth of a grey level


@dataclass(frozen=True)
class Band:
    """A matrix [N,M] whose rows weigh few columns, applied a block of rows at a time."""

    rows: int
    blocks: tuple[tuple[slice, slice, Float32], ...]

    @classmethod
    def of(cls, matrix: NDArray[np.float64]) -> "Band":
        """What weighs next to nothing is left out."""
        step = max(ROWS * matrix.shape[0] // matrix.shape[1], ROWS)
        blocks = []
        for start in range(0, matrix.shape[0], step):
            part = matrix[start : start + step]
            weighed = np.flatnonzero(np.abs(part).max(axis=0) > NEGLIGIBLE)
            if not weighed.size:  # pixels beyond the photo
                continue
            columns = slice(int(weighed[0]), int(weighed[-1]) + 1)
            weights = np.ascontiguousarray(part[:, columns], np.float32)
            blocks.append((slice(start, start + len(part)), columns, weights))
        return cls(len(matrix), tuple(blocks))

    def down(self, planes: Float32) -> Float32:
        """Along the columns of planes: [C,M,W] -> [C,N,W]."""
        made = np.zeros((planes.shape[0], self.rows, planes.shape[2]), np.float32)
        for rows, columns, weights in self.blocks:
            made[:, rows] = weights @ planes[:, columns]
        return made

    def across(self, planes: Float32) -> Float32:
        """Along their rows: [C,H,M] -> [C,H,N]."""
        made = np.zeros((*planes.shape[:2], self.rows), np.float32)
        for rows, columns, weights in self.blocks:
            made[:, :, rows] = planes[:, :, columns] @ weights.T
        return made
