"""One photo, any size: pixels in, restored pixels out, region by region, step by step.

Each region holds its x_t, x_1 and x̂_0 whole in float32; the photo itself stays in the
integers it came in, so that memory grows by the photo's own bytes and no more. Regions
share a margin over which they are feathered.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from bridge.contract import NetworkCard
from bridge.holes import Mask, fill_holes
from bridge.noise import noise_field
from bridge.plan import Plan
from bridge.project import KnownPixels, Projection, projection_of
from bridge.quantised import Quantisation
from bridge.sample import Evaluate, Step, sample
from bridge.start import Pixels, start_of, white
from bridge.tiles import Box, cover_axis

Float32 = NDArray[np.float32]
Walk = AsyncIterator[Step]
Limit = Callable[[Walk, int], Walk]  # a region's walk and the regions left with it -> its steps


@dataclass(frozen=True)
class Progress:
    """How far a restoration has come: `step` of `steps` done in `region` of `regions`.

    box   the region on the output's canvas      made  what the step made of it
    held  what the region's estimates are held to; None where to nothing
    """

    step: int
    steps: int
    region: int
    regions: int
    box: Box = field(repr=False)
    made: Step = field(repr=False, compare=False)
    held: Projection | None = field(default=None, repr=False, compare=False)

    @property
    def fraction(self) -> float:
        """Share of the work that is done, 0..1."""
        return ((self.region - 1) * self.steps + self.step) / (self.regions * self.steps)


def output_shape(card: NetworkCard, pixels: Pixels) -> tuple[int, int, int]:
    """[H,W,C] of the restored photo."""
    height, width, channels = pixels.shape
    return height * card.scale, width * card.scale, channels


def regions_of(card: NetworkCard, pixels: Pixels) -> list[Box]:
    """The regions of the output canvas, whose sides are rounded up to the tile's multiple."""
    height, width, _ = output_shape(card, pixels)
    multiple = card.tile.multiple
    sides = []
    for length in (height, width):
        padded = -(-length // multiple) * multiple
        sides.append(cover_axis(padded, card.tile.region, card.tile.margin, multiple))
    (tops, region_height), (lefts, region_width) = sides
    return [Box(top, left, region_height, region_width) for top in tops for left in lefts]


def tiles_of(card: NetworkCard, pixels: Pixels) -> int:
    """Network evaluations that one step of this photo takes, over all its regions."""
    tile, regions = card.tile, regions_of(card, pixels)
    rows, columns = (
        len(cover_axis(length, tile.size, tile.overlap, tile.multiple)[0])
        for length in (regions[0].height, regions[0].width)
    )
    return rows * columns * len(regions)


async def restore_pixels(
    card: NetworkCard,
    plan: Plan,
    pixels: Pixels,
    evaluate: Evaluate,
    out: Pixels,
    *,
    seed: int = 0,
    mask: Mask | None = None,
    quantisation: Quantisation | None = None,
    limit: Limit | None = None,
) -> AsyncIterator[Progress]:
    """Restore `pixels` [H,W,C] into `out` (see `output_shape`, same dtype), yielding progress.

    mask   bool [H,W], True = hole, exactly where the card takes one; `out` equals `pixels`
           outside the holes, sample for sample
    quantisation  how the photo's own file was compressed, where that is known
    limit  may end a region's walk early, after its first step or later: the estimate reached
           is what the photo gets

    The result depends on the photo, the mask, the card, the plan and the seed, and on nothing
    else. Stopping the iteration stops the work within one step. Raises ValueError where `out`
    has another shape or type, or where a mask is missing, not taken, or of another size.
    """
    if out.shape != output_shape(card, pixels) or out.dtype != pixels.dtype:
        raise ValueError(f"out is {out.dtype} {out.shape}, the restoration {pixels.dtype}")
    _check_mask(card, pixels, mask)
    regions = regions_of(card, pixels)
    for number, box in enumerate(regions, start=1):
        start = await asyncio.to_thread(_start, card, pixels, mask, quantisation, box, seed)
        walk = sample(
            card,
            plan,
            start.x_1,
            evaluate,
            partial(_noise, seed, box),
            holes=start.holes,
            project=start.held,
        )
        if limit is not None:
            walk = limit(walk, len(regions) - number + 1)
        async for step in walk:
            yield Progress(step.done, step.steps, number, len(regions), box, step, start.held)
        await asyncio.to_thread(feather_into, out, step.x_0, box, card.tile.margin)


@dataclass(frozen=True)
class _Start:
    """One region's x_1 [3,h,w], its holes [h,w], and what every x̂_0 is made to agree with."""

    x_1: Float32
    holes: Mask | None = None
    held: Projection | None = None


def _start(
    card: NetworkCard,
    pixels: Pixels,
    mask: Mask | None,
    quantisation: Quantisation | None,
    box: Box,
    seed: int,
) -> _Start:
    x_1 = start_of(card, pixels, box)
    held = projection_of(card, pixels, box, holes=mask, quantisation=quantisation)
    if not isinstance(held, KnownPixels) or card.hole_fill is None:
        return _Start(x_1, held=held)
    return _Start(fill_holes(x_1, held.holes, card.hole_fill, seed, box), held.holes, held)


def _check_mask(card: NetworkCard, pixels: Pixels, mask: Mask | None) -> None:
    if (mask is not None) != card.takes_mask:
        said = "takes a mask" if card.takes_mask else "takes no mask"
        raise ValueError(f"network {card.name} {said}")
    if mask is not None and mask.shape != pixels.shape[:2]:
        raise ValueError(f"the mask is {mask.shape}, the photo {pixels.shape[:2]}")


def _noise(seed: int, box: Box, step: int) -> Float32:
    return noise_field(seed, step, box.top, box.left, box.height, box.width)


def feather_into(out: Pixels, x_0: Float32, box: Box, margin: int) -> None:
    """Write a region into the photo; over `margin` it is mixed with what lies there already.

    Regions come row by row, so a region's upper and left margins hold its neighbours.
    """
    height = min(box.height, out.shape[0] - box.top)
    width = min(box.width, out.shape[1] - box.left)
    new = to_pixels(x_0[:, :height, :width], out)
    here = out[box.top : box.top + height, box.left : box.left + width]
    weight_y = _entry_ramp(height, margin if box.top else 0)
    weight_x = _entry_ramp(width, margin if box.left else 0)
    # Only the strips of the margins are mixed in floating point; the rest is copied.
    top, left = (margin if box.top else 0), (margin if box.left else 0)
    strips = ((slice(0, top), slice(0, width)), (slice(top, height), slice(0, left)))
    mixed = []
    for rows, columns in strips:
        weight = np.minimum.outer(weight_y[rows], weight_x[columns])[..., None]
        old = here[rows, columns].astype(np.float32)
        mixed.append(np.rint(old + (new[rows, columns] - old) * weight).astype(out.dtype))
    here[top:, left:] = np.rint(new[top:, left:]).astype(out.dtype)
    for (rows, columns), strip in zip(strips, mixed, strict=True):
        here[rows, columns] = strip


def _entry_ramp(length: int, margin: int) -> Float32:
    """Weights [length] of the new region: rising over `margin` pixels, then 1."""
    if margin == 0:
        return np.ones(length, np.float32)
    return np.minimum((np.arange(length, dtype=np.float32) + 0.5) / margin, 1.0)


def to_pixels(x_0: Float32, like: Pixels) -> Float32:
    """x̂_0 [3,H,W] in [-1,1] -> float32 [H,W,C] in the units of `like`, not yet rounded.

    A grey photo takes the mean of the three planes: the network saw three equal ones.
    """
    planes = x_0.mean(axis=0, keepdims=True) if like.shape[2] == 1 else x_0
    scaled = (np.clip(planes, -1.0, 1.0) + np.float32(1.0)) * np.float32(white(like) / 2)
    return np.moveaxis(scaled, 0, -1)
