"""Decode: a photo's bytes to pixels, held to what the task can answer; a mask to its pixels."""

import asyncio
from dataclasses import dataclass, replace

import numpy as np

from bridge.contract import NetworkCard
from bridge.holes import Mask
from service.photo.codec import Codec
from service.photo.formats import Format, check_fits
from service.photo.photo import Photo
from service.photo.turns import same_grid
from service.problems import Problem
from service.restore.accept import HoleColour, Upload

HOLE = 0.5  # of white: a mask's pixel at or above it is to be repaired


class MaskSize(Problem):
    """A mask that does not cover the photo pixel for pixel."""

    status = 422
    slug = "mask-size"
    title = "The mask has another size than the photo"


class MaskNotUsed(Problem):
    """A mask for a task whose network takes none."""

    status = 422
    slug = "mask-not-used"
    title = "This task takes no mask"


class MaskMissing(Problem):
    """A task that fills holes, and nothing that says where they are."""

    status = 422
    slug = "mask-missing"
    title = "This task needs a mask"


@dataclass(frozen=True)
class Decoded:
    """A photo and, where the task fills holes, the holes [H,W] in the grid of its file."""

    photo: Photo
    holes: Mask | None = None


@dataclass(frozen=True)
class Answerable:
    """What the answer can hold: pixels by the service's limit, sides by its format's."""

    max_megapixels: float
    format: Format


async def decode(
    upload: Upload, codec: Codec, card: NetworkCard, answerable: Answerable
) -> Decoded:
    """The photo, of which the task can make an answer; the upload's bytes are let go.

    Raises the codec's problems (TooManyPixels by the header alone), TooLargeForFormat, or those
    of the mask.
    """
    if upload.mask is not None and not card.takes_mask:
        raise MaskNotUsed(f"Task {card.task} restores the whole photo. Leave the mask out.")
    if upload.mask is None and card.takes_mask:
        raise MaskMissing(
            "Send the photo in the part `image` of a form and a second image of its size in the"
            " part `mask`, white where it is to be repaired."
        )
    photo = await codec.decode(memoryview(upload.photo), answerable.max_megapixels / card.scale**2)
    width, height = photo.displayed_size
    bits = 8 * photo.pixels.itemsize
    check_fits(answerable.format, width * card.scale, height * card.scale, bits)
    holes = None
    if upload.mask is not None:
        mask = await codec.decode(upload.mask)
        if mask.displayed_size != photo.displayed_size:
            raise MaskSize(
                f"The mask is {'x'.join(map(str, mask.displayed_size))}, the photo, as displayed,"
                f" {'x'.join(map(str, photo.displayed_size))}."
            )
        marked = await asyncio.to_thread(holes_of, mask, upload.holes)
        holes = same_grid(marked, mask.orientation, photo.orientation)
        if upload.holes == "transparent" and photo.alpha is not None:
            white = np.iinfo(photo.alpha.dtype).max  # what is repaired is seen
            photo = replace(photo, alpha=np.where(holes, white, photo.alpha))
    upload.drop()
    return Decoded(photo, holes)


def holes_of(mask: Photo, colour: HoleColour = "white") -> Mask:
    """Where a mask asks for repair, bool [H,W] in its own grid.

    White holes are bright and opaque, so that white strokes on a transparent ground are holes;
    transparent ones are less than half opaque, whatever their colour.
    """
    limit = np.iinfo(mask.pixels.dtype).max * HOLE
    if colour == "transparent":
        opaque = np.ones(mask.pixels.shape[:2], np.bool_)
        return ~opaque if mask.alpha is None else np.asarray(mask.alpha < limit)
    bright = np.asarray(mask.pixels.mean(axis=2) >= limit)
    return bright if mask.alpha is None else bright & (mask.alpha >= limit)
