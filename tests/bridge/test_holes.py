import asyncio

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.random import default_rng
from numpy.typing import NDArray

from bridge.contract import Tile
from bridge.degrade.mask import boxes, freeform
from bridge.holes import fill_holes, fill_smooth, holes_window
from bridge.plan import plan_for
from bridge.restoration import restore_pixels
from bridge.tiles import Box
from tests.bridge.cards import card

Float32 = NDArray[np.float32]
INPAINT = card(
    inputs=("x_t", "t", "sigma", "x_1", "mask"), hole_fill="smooth", projection="known-pixels"
)


@pytest.mark.parametrize("fill", ["noise", "grey", "smooth"])
def test_holes_are_filled_and_known_pixels_kept_to_the_last_bit(fill: str) -> None:
    image = default_rng(0).uniform(-1, 1, (3, 64, 80)).astype(np.float32)
    holes = freeform(64, 80, 0.2, default_rng(1))
    filled = fill_holes(image, holes, fill, 3, Box(0, 0, 64, 80))  # type: ignore[arg-type]
    assert filled.dtype == np.float32
    np.testing.assert_array_equal(filled[:, ~holes], image[:, ~holes])
    other = np.where(holes, np.float32(9), image)  # what lies in a hole says nothing
    np.testing.assert_array_equal(filled, fill_holes(other, holes, fill, 3, Box(0, 0, 64, 80)))  # type: ignore[arg-type]


@given(st.integers(1, 70), st.integers(1, 70), st.floats(-1, 1), st.integers(0, 2**32 - 1))
def test_a_flat_photo_is_continued_flat(height: int, width: int, value: float, seed: int) -> None:
    rng = default_rng(seed)
    image = np.full((3, height, width), value, np.float32)
    holes = rng.random((height, width)) < rng.random()
    filled = fill_smooth(image, holes)
    expected = np.zeros_like(image) if holes.all() else image
    np.testing.assert_allclose(filled, expected, atol=1e-5)


def test_a_smooth_fill_stays_between_the_colours_around_it() -> None:
    image = default_rng(0).uniform(-0.5, 0.5, (3, 96, 96)).astype(np.float32)
    holes = boxes(96, 96, 0.3, default_rng(2), (48, 48))
    filled = fill_smooth(image, holes)[:, holes]
    assert np.abs(filled).max() <= 0.5
    assert filled.std() < image.std() / 3


def test_a_hole_at_the_edge_reaches_beyond_the_photo() -> None:
    holes = np.zeros((20, 20), np.bool_)
    holes[19, 4] = True
    window = holes_window(holes, Box(16, 0, 16, 32))
    assert window[3:, 4].all()
    assert window.sum() == 13


async def _restored(
    pixels: NDArray[np.uint8], holes: NDArray[np.bool_], tiles: list[Tile]
) -> NDArray[np.uint8]:
    async def evaluate(tile: Tile) -> Float32:
        tiles.append(tile)
        assert tile.x_1 is not None
        return np.asarray(tile.x_1 * np.float32(-0.5))  # changes every pixel it may

    out = np.empty_like(pixels)
    plan = plan_for(INPAINT, "i2sb", 3, eta=1.0)
    async for _ in restore_pixels(INPAINT, plan, pixels, evaluate, out, mask=holes):
        pass
    return out


@pytest.mark.parametrize("channels", [1, 3])
def test_known_samples_come_back_equal_and_holes_are_filled(channels: int) -> None:
    pixels = default_rng(0).integers(0, 256, (150, 210, channels), np.uint8)
    holes = freeform(150, 210, 0.2, default_rng(1))
    out = asyncio.run(_restored(pixels, holes, []))
    np.testing.assert_array_equal(out[~holes], pixels[~holes])
    assert (out[holes] != pixels[holes]).mean() > 0.9


def test_tiles_without_holes_cost_no_evaluation() -> None:
    pixels = default_rng(0).integers(0, 256, (128, 128, 3), np.uint8)
    holes = np.zeros((128, 128), np.bool_)
    tiles: list[Tile] = []
    out = asyncio.run(_restored(pixels, holes, tiles))
    assert tiles == []
    np.testing.assert_array_equal(out, pixels)
    holes[3, 3] = True
    asyncio.run(_restored(pixels, holes, tiles))
    assert len(tiles) == 3  # one tile of nine a step
    assert all(tile.mask is not None and tile.mask.sum() == 1 for tile in tiles)


def test_a_mask_of_another_size_or_for_no_use_is_refused() -> None:
    pixels = np.zeros((32, 32, 3), np.uint8)
    holes = np.zeros((32, 31), np.bool_)
    with pytest.raises(ValueError, match="the mask is"):
        asyncio.run(_restored(pixels, holes, []))
