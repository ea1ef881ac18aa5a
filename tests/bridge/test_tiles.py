from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.contract import TileCard
from bridge.tiles import blend, cover, cover_axis

CARD = TileCard(size=64, multiple=16, overlap=32, region=128, margin=32)
sides = st.integers(1, 30).map(lambda blocks: blocks * 16)


@given(st.integers(1, 400).map(lambda blocks: blocks * 16), st.sampled_from([64, 256, 1536]))
def test_pieces_cover_the_axis_on_the_grid_and_share_the_overlap(length: int, size: int) -> None:
    starts, piece = cover_axis(length, size, 32, 16)
    assert starts[0] == 0
    assert starts[-1] + piece == length
    assert all(start % 16 == 0 for start in starts)
    assert piece <= size
    assert all(b - a <= piece - 32 for a, b in pairwise(starts))


@given(sides, sides)
def test_blending_pieces_of_one_picture_gives_the_picture(height: int, width: int) -> None:
    picture = np.random.default_rng(0).standard_normal((3, height, width)).astype(np.float32)
    boxes = cover(height, width, CARD)
    parts = [picture[box.window].copy() for box in boxes]
    np.testing.assert_allclose(blend(boxes, parts, height, width, CARD.overlap), picture, atol=1e-5)


def test_a_step_between_tiles_becomes_a_slope_no_steeper_than_the_overlap() -> None:
    """The seam metric: tiles that disagree by 1 may not show more than 1/overlap a pixel."""
    boxes = cover(64, 96, CARD)
    parts = [np.full((3, 64, 64), float(index % 2), np.float32) for index in range(len(boxes))]
    blended = blend(boxes, parts, 64, 96, CARD.overlap)
    assert np.abs(np.diff(blended, axis=2)).max() <= 1.01 / CARD.overlap


def test_a_canvas_off_the_grid_is_refused() -> None:
    with pytest.raises(ValueError, match="multiple of 16"):
        cover_axis(100, 64, 32, 16)
