"""What a walk tells of its result, on walks whose every estimate is given."""

import numpy as np
import pytest
from numpy.typing import NDArray

from bridge.degrade.pixels import to_signed, to_uint8
from bridge.degrade.resize import shrink
from bridge.insight import STRONG, Insight, overlay
from bridge.project import Projection, projection_of
from bridge.restoration import Progress
from bridge.sample import Step
from bridge.tiles import Box
from tests.bridge.cards import card

Float32 = NDArray[np.float32]


def walk(
    insight: Insight,
    boxes: list[Box],
    estimates: list[list[Float32]],
    held: Projection | None = None,
) -> None:
    """Give `insight` each region's estimates in order."""
    for region, (box, made) in enumerate(zip(boxes, estimates, strict=True), start=1):
        for step, x_0 in enumerate(made, start=1):
            progress = Progress(
                step, len(made), region, len(boxes), box, Step(step, len(made), x_0, x_0), held
            )
            insight.take(progress)


def photo(height: int, width: int, seed: int = 0) -> Float32:
    rng = np.random.default_rng(seed)
    return rng.uniform(-0.9, 0.9, (3, height, width)).astype(np.float32)


def test_a_restoration_that_shrinks_to_the_photo_agrees_and_another_does_not() -> None:
    x_0 = photo(64, 96)
    small = to_uint8(shrink(x_0, 4))
    enlarging = card(scale=4, projection="sr", start="bicubic")
    found = []
    for estimate in (x_0, photo(64, 96, seed=1)):
        insight = Insight(enlarging, small)
        box = Box(0, 0, 64, 96)
        walk(insight, [box], [[estimate]], projection_of(enlarging, small, box))
        found.append(insight.consistency())
    same, other = found
    assert same is not None
    assert other is not None
    assert same.kind == "sr"
    assert same.rms <= 0.5
    assert same.agreeing == 1
    assert other.rms > 10
    assert other.agreeing < 0.2
    assert other.largest > other.rms


def test_where_the_damage_is_not_known_nothing_is_said_of_consistency() -> None:
    insight = Insight(card(), to_uint8(photo(16, 16)))
    walk(insight, [Box(0, 0, 16, 16)], [[photo(16, 16)]])
    assert insight.consistency() is None


def test_the_map_shows_where_the_last_estimate_left_the_first_in_every_region() -> None:
    x_0 = photo(32, 48)
    moved = x_0.copy()
    moved[:, 4:8, 40:44] += np.float32(20 / 127.5)
    boxes = [Box(0, 0, 32, 32), Box(0, 16, 32, 32)]
    estimates = [[part[box.window] for part in (x_0, x_0, moved)] for box in boxes]
    insight = Insight(card(), to_uint8(x_0))
    walk(insight, boxes, estimates)
    distance = insight.invention()
    assert distance.shape == (32, 48)
    np.testing.assert_allclose(distance[4:8, 40:44], 20, atol=1e-3)
    assert distance.sum() == pytest.approx(20 * 16, rel=1e-3)


def test_a_large_photo_gets_a_small_map_of_means() -> None:
    pixels = np.zeros((30, 2560, 3), np.uint8)
    first = np.broadcast_to(to_signed(pixels)[:, :1, :1], (3, 32, 2560)).copy()
    last = first.copy()
    last[:, :, 3:6] += np.float32(9 / 127.5)
    insight = Insight(card(), pixels)
    walk(insight, [Box(0, 0, 32, 2560)], [[first, last]])
    distance = insight.invention()
    assert distance.shape == (10, 854)  # cells of 3 pixels
    np.testing.assert_allclose(distance[:, 1], 9, atol=1e-3)
    np.testing.assert_allclose(distance[:, [0, 2]], 0, atol=1e-3)


def test_the_overlay_is_clear_where_nothing_was_invented_and_denser_where_more_was() -> None:
    shown = overlay(np.array([[0, STRONG / 8, STRONG, 9 * STRONG]], np.float32))
    alpha = shown[0, :, 3].astype(int)
    assert alpha[0] == 0
    assert 0 < alpha[1] < alpha[2] == alpha[3]
    np.testing.assert_array_equal(shown[0, 2], shown[0, 3])
