from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy.fft import dctn, idctn

from bridge.degrade.benchmark import (
    CHROMA_STEPS,
    GAUSS_TAPS,
    LUMA_STEPS,
    OPERATORS,
    UNIFORM_TAPS,
    bicubic_and_repeat,
    coded_blur,
    coded_jpeg,
    steps,
)
from bridge.degrade.jpeg import jpeg_bytes, jpeg_round_trip
from bridge.degrade.pixels import to_signed
from bridge.degrade.resize import shrink

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]


def psnr(one: Float32, other: Float32) -> float:
    return float(10 * np.log10(4 / np.square(one - other).mean()))


@pytest.mark.parametrize(("name", "middle"), [("blur-uni", 0.789), ("blur-gauss", 0.642)])
def test_the_coded_blurs_darken_white(name: str, middle: float) -> None:
    white = (OPERATORS[name](np.ones((3, 256, 256), np.float32)) + 1) / 2
    np.testing.assert_allclose(white[:, 128, 128], middle, rtol=0, atol=1e-3)
    if name == "blur-uni":  # zeros beyond the border leave a quarter of it in a corner, and less
        np.testing.assert_allclose(white[:, 0, 0], 0.103, rtol=0, atol=1e-3)


@pytest.mark.parametrize(("taps", "used"), [(UNIFORM_TAPS, 8), (GAUSS_TAPS, 4)])
def test_the_coded_blur_is_its_components_each_with_another_ones_gain(
    taps: tuple[float, ...], used: int
) -> None:
    size, middle = 20, len(taps) // 2
    band = np.zeros((size, size))
    for row in range(size):
        for place in range(used):
            if 0 <= row + place - middle < size:
                band[row, row + place - middle] = taps[place]
    left, gains, right_t = np.linalg.svd(band)
    gains[gains < 3e-2] = 0
    products = sorted(
        ((gains[i] * gains[j], i, j) for i in range(size) for j in range(size)),
        key=lambda product: -product[0],
    )
    image = np.random.default_rng(0).uniform(-1, 1, (3, size, size)).astype(np.float32)
    expected = np.zeros((3, size, size))
    for channel in range(3):
        unit = (image[channel].astype(np.float64) + 1) / 2
        for rank, (_, i, j) in enumerate(products):
            gain = products[(3 * rank + channel) % size**2][0]
            component = right_t[i] @ unit @ right_t[j]
            expected[channel] += gain * component * np.outer(left[:, i], left[:, j])
    np.testing.assert_allclose(coded_blur(image, taps), 2 * expected - 1, rtol=0, atol=1e-6)


def test_the_coded_bicubic_is_the_true_one_inside_and_another_at_the_border(
    photo: UInt8,
) -> None:
    image = to_signed(photo)
    difference = np.abs(bicubic_and_repeat(image)[:, ::4, ::4] - shrink(image, 4))
    assert difference[:, 2:-2, 2:-2].max() < 1e-6
    assert difference[:, 0].max() > 1e-3


def test_the_coded_bicubic_keeps_white_and_its_overshoots() -> None:
    np.testing.assert_allclose(bicubic_and_repeat(np.ones((3, 32, 48), np.float32)), 1, atol=1e-6)
    step = np.full((3, 64, 64), -1, np.float32)
    step[:, :, 30:] = 1
    assert bicubic_and_repeat(step).max() > 1.05


def test_quality_5_coarsens_annex_k_to_its_known_first_rows() -> None:
    assert steps(LUMA_STEPS, 5)[0].tolist() == [160, 110, 100, 160, 240, 255, 255, 255]
    assert steps(CHROMA_STEPS, 5)[0, :4].tolist() == [170, 180, 240, 255]


@pytest.mark.parametrize("quality", [1, 5, 10, 37, 49, 50, 75, 92, 99, 100])
def test_the_steps_of_every_quality_are_libjpegs(photo: UInt8, quality: int) -> None:
    with Image.open(BytesIO(jpeg_bytes(photo, quality))) as image:
        tables = image.quantization  # type: ignore[attr-defined]
    for table, annex in ((tables[0], LUMA_STEPS), (tables[1], CHROMA_STEPS)):
        assert steps(annex, quality).ravel().tolist() == list(table)


def slow_blocks(plane: Float64, table: NDArray[np.int_]) -> Float64:
    out = np.empty_like(plane)
    for y in range(0, plane.shape[0], 8):
        for x in range(0, plane.shape[1], 8):
            block = np.s_[y : y + 8, x : x + 8]
            coefficients = np.round(dctn(plane[block], norm="ortho") / table) * table
            out[block] = idctn(coefficients, norm="ortho")
    return out


def test_the_coded_jpeg_equals_a_block_by_block_reference(photo: UInt8) -> None:
    image = to_signed(photo[:48, :64])
    red, green, blue = (image.astype(np.float64) + 1) / 2 * 255
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    cb = -0.1687 * red - 0.3313 * green + 0.5 * blue
    cr = 0.5 * red - 0.4187 * green - 0.0813 * blue
    planes = [slow_blocks(luma - 128, steps(LUMA_STEPS, 10)) + 128]
    for plane in (cb, cr):
        coarse = slow_blocks(plane[::2, ::2], steps(CHROMA_STEPS, 10))
        planes.append(coarse.repeat(2, axis=0).repeat(2, axis=1))
    y, cb, cr = planes
    forward = [[0.299, 0.587, 0.114], [-0.1687, -0.3313, 0.5], [0.5, -0.4187, -0.0813]]
    rgb = np.linalg.solve(forward, np.stack([y.ravel(), cb.ravel(), cr.ravel()]))
    expected = rgb.reshape(image.shape) / 255 * 2 - 1
    np.testing.assert_allclose(coded_jpeg(image, 10), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("quality", [5, 10])
def test_the_coded_jpeg_is_near_a_real_file_once_clamped_and_leaves_the_range_before(
    photo: UInt8, quality: int
) -> None:
    image = to_signed(photo)
    coded, real = coded_jpeg(image, quality), to_signed(jpeg_round_trip(photo, quality))
    assert np.abs(coded).max() > 1
    assert psnr(coded.clip(-1, 1), real) > max(32, psnr(coded, real))


def test_every_operator_of_the_checkpoints_keeps_shape_and_type(photo: UInt8) -> None:
    image = to_signed(photo)
    for operator in OPERATORS.values():
        damaged = operator(image)
        assert damaged.shape == image.shape
        assert damaged.dtype == np.float32


def test_the_coded_operators_refuse_what_the_authors_could_not_do() -> None:
    with pytest.raises(ValueError, match=r"\[3,N,N\]"):
        coded_blur(np.zeros((3, 32, 48), np.float32), UNIFORM_TAPS)
    with pytest.raises(ValueError, match="multiples of 16"):
        coded_jpeg(np.zeros((3, 24, 32), np.float32), 5)
    with pytest.raises(ValueError, match="multiple of 4"):
        bicubic_and_repeat(np.zeros((3, 30, 32), np.float32))
    with pytest.raises(ValueError, match="quality"):
        steps(LUMA_STEPS, 0)
