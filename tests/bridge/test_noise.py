import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest

from bridge.noise import noise_field, quantiles

PINNED_CORNER = [0.02813548408448696, -0.1041281595826149, 0.34432291984558105, -0.5141769051551819]
PINNED_FAR = [-0.6293424963951111, -0.5516054630279541]
WHOLE = noise_field(7, 3, 0, 0, 200, 264)


@given(st.integers(0, 150), st.integers(0, 200), st.integers(1, 50), st.integers(1, 64))
def test_a_window_is_cut_from_the_one_field(top: int, left: int, height: int, width: int) -> None:
    window = noise_field(7, 3, top, left, height, width)
    np.testing.assert_array_equal(window, WHOLE[:, top : top + height, left : left + width])


def test_the_field_is_pinned() -> None:
    """Restorations made years apart agree only while these numbers stand."""
    corner = noise_field(1, 0, 0, 0, 1, 4)[0, 0]
    far = noise_field(2**53 - 1, 11, 640, 1280, 1, 2)[2, 0]
    np.testing.assert_array_equal(corner, np.float32(PINNED_CORNER))
    np.testing.assert_array_equal(far, np.float32(PINNED_FAR))


def test_the_field_is_standard_normal() -> None:
    field = noise_field(0, 0, 0, 0, 256, 256).ravel().astype(float)
    assert kstest(field[::7], "norm").pvalue > 0.001
    assert field.var() == pytest.approx(1, abs=0.01)


def test_the_table_of_quantiles_has_no_mean_and_variance_one() -> None:
    table = quantiles().astype(float)
    assert abs(table.mean()) < 1e-9
    assert table.var() == pytest.approx(1, abs=1e-6)
    assert np.all(np.diff(table) > 0)


@pytest.mark.parametrize("other", [(8, 3), (7, 4)])
def test_another_seed_or_step_is_uncorrelated(other: tuple[int, int]) -> None:
    field = noise_field(*other, 0, 0, 200, 264)
    assert abs(float(np.mean(field * WHOLE))) < 0.02


def test_planes_are_uncorrelated() -> None:
    correlation = np.corrcoef(WHOLE.reshape(3, -1)) - np.eye(3)
    assert np.abs(correlation).max() < 0.02


@pytest.mark.parametrize(("seed", "step"), [(-1, 0), (2**64, 0), (0, -1), (0, 2**32)])
def test_keys_out_of_range_are_refused(seed: int, step: int) -> None:
    with pytest.raises(ValueError, match="must lie in"):
        noise_field(seed, step, 0, 0, 1, 1)
