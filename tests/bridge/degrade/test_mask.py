from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import Generator, default_rng

from bridge.degrade.mask import (
    boxes,
    centre_box,
    dust,
    freeform,
    random_holes,
    scratches,
)
from bridge.degrade.strokes import SLACK, Mask

Draw = Callable[[int, int, float, Generator], Mask]


@pytest.mark.parametrize("draw", [freeform, scratches, dust])
@settings(max_examples=25, deadline=None)
@given(
    height=st.integers(48, 160),
    width=st.integers(48, 160),
    coverage=st.floats(0, 0.3),
    seed=st.integers(0, 10**6),
)
def test_strokes_keep_their_coverage_to_a_few_pixels_and_never_pass_it(
    draw: Draw, height: int, width: int, coverage: float, seed: int
) -> None:
    mask = draw(height, width, coverage, default_rng(seed))
    assert mask.shape == (height, width)
    assert mask.dtype == np.bool_
    assert 0 <= int(coverage * height * width) - np.count_nonzero(mask) <= SLACK


@settings(deadline=None)
@given(
    height=st.integers(64, 160),
    width=st.integers(64, 160),
    coverage=st.floats(0, 0.3),
    sides=st.sampled_from([(8, 64), (16, 16), (64, 64), (5, 40)]),
    seed=st.integers(0, 10**6),
)
def test_boxes_keep_their_coverage_to_less_than_a_smallest_box(
    height: int, width: int, coverage: float, sides: tuple[int, int], seed: int
) -> None:
    mask = boxes(height, width, coverage, default_rng(seed), sides)
    assert 0 <= int(coverage * height * width) - np.count_nonzero(mask) < sides[0] ** 2


def test_a_single_box_is_a_full_rectangle_within_its_sides() -> None:
    mask = boxes(256, 256, 64 * 64 / 256**2, default_rng(5), (64, 64))
    rows, columns = (np.nonzero(mask.any(axis=axis))[0] for axis in (1, 0))
    assert np.ptp(rows) == np.ptp(columns) == 63
    assert np.count_nonzero(mask) == 64 * 64


@pytest.mark.parametrize("draw", [freeform, scratches, dust, boxes])
def test_the_same_generator_draws_the_same_mask_and_another_draws_another(draw: Draw) -> None:
    first, again, other = (draw(96, 128, 0.1, default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_scratches_are_thinner_than_strokes() -> None:
    def edge_per_hole(mask: Mask) -> float:
        return float(np.count_nonzero(np.diff(mask, axis=1)) / np.count_nonzero(mask))

    thick, thin = (draw(256, 256, 0.1, default_rng(3)) for draw in (freeform, scratches))
    assert edge_per_hole(thin) > 2 * edge_per_hole(thick)


def test_centre_box_is_rows_and_columns_64_to_191_of_256() -> None:
    expected = np.zeros((256, 256), np.bool_)
    expected[64:192, 64:192] = True
    np.testing.assert_array_equal(centre_box(256, 256), expected)


def test_training_masks_leave_at_least_seven_tenths_of_the_photo() -> None:
    rng = default_rng(0)
    shares = [random_holes(128, 128, rng).mean() for _ in range(200)]
    assert min(shares) > 0.005
    assert 0.2 < max(shares) <= 0.3


@pytest.mark.parametrize("coverage", [-0.1, 0.7, float("nan")])
def test_a_coverage_that_cannot_be_kept_is_refused(coverage: float) -> None:
    with pytest.raises(ValueError, match="coverage"):
        freeform(64, 64, coverage, default_rng(0))


def test_boxes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        boxes(32, 32, 0.1, default_rng(0), (40, 64))
