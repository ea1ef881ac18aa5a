"""Projections: what leaves agrees with what is known, and nothing is lost by it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bridge.degrade.pixels import to_signed, to_uint8
from bridge.degrade.resize import shrink
from bridge.project import Downsampled, projection_of
from bridge.tiles import Box
from tests.bridge.cards import card

Float32 = NDArray[np.float32]

LEVEL = 2 / 255  # one grey level in [-1,1]
seeds = st.integers(0, 2**32 - 1)
sizes = st.tuples(st.integers(5, 24), st.integers(5, 24))  # of the small photo


def original(height: int, width: int, seed: int) -> Float32:
    """A rough photo [3,4·height,4·width] in [-1,1]."""
    rng = np.random.default_rng(seed)
    return rng.uniform(-1, 1, (3, 4 * height, 4 * width)).astype(np.float32)


def elsewhere(like: Float32, seed: int) -> Float32:
    """An estimate that knows nothing of the photo."""
    return np.random.default_rng(seed + 1).uniform(-1, 1, like.shape).astype(np.float32)


@given(sizes, seeds)
@settings(max_examples=25, deadline=None)
def test_a_projected_estimate_shrinks_to_the_photo_within_what_rounding_took(
    size: tuple[int, int], seed: int
) -> None:
    x_0 = original(*size, seed)
    small = to_uint8(shrink(x_0, 4))
    box = Box(0, 0, *x_0.shape[1:])
    projected = Downsampled(small, 4, box)(elsewhere(x_0, seed))
    residual = np.abs(shrink(projected, 4) - to_signed(small)).max()
    assert residual <= LEVEL / 2 + 1e-5
    np.testing.assert_allclose(Downsampled(small, 4, box)(projected), projected, atol=1e-5)


@given(sizes, seeds)
@settings(max_examples=25, deadline=None)
def test_an_exact_projection_is_never_farther_from_the_original(
    size: tuple[int, int], seed: int
) -> None:
    x_0 = original(*size, seed)
    low = shrink(x_0, 4)
    levels = np.round((np.moveaxis(low, 0, -1) + 1) * 32767.5).clip(0, 65535)
    small = levels.astype(np.uint16)  # rounding to 16 bits is next to nothing
    estimate = elsewhere(x_0, seed)
    projected = Downsampled(small, 4, Box(0, 0, *x_0.shape[1:]), slack=0)(estimate)
    before, after = (float(np.sum((e - x_0) ** 2)) for e in (estimate, projected))
    inside = np.abs(low).max() <= 1  # a photo cannot hold what overshoots white
    assert after <= before if inside else after <= 1.1 * before
    assert np.abs(shrink(projected, 4) - (small.transpose(2, 0, 1) / 32767.5 - 1)).max() < 1e-4


def test_regions_that_overlap_agree_with_the_projection_of_the_whole() -> None:
    x_0 = original(64, 24, 3)
    small = to_uint8(shrink(x_0, 4))
    estimate = elsewhere(x_0, 3)
    whole = Downsampled(small, 4, Box(0, 0, 256, 96))(estimate)
    upper = Downsampled(small, 4, Box(0, 0, 160, 96))(estimate[:, :160])
    lower = Downsampled(small, 4, Box(96, 0, 160, 96))(estimate[:, 96:])
    np.testing.assert_allclose(upper[:, :128], whole[:, :128], atol=1e-3)  # half the margin away
    np.testing.assert_allclose(lower[:, 32:], whole[:, 128:], atol=1e-3)


def test_pixels_beyond_the_photo_are_left_alone() -> None:
    small = to_uint8(shrink(original(65, 66, 0), 4))
    estimate = elsewhere(original(68, 68, 0), 0)
    projected = Downsampled(small, 4, Box(0, 0, 272, 272))(estimate)
    np.testing.assert_array_equal(projected[:, 260:], estimate[:, 260:])
    np.testing.assert_array_equal(projected[:, :, 264:], estimate[:, :, 264:])
    inside = projected[:, :260, :264]
    assert np.abs(inside - estimate[:, :260, :264]).max() > 0.1
    assert np.abs(shrink(inside, 4) - to_signed(small)).max() <= LEVEL / 2 + 1e-5


def test_a_residual_is_what_shrinking_it_again_misses_in_grey_levels() -> None:
    x_0 = original(9, 10, 1)
    small = to_uint8(shrink(x_0, 4))
    estimate = elsewhere(x_0, 1)
    missed = to_signed(small) - shrink(estimate, 4)
    held = Downsampled(small, 4, Box(0, 0, 36, 40))
    np.testing.assert_allclose(held.residual(estimate), missed * 127.5, atol=1e-2)
    assert np.abs(held.residual(held(estimate))).max() <= 0.51


def test_known_pixels_come_back_and_holes_stay_as_estimated() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    holes = np.zeros((20, 30), np.bool_)
    holes[4:9, 7:20] = True
    filling = card(hole_fill="grey", projection="known-pixels")
    held = projection_of(filling, pixels, Box(0, 0, 32, 32), holes=holes)
    assert held is not None
    estimate = np.random.default_rng(1).uniform(-1, 1, (3, 32, 32)).astype(np.float32)
    projected = held(estimate)
    np.testing.assert_array_equal(projected[:, :20, :30][:, holes], estimate[:, :20, :30][:, holes])
    np.testing.assert_array_equal(to_uint8(projected)[:20, :30][~holes], pixels[~holes])
    assert not held.residual(projected).any()
    assert np.abs(held.residual(estimate)).mean() > 10


def test_a_grey_photo_holds_all_three_planes() -> None:
    grey = np.random.default_rng(0).integers(0, 256, (8, 8, 1), dtype=np.uint8)
    projected = Downsampled(grey, 4, Box(0, 0, 32, 32))(np.zeros((3, 32, 32), np.float32))
    np.testing.assert_array_equal(projected[0], projected[2])


@pytest.mark.parametrize("kind", ["none", "jpeg"])
def test_nothing_is_held_where_the_card_or_the_file_does_not_say(kind: str) -> None:
    pixels = np.zeros((16, 16, 3), np.uint8)
    assert projection_of(card(projection=kind), pixels, Box(0, 0, 16, 16)) is None
