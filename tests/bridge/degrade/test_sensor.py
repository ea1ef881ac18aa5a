import numpy as np
import pytest
from numpy.typing import NDArray

from bridge.degrade.sensor import is_grey, sensor_noise

BLACK, WHITE = (np.full((3, 128, 128), level, np.float32) for level in (-1, 1))


def variance(image: NDArray[np.float32], electrons: float, read: float) -> float:
    """Of the noise added, in units of white."""
    noisy = sensor_noise(image, electrons, read, np.random.default_rng(4))
    return float(((noisy - image) / 2).var())


def test_photon_noise_of_white_has_a_variance_of_one_over_its_electrons() -> None:
    assert variance(WHITE, 100, 0) == pytest.approx(1 / 100, rel=0.03)
    assert variance(BLACK, 100, 0) == 0


def test_read_noise_is_the_same_in_the_dark_and_adds_to_photon_noise_in_the_light() -> None:
    assert variance(BLACK, np.inf, 0.05) == pytest.approx(0.05**2, rel=0.03)
    assert variance(WHITE, 400, 0.05) == pytest.approx(0.05**2 + 1 / 400, rel=0.03)


def test_noise_has_no_bias() -> None:
    noisy = sensor_noise(WHITE, 50, 0.1, np.random.default_rng(5))
    assert noisy.mean() == pytest.approx(1, abs=0.01)


def test_grey_noise_keeps_a_grey_photo_grey_and_coloured_noise_does_not() -> None:
    for grey in (True, False):
        noisy = sensor_noise(WHITE, 100, 0.02, np.random.default_rng(6), grey=grey)
        assert np.array_equal(noisy[0], noisy[2]) is grey


def test_a_photo_is_grey_only_where_all_three_channels_agree() -> None:
    photo = np.full((8, 8, 3), 77, np.uint8)
    assert is_grey(photo)
    photo[3, 3, 2] += 1
    assert not is_grey(photo)


@pytest.mark.parametrize(("electrons", "read"), [(0, 0.1), (-5, 0.1), (100, -0.1), (np.nan, 0)])
def test_impossible_sensors_are_refused(electrons: float, read: float) -> None:
    with pytest.raises(ValueError, match="electrons"):
        sensor_noise(WHITE, electrons, read, np.random.default_rng(0))
