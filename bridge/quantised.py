"""A JPEG's coefficients: the interval that each of them says x_0's own lay in.

A decoded photo's coefficients are whole multiples k of the table's steps q; before rounding they
lay in q(k - ½)..q(k + ½). They are found again from the decoded pixels: colours back to luma
and chroma, chroma back to its own grid, and the DCT of each block (ITU-T T.81, annex A). Where
that is not certain (a clipped pixel, a block that the photo's edge cuts) nothing is said.

Planes are float32 in grey levels, grey at 0; photos [3,H,W] in [-1,1], the file's own grid.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.band import Band

Float32 = NDArray[np.float32]
Bool = NDArray[np.bool_]

BLOCK = 8
LEVEL = np.float32(127.5)  # grey levels in one unit of [-1,1]
ROUNDING = 0.5  # grey levels by which the encoder's own rounding moves a coefficient
CERTAIN = 0.3  # of a step: further from a multiple, a coefficient was not found again

# JFIF's luma and chroma of RGB (ITU-R BT.601, full range).
TO_PLANES = np.array(
    [[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]]
)
TO_RGB = np.linalg.inv(TO_PLANES)

_TO_LEVELS = (TO_PLANES * float(LEVEL)).astype(np.float32)
_TO_SIGNED_RGB = (TO_RGB / float(LEVEL)).astype(np.float32)


@dataclass(frozen=True)
class Quantisation:
    """How a JPEG file was compressed.

    luma, chroma  the 64 steps of each, in reading order
    factor        pixels that a chroma sample stands for, down and across: (2, 2) is 4:2:0
    """

    luma: tuple[int, ...]
    chroma: tuple[int, ...]
    factor: tuple[int, int]


class QuantisedBlocks:
    """Moves coefficients into the intervals of a decoded photo.

    The nearest such image in luma and chroma, so never farther from a photo that the file could
    be of.
    """

    def __init__(self, decoded: Float32, quantisation: Quantisation) -> None:
        """`decoded` [3,H,W] begins at a block's corner and ends at one, in every plane.

        Images to project may be larger; what they have beyond is left alone.
        """
        height, width = decoded.shape[1:]
        self._window = slice(None), slice(0, height), slice(0, width)
        self._factor = quantisation.factor
        luma, *chroma = _planes(decoded)
        open_ = np.abs(decoded).max(axis=0) < 1  # a clipped colour has lost its luma too
        self._luma = _Grid.of(luma, open_, quantisation.luma)
        whole = _mean(open_, self._factor) == 1
        self._chroma = [
            _Grid.of(
                _undo_upsampling(_mean(plane, self._factor), self._factor),
                whole,
                quantisation.chroma,
            )
            for plane in chroma
        ]

    def __call__(self, x_0: Float32) -> Float32:
        """The estimate [3,H,W] with every coefficient in its interval."""
        luma, *chroma = self._moves(x_0)
        moved = np.empty((3, *luma.shape), np.float32)
        moved[0] = inverse_dct(luma)
        for plane, coarse in zip(moved[1:], chroma, strict=True):
            _cells(plane, self._factor)[...] = inverse_dct(coarse)[:, None, :, None]
        result = x_0.copy()
        result[self._window] += np.tensordot(_TO_SIGNED_RGB, moved, axes=1)
        return result

    def residual(self, x_0: Float32) -> Float32:
        """How far each coefficient lies outside its interval [N]; 0 for those inside."""
        return np.concatenate([moves.ravel() for moves in self._moves(x_0)])

    def _moves(self, x_0: Float32) -> list[Float32]:
        """What each plane's coefficients lack."""
        luma, *chroma = _planes(x_0[self._window])
        coarse = (_mean(plane, self._factor) for plane in chroma)
        grids = zip(self._chroma, coarse, strict=True)
        return [self._luma.moves(luma), *(grid.moves(plane) for grid, plane in grids)]


@dataclass(frozen=True)
class _Grid:
    """The intervals low..high of one plane's coefficients, each where its frequency lies."""

    low: Float32
    high: Float32

    @classmethod
    def of(cls, plane: Float32, whole: Bool, steps: tuple[int, ...]) -> "_Grid":
        """Of a decoded plane [H,W]; without bounds in blocks whose pixels are not all `whole`."""
        height, width = plane.shape
        block = np.array(steps, np.float32).reshape(BLOCK, BLOCK)
        q = np.tile(block, (height // BLOCK, width // BLOCK))
        found = dct(plane) / q
        multiple = np.rint(found)
        certain = np.abs(found - multiple) <= CERTAIN
        certain &= _spread_blocks(whole)
        reach = np.where(certain, q / 2 + np.float32(ROUNDING), np.float32(np.inf))
        return cls(multiple * q - reach, multiple * q + reach)

    def moves(self, plane: Float32) -> Float32:
        """What to add to a plane's coefficients to bring them into the intervals."""
        coefficients = dct(plane)
        return np.clip(coefficients, self.low, self.high) - coefficients


def dct(plane: Float32) -> Float32:
    """The orthonormal DCT-II of each 8x8 block, its coefficients in the block's place [H,W]."""
    return _by_block(plane, _dct_matrix())


def inverse_dct(coefficients: Float32) -> Float32:
    """The plane whose `dct` they are."""
    return _by_block(coefficients, _dct_matrix().T)


def _by_block(plane: Float32, matrix: Float32) -> Float32:
    """Each block B as matrix · B · matrixᵀ."""
    height, width = plane.shape
    down = matrix @ plane.reshape(height // BLOCK, BLOCK, width)
    return np.asarray(down.reshape(-1, BLOCK) @ matrix.T, np.float32).reshape(height, width)


@lru_cache(maxsize=1)
def _dct_matrix() -> Float32:
    """A row for each frequency of 8 samples."""
    frequency, sample = np.arange(BLOCK)[:, None], np.arange(BLOCK)[None, :]
    matrix = np.cos(np.pi * (2 * sample + 1) * frequency / (2 * BLOCK)) / 2
    matrix[0] /= np.sqrt(2)
    return np.asarray(matrix, dtype=np.float32)


def _planes(image: Float32) -> Float32:
    """Luma and chroma of an image, [3,H,W] in grey levels around 0."""
    planes = np.tensordot(_TO_LEVELS, image, axes=1)
    # Grey is 127.5 in [-1,1] and 128 in the file.
    planes[0] -= np.float32(0.5)
    return np.asarray(planes)


def _mean(plane: NDArray[np.float32] | Bool, factor: tuple[int, int]) -> Float32:
    """Means over factor[0] x factor[1] pixels: the encoder's own chroma downsampling."""
    cells = _cells(plane, factor)
    total = np.zeros((cells.shape[0], cells.shape[2]), np.float32)
    for down, across in np.ndindex(factor):  # several times faster than a mean over two axes
        total += cells[:, down, :, across]
    return total / np.float32(factor[0] * factor[1])


def _cells(plane: NDArray[Any], factor: tuple[int, int]) -> NDArray[Any]:
    """A view [rows, factor[0], columns, factor[1]]: the pixels of each chroma sample."""
    height, width = plane.shape
    return plane.reshape(height // factor[0], factor[0], width // factor[1], factor[1])


def _undo_upsampling(plane: Float32, factor: tuple[int, int]) -> Float32:
    """Chroma samples of which the decoder made pixels with these means.

    Where it doubles samples it weighs the nearest by ¾ and the next by ¼ (libjpeg's fancy
    upsampling), so that a mean of two pixels is ⅛, ¾, ⅛ of three samples.
    """
    if factor[0] == 2:
        plane = _unblurred(plane.shape[0]).down(plane[None])[0]
    if factor[1] == 2:
        plane = _unblurred(plane.shape[1]).across(plane[None])[0]
    return plane


@lru_cache(maxsize=32)  # of a side of a region each, below 1 MB
def _unblurred(samples: int) -> Band:
    """From means of two pixels back to samples; its weights fall off by a sixth a sample."""
    blur: NDArray[np.float64] = 0.75 * np.eye(samples)
    blur += 0.125 * (np.eye(samples, k=1) + np.eye(samples, k=-1))
    blur[0, 0] = blur[-1, -1] = 0.875
    return Band.of(np.asarray(np.linalg.inv(blur), np.float64))


def _spread_blocks(whole: Bool) -> Bool:
    """Whether all of a pixel's block is whole."""
    cells = _cells(whole, (BLOCK, BLOCK)).all(axis=(1, 3))
    return cells.repeat(BLOCK, axis=0).repeat(BLOCK, axis=1)
