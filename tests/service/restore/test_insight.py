"""A walk's insight, made ready to be asked for."""

import io
from collections.abc import AsyncIterator

import numpy as np
import pytest
from PIL import Image

from bridge.insight import Insight
from bridge.restoration import Progress
from bridge.sample import Step
from bridge.tiles import Box
from service.photo.codec import Codec
from service.photo.limits import CodecLimits
from service.photo.photo import Photo
from service.photo.provenance import Provenance
from service.restore.insight import insights_of
from tests.bridge.cards import card

STORY = Provenance("Rialto", "test", "test@0", "dbim", 0)


@pytest.fixture
async def codec() -> AsyncIterator[Codec]:
    made = Codec(CodecLimits(max_input_megapixels=1, decode_timeout_s=20))
    await made.start()
    yield made
    await made.close()


def watched(photo: Photo) -> Insight:
    """A walk of two steps, the second 64 grey levels brighter in the upper left quarter."""
    insight = Insight(card(), photo.pixels)
    height, width, _ = photo.pixels.shape
    box, first = Box(0, 0, height, width), np.zeros((3, height, width), np.float32)
    last = first.copy()
    last[:, : height // 2, : width // 2] = 64 / 127.5
    for step, x_0 in enumerate((first, last), start=1):
        insight.take(Progress(step, 2, 1, 1, box, Step(step, 2, x_0, x_0)))
    return insight


@pytest.mark.parametrize(("orientation", "corner"), [(1, (0, 0)), (3, (1, 1)), (6, (0, 1))])
async def test_the_overlay_is_upright_and_coloured_where_something_was_invented(
    codec: Codec, orientation: int, corner: tuple[int, int]
) -> None:
    photo = Photo(format="png", pixels=np.zeros((32, 64, 3), np.uint8), orientation=orientation)
    told = await insights_of(watched(photo), photo, codec, STORY)
    assert told is not None
    assert told.consistency is None
    assert told.invented == pytest.approx(16)
    assert told.strong == pytest.approx(0.25)
    with Image.open(io.BytesIO(told.overlay)) as image:
        alpha = np.asarray(image.convert("RGBA"), float)[..., 3]
    height, width = alpha.shape
    assert (width > height) == (orientation < 5)
    quarters = alpha.reshape(2, height // 2, 2, width // 2).mean(axis=(1, 3))
    assert np.unravel_index(quarters.argmax(), (2, 2)) == corner
    assert np.sort(quarters.ravel())[2] < 5


async def test_a_walk_that_nobody_watched_tells_nothing(codec: Codec) -> None:
    photo = Photo(format="png", pixels=np.zeros((8, 8, 3), np.uint8))
    assert await insights_of(None, photo, codec, STORY) is None
