from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import j1

from bridge.degrade import kernels

Float32 = NDArray[np.float32]

ANGLE = st.floats(0, 2 * np.pi)
ANY_KERNEL = st.one_of(
    st.builds(kernels.gaussian, st.floats(0.2, 4), st.floats(0.2, 4), ANGLE, st.floats(0.75, 2)),
    st.builds(kernels.box, st.floats(1, 12)),
    st.builds(kernels.disc, st.floats(0.5, 8)),
    st.builds(kernels.motion, st.floats(0.1, 25), ANGLE, st.floats(-2, 2)),
    st.builds(kernels.ringing, st.floats(0.5, np.pi)),
)


def moments(kernel: Float32) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Centroid (x, y) and covariance of a kernel around its middle pixel."""
    half = kernel.shape[0] // 2
    y, x = np.mgrid[-half : half + 1, -half : half + 1]
    weights = kernel.astype(np.float64)
    centroid = np.array([(weights * x).sum(), (weights * y).sum()])
    spread = [[(weights * a * b).sum() for a in (x, y)] for b in (x, y)]
    return centroid, np.array(spread)


@settings(deadline=None)
@given(kernel=ANY_KERNEL)
def test_every_kernel_has_a_middle_pixel_sums_to_one_and_shifts_nothing(kernel: Float32) -> None:
    assert kernel.dtype == np.float32
    assert kernel.shape[0] == kernel.shape[1]
    assert kernel.shape[0] % 2 == 1
    assert kernel.sum(dtype=np.float64) == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(moments(kernel)[0], 0, atol=1e-4)


def test_gaussian_spreads_by_its_two_variances_along_its_angle() -> None:
    angle, turn = 0.5, np.array([[np.cos(0.5), -np.sin(0.5)], [np.sin(0.5), np.cos(0.5)]])
    expected = turn @ np.diag([2.5**2, 1.2**2]) @ turn.T
    _, spread = moments(kernels.gaussian(2.5, 1.2, angle))
    np.testing.assert_allclose(spread, expected, rtol=0, atol=0.01)


@pytest.mark.parametrize("width", [1.0, 1.3, 3.0, 4.5, 7.2])
def test_every_pixel_of_a_box_weighs_what_the_box_covers_of_it(width: float) -> None:
    kernel = kernels.box(width)
    half = kernel.shape[0] // 2
    points = ((np.arange(100_000) + 0.5) / 100_000 - 0.5) * width
    counts, _ = np.histogram(points, np.arange(-half, half + 2) - 0.5)
    share = counts / counts.sum()
    assert share.min() > 0
    np.testing.assert_allclose(kernel, np.outer(share, share), rtol=0, atol=5e-5)


@pytest.mark.parametrize("radius", [0.5, 2.0, 3.7, 6.5])
def test_disc_is_flat_inside_and_has_the_area_of_a_circle(radius: float) -> None:
    kernel = kernels.disc(radius)
    # The middle pixel is all inside (but for the smallest), so it weighs 1 / area.
    assert 1 / kernel.max() == pytest.approx(np.pi * radius**2, rel=0.02 if radius > 1 else 0.3)


@pytest.mark.parametrize("angle", [0.0, 0.4, np.pi / 2, 2.3])
def test_motion_spreads_along_its_angle_as_a_line_of_its_length(angle: float) -> None:
    _, spread = moments(kernels.motion(15, angle))
    along = np.array([np.cos(angle), np.sin(angle)])
    across = np.array([-np.sin(angle), np.cos(angle)])
    # Sharing a point among four pixels adds at most a quarter along either axis.
    assert 15**2 / 12 - 0.1 <= along @ spread @ along <= 15**2 / 12 + 0.5
    assert -1e-6 <= across @ spread @ across <= 0.5


def test_a_bent_path_is_as_long_but_reaches_less_far() -> None:
    straight, bent = (moments(kernels.motion(20, 0, bend))[1] for bend in (0.0, 2.0))
    assert bent[0, 0] < straight[0, 0]
    assert bent[1, 1] > straight[1, 1] + 1


def test_ringing_is_the_circular_sinc() -> None:
    cutoff, half = 1.3, 10
    y, x = np.mgrid[-half : half + 1, -half : half + 1]
    radius = np.hypot(y, x)
    radius[half, half] = 1e-9
    expected = cutoff * j1(cutoff * radius) / (2 * np.pi * radius)
    np.testing.assert_allclose(
        kernels.ringing(cutoff, half), expected / expected.sum(), rtol=0, atol=1e-7
    )


@pytest.mark.parametrize(
    "make",
    [
        lambda: kernels.gaussian(0),
        lambda: kernels.gaussian(1, -1),
        lambda: kernels.box(0.5),
        lambda: kernels.disc(0.2),
        lambda: kernels.motion(0, 0),
        lambda: kernels.ringing(4),
    ],
)
def test_a_kernel_of_no_size_is_refused(make: Callable[[], Float32]) -> None:
    with pytest.raises(ValueError, match="must"):
        make()
