"""What the damaged photo says for certain, and x̂_0 made to agree with it at every step.

A shrunken photo fixes weighted means of x_0's pixels: x̂_0 moves by the least that makes ÷ scale of
it the photo again (the range-null decomposition of DDNM, Wang et al. 2022, arXiv:2212.00490, by
the exact pseudo-inverse). A JPEG fixes the interval of each of its coefficients
(`bridge.quantised`), and around holes the pixels themselves are known. None of it asks the network.
Images are float32 [3,H,W] in [-1,1]; a projection applied twice is the same as once.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bridge.band import Band
from bridge.contract import NetworkCard
from bridge.degrade.resize import resize_matrix
from bridge.holes import Mask, holes_window, keep_known
from bridge.quantised import BLOCK, LEVEL, Quantisation, QuantisedBlocks
from bridge.start import Pixels, signed_window, white
from bridge.tiles import Box

Float32 = NDArray[np.float32]

REACH = 2  # samples at a region's inner border that weigh pixels of the next region


class Projection(Protocol):
    """What one region is held to."""

    def __call__(self, x_0: Float32) -> Float32:
        """The estimate [3,H,W] moved to where it agrees."""
        ...

    def residual(self, x_0: Float32) -> Float32:
        """How far it is from agreeing, one number for each thing known, in grey levels of 255."""
        ...


def projection_of(
    card: NetworkCard,
    pixels: Pixels,
    box: Box,
    *,
    holes: Mask | None = None,
    quantisation: Quantisation | None = None,
) -> Projection | None:
    """What the region `box` of the photo's restoration is held to; None where to nothing.

    holes         bool [H,W] of the photo, where the network fills them
    quantisation  how the photo's own file was compressed, where that is known
    """
    if card.projection == "sr":
        return Downsampled(pixels, card.scale, box)
    if card.projection == "jpeg" and quantisation is not None:
        return _blocks(pixels, box, quantisation)
    if card.projection == "known-pixels" and holes is not None:
        return KnownPixels(_decoded(pixels, box), holes_window(holes, box))
    return None


class Downsampled:
    """Antialiased bicubic ÷ scale of what leaves is `pixels` [H,W,C], within `slack` grey levels.

    Half a level is what rounding took from the photo. Samples that weigh pixels beyond the
    region are left alone: they lie in the margin that the next region covers.
    """

    def __init__(self, pixels: Pixels, scale: int, box: Box, slack: float = 0.5) -> None:
        self._down = axis(pixels.shape[0], box.top, box.height, scale)
        self._across = axis(pixels.shape[1], box.left, box.width, scale)
        rows, columns = self._down.samples, self._across.samples
        self._known = signed_window(pixels, rows.start, columns.start, rows.stop, columns.stop)
        self._free = np.float32(2 * slack / white(pixels))

    def __call__(self, x_0: Float32) -> Float32:
        """The nearest image whose samples are the photo's."""
        missing = self._missing(x_0)
        missing -= np.clip(missing, -self._free, self._free)
        return x_0 + self._across.spread.across(self._down.spread.down(missing))

    def residual(self, x_0: Float32) -> Float32:
        """Of each sample [3,h,w]."""
        return self._missing(x_0) * LEVEL

    def _missing(self, x_0: Float32) -> Float32:
        return self._known - self._across.shrink.across(self._down.shrink.down(x_0))


@dataclass(frozen=True)
class KnownPixels:
    """Outside its holes [H,W] the region is `known` [3,H,W]."""

    known: Float32
    holes: Mask

    def __call__(self, x_0: Float32) -> Float32:
        """The estimate in the holes, what is known elsewhere."""
        return keep_known(x_0, self.known, self.holes)

    def residual(self, x_0: Float32) -> Float32:
        """Of each known pixel [3,N]."""
        return (x_0 - self.known)[:, ~self.holes] * LEVEL


@dataclass(frozen=True)
class Axis:
    """One axis of a region's downsampling.

    samples  the photo's own rows or columns that are known wholly within the region
    shrink   [samples, length] weights of the region's pixels in each
    spread   [length, samples] its pseudo-inverse
    """

    samples: range
    shrink: Band
    spread: Band


def axis(size: int, start: int, length: int, scale: int) -> Axis:
    """The axis of pixels start..start+length of a photo of `size` samples, enlarged `scale` times.

    Pixels beyond the photo weigh nothing; `start` is a multiple of `scale`.
    """
    first, stop = start // scale, min(size, (start + length) // scale)
    before, after = (REACH if first else 0), (REACH if stop < size else 0)
    shrink, spread = _matrices(stop - first, length, before, after, scale)
    return Axis(range(first + before, stop - after), shrink, spread)


@lru_cache(maxsize=16)  # of a region each, some MB
def _matrices(samples: int, length: int, before: int, after: int, scale: int) -> tuple[Band, Band]:
    """`Axis.shrink` and `Axis.spread` without the samples cut off before and after."""
    whole = resize_matrix(samples * scale, samples)[before : samples - after]
    shrink = np.zeros((len(whole), length))
    shrink[:, : samples * scale] = whole
    spread = shrink.T @ np.linalg.inv(shrink @ shrink.T)
    return Band.of(shrink), Band.of(spread)


def _blocks(pixels: Pixels, box: Box, quantisation: Quantisation) -> QuantisedBlocks:
    """The region's whole blocks, of every plane and within the photo."""
    height, width = (
        (min(size, start + length) - start) // (BLOCK * factor) * BLOCK * factor
        for size, start, length, factor in (
            (pixels.shape[0], box.top, box.height, quantisation.factor[0]),
            (pixels.shape[1], box.left, box.width, quantisation.factor[1]),
        )
    )
    return QuantisedBlocks(_decoded(pixels, box)[:, :height, :width], quantisation)


def _decoded(pixels: Pixels, box: Box) -> Float32:
    return signed_window(pixels, box.top, box.left, box.top + box.height, box.left + box.width)
