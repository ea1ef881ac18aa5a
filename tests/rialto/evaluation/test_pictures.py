from pathlib import Path

import numpy as np
from PIL import Image

from bridge.evaluate import Pair, Score, Summary
from rialto.evaluation.pictures import (
    WINDOW,
    ZOOM,
    Gallery,
    busiest_window,
    draw_plane,
    ranked,
)


def test_a_sheet_shows_the_part_with_the_most_texture() -> None:
    photo = np.full((300, 400, 3), 90, np.uint8)
    photo[150:250, 260:380] = np.random.default_rng(0).integers(0, 256, (100, 120, 3))
    top, left, side = busiest_window(photo)
    assert side == WINDOW
    assert top < 250 < top + 2 * side
    assert left + side > 200
    assert photo[top : top + side, left : left + side].std() > 40


def test_a_sheet_of_a_photo_with_holes_shows_where_they_are() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    holes = np.zeros((300, 400), np.bool_)
    holes[200:260, 20:80] = True
    top, left, side = busiest_window(photo, holes)
    assert holes[top : top + side, left : left + side].sum() > 0.9 * holes.sum()


def test_a_photo_smaller_than_the_window_is_shown_whole_and_square() -> None:
    assert busiest_window(np.zeros((40, 60, 3), np.uint8)) == (0, 0, 40)


def test_a_sheet_has_a_row_a_photo_and_a_column_a_method_in_the_order_they_came() -> None:
    names = ["a", "b"]
    black = np.zeros((WINDOW, WINDOW, 3), np.uint8)
    gallery = Gallery([Pair(name, black, black) for name in names])
    for method, grey in (("fast", 50), ("best", 200)):
        for name in names:
            gallery.add(method, name, np.full((WINDOW, WINDOW, 3), grey, np.uint8))
    gallery.add("weak setting", "a", np.zeros((WINDOW, WINDOW, 3), np.uint8))
    gallery.keep(["fast", "best"])
    sheet = np.asarray(gallery.sheet(names, {}))
    assert sheet.shape[1] < 3 * WINDOW * ZOOM
    middle = WINDOW * ZOOM // 2
    for row in range(2):
        line = sheet[middle + row * sheet.shape[0] // 2]
        assert line[middle, 0] == 50
        assert line[middle + WINDOW * ZOOM, 0] == 200


def test_the_sheets_hold_the_best_the_middle_and_the_worst_photos() -> None:
    scores = [Score(f"{i}", {"lpips": float(i)}, 1.0, 1.0) for i in (7, 2, 9, 0, 5, 1, 8, 3, 6, 4)]
    sheets = ranked(scores, "lpips", higher=False)
    assert sheets["good"] == ["0", "1", "2", "3"]
    assert sheets["typical"] == ["3", "4", "5", "6"]
    assert sheets["worst"] == ["6", "7", "8", "9"]
    assert ranked(scores, "lpips", higher=True)["good"] == ["9", "8", "7", "6"]


def test_the_plane_is_drawn_with_every_method_on_it(tmp_path: Path) -> None:
    summaries = [
        Summary(name, 1, {"psnr_y": psnr, "lpips": lpips}, 1.0)
        for name, psnr, lpips in (("bicubic", 26.2, 0.48), ("fast", 27.5, 0.34), ("best", 26, 0.2))
    ]
    file = tmp_path / "plane.png"
    draw_plane(summaries, ["fast", "best"], "a title", file)
    with Image.open(file) as plane:
        pixels = np.asarray(plane.convert("RGB")).astype(int)
    green = np.abs(pixels - (0x0B, 0x6E, 0x4F)).sum(axis=-1) < 20
    grey = np.abs(pixels - (0x8A, 0x8F, 0x98)).sum(axis=-1) < 6
    assert green.sum() > 200
    assert grey.sum() > 50
