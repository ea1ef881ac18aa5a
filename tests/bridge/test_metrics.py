import numpy as np
import pytest
from numpy.typing import NDArray

from bridge.metrics import luma, psnr_inside, psnr_y, ssim_y

UInt8 = NDArray[np.uint8]


def photo(seed: int = 0, height: int = 24, width: int = 31) -> UInt8:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (height, width, 3), dtype=np.uint8)


def slow_ssim(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Wang et al. 2004, Eqs. 13-16, window by window."""
    offsets = np.arange(11) - 5
    window = np.exp(-(offsets[:, None] ** 2 + offsets[None, :] ** 2) / (2 * 1.5**2))
    window /= window.sum()
    values = []
    for y in range(a.shape[0] - 10):
        for x in range(a.shape[1] - 10):
            p, q = a[y : y + 11, x : x + 11], b[y : y + 11, x : x + 11]
            mean_p, mean_q = (window * p).sum(), (window * q).sum()
            var_p = (window * (p - mean_p) ** 2).sum()
            var_q = (window * (q - mean_q) ** 2).sum()
            both = (window * (p - mean_p) * (q - mean_q)).sum()
            light = (2 * mean_p * mean_q + 2.55**2) / (mean_p**2 + mean_q**2 + 2.55**2)
            values.append(light * (2 * both + 7.65**2) / (var_p + var_q + 7.65**2))
    return float(np.mean(values))


def test_luma_runs_from_16_at_black_to_235_at_white() -> None:
    ends = np.array([[[0, 0, 0], [255, 255, 255]]], np.uint8)
    np.testing.assert_allclose(luma(ends), [[16, 235]])


def test_psnr_of_a_known_error_is_the_textbook_value() -> None:
    grey = np.full((8, 8, 3), 100, np.uint8)
    step = 219 / 255  # what one grey level is in studio-range luma
    assert psnr_y(grey, grey + np.uint8(10)) == pytest.approx(20 * np.log10(255 / (10 * step)))


def test_psnr_of_equal_photos_is_infinite() -> None:
    assert psnr_y(photo(), photo()) == float("inf")


def test_ssim_agrees_with_a_slow_reference_written_from_the_paper() -> None:
    a = photo(1)
    b = np.clip(a.astype(int) + np.random.default_rng(2).integers(-40, 41, a.shape), 0, 255)
    b = b.astype(np.uint8)
    assert ssim_y(a, b, crop=2) == pytest.approx(
        slow_ssim(luma(a)[2:-2, 2:-2], luma(b)[2:-2, 2:-2]), abs=1e-10
    )


def test_ssim_is_one_where_equal_and_symmetric_elsewhere() -> None:
    a, b = photo(1), photo(2)
    assert ssim_y(a, a) == pytest.approx(1, abs=1e-12)
    assert ssim_y(a, b) == pytest.approx(ssim_y(b, a), abs=1e-12)
    assert ssim_y(a, b) < 0.2


@pytest.mark.parametrize("metric", [psnr_y, ssim_y])
def test_a_damaged_border_is_not_seen_where_it_is_cropped(metric: object) -> None:
    assert callable(metric)
    a, b = photo(1), photo(1)
    b[:4], b[-4:], b[:, :4], b[:, -4:] = 0, 0, 0, 0
    assert metric(a, b, 4) == pytest.approx(metric(a, a, 4), abs=1e-9)
    assert metric(a, b, 3) < metric(a, a, 3)


@pytest.mark.parametrize("metric", [psnr_y, ssim_y])
def test_photos_of_two_shapes_are_refused_and_not_broadcast(metric: object) -> None:
    assert callable(metric)
    with pytest.raises(ValueError, match="original is"):
        metric(photo(), photo()[:1])


def test_ssim_refuses_a_photo_without_one_whole_window() -> None:
    with pytest.raises(ValueError, match="leaves"):
        ssim_y(photo(height=18), photo(height=18), crop=4)


def test_psnr_inside_counts_the_holes_alone_and_refuses_where_there_are_none() -> None:
    original, holes = photo(), np.zeros((24, 31), np.bool_)
    holes[3:9, 4:12] = True
    restored = np.where(holes[..., None], original ^ 8, original ^ 128)  # off by 8, by 128
    assert psnr_inside(original, restored, holes) == pytest.approx(20 * np.log10(255 / 8))
    assert psnr_inside(original, original, holes) == np.inf
    with pytest.raises(ValueError, match="no holes"):
        psnr_inside(original, restored, np.zeros_like(holes))
