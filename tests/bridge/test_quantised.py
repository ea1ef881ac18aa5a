"""A JPEG's intervals, found again from its pixels, and what they do to an estimate."""

from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from scipy.fft import dctn

from bridge.degrade.jpeg import jpeg_bytes
from bridge.degrade.pixels import to_signed
from bridge.project import projection_of
from bridge.quantised import BLOCK, Quantisation, QuantisedBlocks, dct, inverse_dct
from bridge.tiles import Box
from tests.bridge.cards import card

Float32 = NDArray[np.float32]
UInt8 = NDArray[np.uint8]

LEVELS = 127.5  # grey levels in one unit of [-1,1]
seeds = st.integers(0, 2**32 - 1)
qualities = st.integers(5, 80)


def photo(seed: int, height: int = 48, width: int = 64) -> UInt8:
    """Smooth, with some texture and colour, and nowhere black or white."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(60, 195, (4, 5, 3), dtype=np.uint8)
    smooth = np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))
    texture = rng.normal(0, 6, (height, width, 1))
    return np.clip(smooth + texture, 30, 225).astype(np.uint8)


def compressed(clean: UInt8, quality: int, *, subsample: bool) -> tuple[UInt8, Quantisation]:
    """The decoded JPEG and its own tables."""
    with Image.open(BytesIO(jpeg_bytes(clean, quality, subsample=subsample))) as image:
        luma, chroma = (tuple(image.quantization[table]) for table in (0, 1))
        factor = (2, 2) if subsample else (1, 1)
        return np.asarray(image), Quantisation(luma, chroma, factor)


def test_the_dct_is_the_orthonormal_one_of_each_block_and_is_undone() -> None:
    plane = np.random.default_rng(0).normal(size=(16, 24)).astype(np.float32)
    made = dct(plane)
    np.testing.assert_allclose(made[8:, 16:], dctn(plane[8:, 16:], norm="ortho"), atol=1e-5)
    np.testing.assert_allclose(inverse_dct(made), plane, atol=1e-5)


@given(seeds, qualities, st.booleans())
@settings(max_examples=25, deadline=None)
def test_the_decoded_photo_and_the_original_are_both_let_pass(
    seed: int, quality: int, subsample: bool
) -> None:
    clean = photo(seed)
    decoded, quantisation = compressed(clean, quality, subsample=subsample)
    project = QuantisedBlocks(to_signed(decoded), quantisation)
    for passed in (decoded, clean):
        signed = to_signed(passed)
        moved = np.abs(project(signed) - signed) * LEVELS
        # A few coefficients lie on the interval's edge, where the codec's own integers round.
        assert moved.mean() < 0.1
        assert moved.max() < 2


@given(seeds, qualities, st.booleans())
@settings(max_examples=25, deadline=None)
def test_a_projected_estimate_is_nearer_to_the_original_and_stays(
    seed: int, quality: int, subsample: bool
) -> None:
    clean = photo(seed)
    decoded, quantisation = compressed(clean, quality, subsample=subsample)
    project = QuantisedBlocks(to_signed(decoded), quantisation)
    noise = np.random.default_rng(seed).normal(0, 0.15, (3, *clean.shape[:2]))
    estimate = to_signed(clean) + noise.astype(np.float32)
    projected = project(estimate)
    before, after = (float(np.mean((x - to_signed(clean)) ** 2)) for x in (estimate, projected))
    assert after < before
    assert np.abs(project.residual(estimate)).mean() > np.abs(project.residual(projected)).max()
    np.testing.assert_allclose(project(projected), projected, atol=1e-4)


def test_an_estimate_of_another_photo_comes_back_as_one_that_the_file_could_be_of() -> None:
    clean = photo(1)
    decoded, quantisation = compressed(clean, 30, subsample=False)
    project = QuantisedBlocks(to_signed(decoded), quantisation)
    projected = project(to_signed(photo(2)))
    weights = np.array([0.299, 0.587, 0.114])
    luma = np.tensordot(weights, projected, axes=1) * LEVELS - 0.5
    known = decoded @ weights - 128
    steps = np.tile(
        np.reshape(quantisation.luma, (8, 8)), (clean.shape[0] // BLOCK, clean.shape[1] // BLOCK)
    )
    apart = np.abs(dct(luma.astype(np.float32)) - dct(known.astype(np.float32)))
    assert np.mean(apart <= steps / 2 + 1.5) > 0.99  # but for what was not found with certainty


def test_a_clipped_block_says_nothing_and_its_neighbours_do() -> None:
    clean = photo(3)
    clean[:8, :8] = 255
    decoded, quantisation = compressed(clean, 40, subsample=False)
    project = QuantisedBlocks(to_signed(decoded), quantisation)
    estimate = to_signed(photo(4))
    moved = project(estimate) - estimate
    assert not moved[:, :8, :8].any()
    assert moved[:, 8:16, :8].any()


@pytest.mark.parametrize("subsample", [True, False])
def test_blocks_that_the_edge_cuts_are_left_alone(*, subsample: bool) -> None:
    clean = photo(5, height=43, width=60)
    decoded, quantisation = compressed(clean, 20, subsample=subsample)
    project = projection_of(
        card(projection="jpeg"), decoded, Box(0, 0, 48, 64), quantisation=quantisation
    )
    assert project is not None
    estimate = to_signed(photo(6, height=48, width=64))
    moved = np.abs(project(estimate) - estimate).max(axis=0)
    cell = 16 if subsample else 8
    assert not moved[43 // cell * cell :].any()
    assert not moved[:, 60 // cell * cell :].any()
    assert moved[: 43 // cell * cell, : 60 // cell * cell].max() > 0.01
