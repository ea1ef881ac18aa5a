"""Holes to be filled: what a walk starts from inside them, and what must stay outside.

A hole's own pixels say nothing (scratches, dust, a person painted over), so x_1 takes
something else there: by the card noise or grey, as I²SB's authors do (arXiv:2302.05872,
section 5), or a smooth continuation of the surroundings, which starts the bridge nearer to
its end. Outside the holes the photo is known, and every estimate is made to agree with it.
"""

import numpy as np
from numpy.typing import NDArray

from bridge.contract import HoleFill
from bridge.noise import HOLE, noise_field
from bridge.tiles import Box

Float32 = NDArray[np.float32]
Mask = NDArray[np.bool_]  # [H,W], True = hole

TINY = np.float32(1e-6)  # a weight that stands for none


def holes_window(holes: Mask, box: Box) -> Mask:
    """The holes [box.height,box.width] of a region.

    Beyond the photo its edge is repeated, as its pixels are, so that a hole at the edge stays
    one: what was there must not come back as if it were known.
    """
    height, width = holes.shape
    rows = np.minimum(np.arange(box.top, box.top + box.height), height - 1)
    columns = np.minimum(np.arange(box.left, box.left + box.width), width - 1)
    return np.asarray(holes[np.ix_(rows, columns)])


def fill_holes(x_1: Float32, holes: Mask, fill: HoleFill, seed: int, box: Box) -> Float32:
    """x_1 [3,H,W] of the region `box` with its holes [H,W] filled; `seed` is the noise's."""
    if fill == "smooth":
        return fill_smooth(x_1, holes)
    if fill == "grey":
        return np.where(holes, np.float32(0), x_1)
    return np.where(holes, noise_field(seed, HOLE, box.top, box.left, *holes.shape), x_1)


def fill_smooth(image: Float32, holes: Mask) -> Float32:
    """[C,H,W] with its holes continued smoothly from around them; mid-grey if all is a hole.

    Pull-push (Gortler et al. 1996, section 3.4): known pixels are averaged into ever coarser
    levels until no hole is left, and each level's holes are filled from the one below it.
    """
    known = np.where(holes, np.float32(0), np.float32(1))
    return np.where(holes, _pull_push(image * known, known), image)


def _pull_push(weighted: Float32, weight: Float32) -> Float32:
    """The mean of what is known at and around each pixel, [C,H,W].

    weighted  colour times weight      weight  [H,W] in 0..1, 0 where nothing is known
    """
    height, width = weight.shape
    colour = np.asarray(weighted / np.maximum(weight, TINY), np.float32)
    if weight.min() >= 1 or height == width == 1:
        return colour
    odd = ((0, height % 2), (0, width % 2))
    coarse_weight = _quarter(np.pad(weight, odd))
    coarse_colour = _quarter(np.pad(weighted, ((0, 0), *odd)))
    # Saturated: two known pixels of four already say what the cell's colour is.
    saturated = np.minimum(2 * coarse_weight, 1)
    gain = np.asarray(saturated / np.maximum(coarse_weight, TINY), np.float32)
    below = _doubled(_pull_push(coarse_colour * gain, saturated))[:, :height, :width]
    return colour * weight + below * (1 - weight)


def _quarter(image: Float32) -> Float32:
    """Means of 2x2 cells, [...,H/2,W/2]."""
    return np.asarray(
        (image[..., ::2, ::2] + image[..., 1::2, ::2] + image[..., ::2, 1::2])
        + image[..., 1::2, 1::2],
        np.float32,
    ) / np.float32(4)


def _doubled(image: Float32) -> Float32:
    """Bilinear enlargement of [C,H,W] by 2, pixel centres kept, edges repeated."""
    for axis in (1, 2):
        ends = [(0, 0), (0, 0), (0, 0)]
        ends[axis] = (1, 1)
        padded = np.moveaxis(np.pad(image, ends, mode="edge"), axis, 0)
        near, before, after = padded[1:-1] * np.float32(0.75), padded[:-2], padded[2:]
        pairs = np.stack([near + before * np.float32(0.25), near + after * np.float32(0.25)], 1)
        image = np.moveaxis(pairs.reshape(-1, *pairs.shape[2:]), 0, axis)
    return np.asarray(image, np.float32)


def keep_known(x_0: Float32, x_1: Float32, holes: Mask) -> Float32:
    """x̂_0 [3,H,W] inside the holes, x_1 outside: the projection `known-pixels`."""
    return np.where(holes, x_0, x_1)
