from collections.abc import Iterator

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.degrade.strokes import SLACK, Dab, cover, footprint

PLACE = st.floats(-10, 34)


@settings(deadline=None)
@given(dab=st.builds(Dab, PLACE, PLACE, PLACE, PLACE, st.floats(0.5, 12)))
def test_footprint_is_every_pixel_within_half_a_brush_of_the_line(dab: Dab) -> None:
    mask = np.zeros((24, 32), np.bool_)
    window, inside = footprint(mask, dab)
    window |= inside
    start, end = np.array([dab.y, dab.x]), np.array([dab.end_y, dab.end_x])
    # The slow reference: 400 points along the line, the nearest to each pixel.
    points = start + np.linspace(0, 1, 400)[:, None] * (end - start)
    grid = np.moveaxis(np.mgrid[:24, :32], 0, -1)
    nearest = np.linalg.norm(grid[:, :, None] - points, axis=-1).min(axis=-1)
    gap = np.linalg.norm(end - start) / 399
    clear = np.abs(nearest - dab.brush / 2) > gap
    np.testing.assert_array_equal(mask[clear], (nearest <= dab.brush / 2)[clear])


def test_cover_counts_only_pixels_that_were_not_covered_before() -> None:
    mask = np.zeros((40, 40), np.bool_)
    mask[:, :20] = True

    def dabs() -> Iterator[Dab]:
        rng = np.random.default_rng(0)
        while True:
            y, x = rng.uniform(0, 40, 2)
            yield Dab(y, x, y, x, 5.0)

    cover(mask, 200, dabs())
    assert 0 <= 800 + 200 - np.count_nonzero(mask) <= SLACK
