import numpy as np
import pytest
from numpy.random import default_rng
from numpy.typing import NDArray

from bridge.degrade.mixture import (
    FILE_FIRST,
    FILE_SECOND,
    PAPER_FIRST,
    PAPER_SECOND,
    Round,
    mixture,
    one_round,
    shrunken_mixture,
)
from bridge.degrade.pixels import to_signed
from bridge.degrade.recipes import enlarge

UInt8 = NDArray[np.uint8]


def test_mixture_keeps_the_size_and_is_a_function_of_the_generator(photo: UInt8) -> None:
    wide = photo[:96, :160]
    results = [mixture(wide, default_rng(seed)) for seed in (3, 3, 4)]
    assert {result.shape for result in results} == {wide.shape}
    np.testing.assert_array_equal(results[0], results[1])
    assert (results[0] != results[2]).any()


@pytest.mark.parametrize("paper", [True, False])
def test_shrunken_mixture_is_a_quarter_of_each_side_and_a_function_of_the_generator(
    photo: UInt8, paper: bool
) -> None:
    first, again = (shrunken_mixture(photo, default_rng(9), paper=paper) for _ in range(2))
    assert first.shape == (48, 48, 3)
    np.testing.assert_array_equal(first, again)


def shift(clean: NDArray[np.float32], damaged: NDArray[np.float32]) -> tuple[int, int]:
    """Rows and columns by which `damaged` lies beside `clean`: the peak of correlation."""
    planes = [image.mean(axis=0) - image.mean() for image in (clean, damaged)]
    spectra = [np.fft.fft2(plane) for plane in planes]
    correlation = np.fft.ifft2(spectra[1] * spectra[0].conj()).real
    row, column = np.unravel_index(correlation.argmax(), correlation.shape)
    height, width = correlation.shape
    return (int(row) + height // 2) % height - height // 2, (
        int(column) + width // 2
    ) % width - width // 2


def test_damage_moves_nothing(photo: UInt8) -> None:
    clean = to_signed(photo)
    for seed in range(12):
        assert shift(clean, to_signed(mixture(photo, default_rng(seed)))) == (0, 0)
        dy, dx = shift(clean, enlarge(shrunken_mixture(photo, default_rng(seed))))
        assert max(abs(dy), abs(dx)) <= 1  # what noise leaves of ÷ 24 has no finer peak


def test_a_flat_photo_keeps_its_brightness() -> None:
    flat = np.full((96, 96, 3), 120, np.uint8)
    for seed in range(12):
        assert mixture(flat, default_rng(seed)).mean() == pytest.approx(120, abs=3)


def test_a_grey_photo_stays_grey(photo: UInt8) -> None:
    grey = photo[..., 1:2].repeat(3, axis=2)
    for seed in range(12):
        assert np.ptp(mixture(grey, default_rng(seed)), axis=2).max() == 0
        assert np.ptp(shrunken_mixture(grey, default_rng(seed)), axis=2).max() == 0


@pytest.mark.parametrize("round_", [PAPER_FIRST, PAPER_SECOND, FILE_FIRST, FILE_SECOND])
def test_the_operators_of_a_round_come_in_random_order_unless_told_otherwise(
    photo: UInt8, round_: Round
) -> None:
    pairs = [
        [one_round(photo, round_, default_rng(seed), shuffled=order) for order in (True, False)]
        for seed in range(8)
    ]
    assert any(not np.array_equal(drawn, fixed) for drawn, fixed in pairs)


def test_shrunken_mixture_refuses_a_side_that_is_no_multiple(photo: UInt8) -> None:
    with pytest.raises(ValueError, match="multiple of 4"):
        shrunken_mixture(photo[:90], default_rng(0))
