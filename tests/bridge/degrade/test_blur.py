import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.signal import convolve2d

from bridge.degrade import kernels
from bridge.degrade.blur import camera_blur, convolve, fast_length
from bridge.degrade.pixels import to_signed

Float32 = NDArray[np.float32]


@settings(deadline=None)
@given(
    height=st.integers(20, 40),
    width=st.integers(20, 40),
    reach=st.tuples(st.integers(0, 6), st.integers(0, 6)),
    seed=st.integers(0, 99),
)
def test_convolve_equals_the_slow_sum_over_a_reflected_photo(
    height: int, width: int, reach: tuple[int, int], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    image = rng.uniform(-1, 1, (3, height, width)).astype(np.float32)
    kernel = rng.random((2 * reach[0] + 1, 2 * reach[1] + 1)).astype(np.float32)
    kernel /= kernel.sum()
    border = [(reach[0], reach[0]), (reach[1], reach[1])]
    slow = [convolve2d(np.pad(plane, border, "reflect"), kernel, "valid") for plane in image]
    np.testing.assert_allclose(convolve(image, kernel), np.stack(slow), rtol=0, atol=3e-6)


@pytest.mark.parametrize("sigma", [0.6, 1.0, 2.0, 3.0])
def test_gaussian_blur_is_scipys(photo: NDArray[np.uint8], sigma: float) -> None:
    image = to_signed(photo)
    ours = convolve(image, kernels.gaussian(sigma))
    axes = (0, sigma, sigma)
    theirs = gaussian_filter(image.astype(np.float64), axes, mode="mirror", truncate=4)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=3e-6)


def test_white_stays_white_up_to_the_border_under_every_camera_blur() -> None:
    white = np.ones((3, 40, 56), np.float32)
    rng = np.random.default_rng(0)
    for _ in range(100):
        np.testing.assert_allclose(convolve(white, camera_blur(rng)), 1, rtol=0, atol=1e-5)


def test_blur_never_adds_contrast(photo: NDArray[np.uint8]) -> None:
    image = to_signed(photo)
    rng = np.random.default_rng(1)
    for _ in range(20):
        assert convolve(image, camera_blur(rng)).var() < image.var()


def test_every_camera_blur_fits_the_margin_of_deblurring() -> None:
    rng = np.random.default_rng(2)
    assert max(camera_blur(rng).shape[0] // 2 for _ in range(1000)) <= 16


@settings(deadline=None)
@given(least=st.integers(1, 20_000))
def test_fast_length_is_even_smooth_and_hardly_longer(least: int) -> None:
    length = fast_length(least)
    assert length % 2 == 0
    assert least <= length <= 1.13 * least + 2
    for prime in (2, 3, 5):
        while length % prime == 0:
            length //= prime
    assert length == 1


def test_a_kernel_without_a_middle_pixel_is_refused() -> None:
    with pytest.raises(ValueError, match="no middle pixel"):
        convolve(np.zeros((3, 8, 8), np.float32), np.full((2, 2), 0.25, np.float32))
