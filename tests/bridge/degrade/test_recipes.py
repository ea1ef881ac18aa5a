import numpy as np
import pytest
from numpy.random import default_rng
from numpy.typing import NDArray
from PIL import Image

from bridge.degrade.jpeg import jpeg_round_trip
from bridge.degrade.pixels import to_signed, to_uint8
from bridge.degrade.recipes import RECIPES

UInt8 = NDArray[np.uint8]

PATCH = 96


def clean_of(photo: UInt8, task: str) -> UInt8:
    size = PATCH + 2 * RECIPES[task].margin
    return np.ascontiguousarray(photo[8 : 8 + size, 16 : 16 + size])


@pytest.mark.parametrize("task", RECIPES)
def test_every_recipe_pairs_the_clean_patch_with_its_damage(photo: UInt8, task: str) -> None:
    recipe, clean = RECIPES[task], clean_of(photo, task)
    example = recipe.example(clean, default_rng(0))
    x_0, x_1 = example.x_0, example.x_1
    inner = slice(recipe.margin, recipe.margin + PATCH)
    np.testing.assert_array_equal(to_uint8(x_0), clean[inner, inner])
    assert x_1.shape == x_0.shape == (3, PATCH, PATCH)
    assert x_1.dtype == x_0.dtype == np.float32
    assert x_1.flags.c_contiguous
    assert 0 < np.square(x_1 - x_0).mean() < 0.5


@pytest.mark.parametrize("task", RECIPES)
def test_the_same_generator_makes_the_same_example(photo: UInt8, task: str) -> None:
    recipe, clean = RECIPES[task], clean_of(photo, task)
    untouched = clean.copy()
    first, second = (recipe.example(clean, default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(first.x_0, second.x_0)
    np.testing.assert_array_equal(first.x_1, second.x_1)
    np.testing.assert_array_equal(clean, untouched)


@pytest.mark.parametrize("task", RECIPES)
def test_a_grey_photo_is_damaged_to_a_grey_photo(photo: UInt8, task: str) -> None:
    grey = clean_of(photo, task)[..., 1:2].repeat(3, axis=2)
    for seed in range(6):
        x_1 = RECIPES[task].example(grey, default_rng(seed)).x_1
        assert np.ptp(x_1, axis=0).max() == 0


def test_sr4x_starts_at_pillows_bicubic_there_and_back(photo: UInt8) -> None:
    x_1 = RECIPES["sr4x"].example(photo[:128, :128], default_rng(0)).x_1
    low = Image.fromarray(photo[:128, :128]).resize((32, 32), Image.Resampling.BICUBIC)
    back = np.asarray(low.resize((128, 128), Image.Resampling.BICUBIC))[16:-16, 16:-16]
    assert np.abs(to_uint8(x_1).astype(int) - back.astype(int)).max() <= 2


def test_jpeg_draws_sampling_then_history_then_quality(photo: UInt8) -> None:
    for seed in range(60):
        x_1 = RECIPES["jpeg"].example(photo, default_rng(seed)).x_1
        rng, before = default_rng(seed), photo
        subsample = bool(rng.random() < 0.8)
        if rng.random() < 0.1:
            before = jpeg_round_trip(photo, int(rng.integers(40, 96)), subsample=subsample)
        quality = round(5 * 12 ** rng.random())
        expected = jpeg_round_trip(before, quality, subsample=subsample)
        np.testing.assert_array_equal(x_1, to_signed(expected))


def test_inpainting_keeps_known_pixels_and_hides_the_holes(photo: UInt8) -> None:
    example = RECIPES["inpaint"].example(photo, default_rng(3))
    assert example.mask is not None
    assert example.mask.shape == (1, *photo.shape[:2])
    assert set(np.unique(example.mask)) == {0, 1}
    hole = example.mask[0] == 1
    np.testing.assert_array_equal(example.x_1[:, ~hole], example.x_0[:, ~hole])
    assert np.abs(example.x_1 - example.x_0)[:, hole].mean() > 0.02


def test_only_inpainting_has_a_mask(photo: UInt8) -> None:
    masked = {
        task
        for task, recipe in RECIPES.items()
        if recipe.example(clean_of(photo, task), default_rng(0)).mask is not None
    }
    assert masked == {"inpaint"}
