"""Decode: a photo's bytes to pixels, held to what the task can answer; a mask to its pixels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bridge.contract import NetworkCard
from service.photo.codec import Codec
from service.photo.formats import Format, check_fits
from service.photo.photo import Photo
from service.problems import Problem
from service.restore.accept import Upload

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


@dataclass(frozen=True)
class Answerable:
    """What the answer can hold: pixels by the service's limit, sides by its format's."""

    max_megapixels: float
    format: Format


async def decode(upload: Upload, codec: Codec, card: NetworkCard, answerable: Answerable) -> Photo:
    """The photo, of which the task can make an answer; the upload's bytes are let go.

    Raises the codec's problems (TooManyPixels by the header alone), TooLargeForFormat, or those
    of the mask.
    """
    if upload.mask is not None and "mask" not in card.inputs:
        raise MaskNotUsed(f"Task {card.task} restores the whole photo. Leave the mask out.")
    photo = await codec.decode(memoryview(upload.photo), answerable.max_megapixels / card.scale**2)
    width, height = photo.displayed_size
    bits = 8 * photo.pixels.itemsize
    check_fits(answerable.format, width * card.scale, height * card.scale, bits)
    if upload.mask is not None:
        mask = await codec.decode(upload.mask)
        if mask.displayed_size != photo.displayed_size:
            raise MaskSize(
                f"The mask is {'x'.join(map(str, mask.displayed_size))}, the photo, as displayed,"
                f" {'x'.join(map(str, photo.displayed_size))}."
            )
    upload.drop()
    return photo


def hole_of(mask: Photo) -> NDArray[np.bool_]:
    """Where a mask asks for repair, [H,W]: white, or transparent where there is an alpha."""
    if mask.alpha is not None:
        return np.asarray(mask.alpha == 0)
    limit = np.iinfo(mask.pixels.dtype).max * HOLE
    return np.asarray(mask.pixels.mean(axis=2) >= limit)
