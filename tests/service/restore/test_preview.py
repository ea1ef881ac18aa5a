import base64
import io
from collections.abc import AsyncIterator

import numpy as np
import pytest
from PIL import Image

from bridge.restoration import Progress
from bridge.sample import Step
from bridge.tiles import Box
from service.photo.codec import Codec
from service.photo.limits import CodecLimits
from service.photo.photo import Photo
from service.photo.provenance import Provenance
from service.restore.preview import LONGEST, Easel, Preview, Sketch
from tests.bridge.cards import card

PROVENANCE = Provenance("Rialto", "test", "net@0", "plan", 0)
SIDEWAYS = 6


@pytest.fixture
async def codec() -> AsyncIterator[Codec]:
    made = Codec(CodecLimits(max_input_megapixels=1, decode_timeout_s=20))
    await made.start()
    yield made
    await made.close()


def at(step: int, steps: int, level: float, box: Box, region: int = 1) -> Progress:
    flat = np.full((3, box.height, box.width), level, np.float32)
    return Progress(step, steps, region, 2, box, Step(step, steps, flat, -flat))


def picture(preview: Preview) -> np.ndarray:
    data = preview.image.removeprefix("data:image/webp;base64,")
    image = Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")
    assert image.size == (preview.width, preview.height)
    return np.asarray(image, int)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_sketch_begins_as_the_photo_came_and_is_never_longer_than_it_may(dtype: type) -> None:
    white = np.iinfo(dtype).max
    photo = np.zeros((700, 1031, 1), dtype)
    photo[:, 500:] = white
    sketch = Sketch(card(scale=4, start="bicubic"), photo)
    height, width, channels = sketch.pixels.shape
    assert (max(height, width) <= LONGEST, channels) == (True, 1)
    assert width / height == pytest.approx(1031 / 700, rel=0.01)
    assert set(np.unique(sketch.pixels)) == {0, 255}


def test_a_region_is_averaged_to_the_mean_of_its_pixels_also_at_the_odd_edge() -> None:
    photo = np.zeros((1030, 1030, 3), np.uint8)
    sketch = Sketch(card(), photo)
    checks = np.indices((1040, 1040)).sum(axis=0) % 2 * 2.0 - 1  # mean 0: grey
    region = np.broadcast_to(checks, (3, 1040, 1040)).astype(np.float32)
    sketch.paint(region, Box(0, 0, 1040, 1040))
    assert sketch.pixels.shape[0] == 344  # every third pixel, the last one alone
    inner = sketch.pixels[:343, :343].astype(int)
    assert np.abs(inner - 127.5).max() <= 15  # nine pixels: one more of this colour than of that


def test_the_bridge_is_sampled_so_that_its_noise_shows() -> None:
    photo = np.full((1024, 1024, 3), 128, np.uint8)
    sketch = Sketch(card(), photo)
    noise = np.random.default_rng(0).standard_normal((3, 1024, 1024), np.float32) * 0.2
    shown = sketch.sampled(noise, Box(0, 0, 1024, 1024))
    assert shown.std() == pytest.approx(0.2 * 127.5, rel=0.05)
    assert sketch.pixels.std() == 0  # the sketch itself is as it was


async def test_the_last_step_of_each_region_is_shown_however_fast_they_come(codec: Codec) -> None:
    photo = Photo(format="png", pixels=np.zeros((64, 128, 3), np.uint8))
    shown: list[Preview] = []
    left, right = Box(0, 0, 64, 64), Box(0, 64, 64, 64)
    easel = Easel(photo, card(), codec, PROVENANCE, shown.append, walk=False)
    for step in range(1, 41):
        await easel.take(at(step, 40, step / 40, left))
    for step in range(1, 41):
        await easel.take(at(step, 40, -step / 40, right, region=2))
    await easel.finish()
    assert len(shown) < 40
    assert (shown[-1].step, shown[-1].region) == (40, 2)
    last = picture(shown[-1])
    assert last[:, :56].min() > 245  # the left region's last step, though it came and went
    assert last[:, 72:].max() < 10


async def test_previews_are_upright(codec: Codec) -> None:
    photo = Photo(format="jpeg", pixels=np.zeros((32, 96, 1), np.uint8), orientation=SIDEWAYS)
    shown: list[Preview] = []
    easel = Easel(photo, card(), codec, PROVENANCE, shown.append, walk=True)
    await easel.take(at(1, 1, 0.5, Box(0, 0, 32, 96)))
    await easel.finish()
    assert [(p.kind, p.width, p.height) for p in shown] == [("x_t", 32, 96), ("x_0", 32, 96)]
    assert picture(shown[0]).mean() == pytest.approx(64, abs=3)
    assert picture(shown[1]).mean() == pytest.approx(191, abs=3)


async def test_leaving_early_leaves_nothing_behind(codec: Codec) -> None:
    photo = Photo(format="png", pixels=np.zeros((64, 64, 3), np.uint8))
    shown: list[Preview] = []
    easel = Easel(photo, card(), codec, PROVENANCE, shown.append, walk=True)
    await easel.take(at(1, 9, 0.0, Box(0, 0, 64, 64)))
    await easel.stop()
    assert len(shown) < 2
