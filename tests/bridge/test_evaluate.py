import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bridge.evaluate import (
    Pair,
    Restored,
    Score,
    evaluate,
    fidelity,
    markdown_table,
    one_by_one,
    summarise,
    write_tsv,
)

UInt8 = NDArray[np.uint8]


def pairs(count: int = 3) -> list[Pair]:
    """Photos of noise, each damaged by a grey level more than the one before."""
    rng = np.random.default_rng(0)
    clean = [rng.integers(20, 200, (16, 20, 3), dtype=np.uint8) for _ in range(count)]
    return [Pair(f"{i}.png", a, a + np.uint8(i + 1)) for i, a in enumerate(clean)]


def mean_error(original: UInt8, restored: UInt8) -> float:
    return float(np.abs(original.astype(float) - restored).mean())


def test_every_photo_is_scored_in_order_against_its_own_original() -> None:
    judged = list(evaluate(pairs(), one_by_one(lambda pair: pair.damaged), {"error": mean_error}))
    assert [score.photo for score, _ in judged] == ["0.png", "1.png", "2.png"]
    assert [score.values["error"] for score, _ in judged] == [1, 2, 3]
    for (score, pixels), pair in zip(judged, pairs(), strict=True):
        np.testing.assert_array_equal(pixels, pair.damaged)
        assert score.megapixels == pytest.approx(16 * 20 / 1e6)


def test_a_photo_with_holes_is_restored_with_them_and_scored_inside_them() -> None:
    clean = np.full((16, 20, 3), 100, np.uint8)
    holes = np.zeros((16, 20), np.bool_)
    holes[4:8, 5:10] = True
    damaged = np.where(holes[..., None], np.uint8(0), clean)

    def fill(pair: Pair) -> UInt8:
        assert pair.holes is not None
        return np.where(pair.holes[..., None], np.uint8(90), pair.damaged)

    pair = Pair("a", clean, damaged, holes=holes)
    ((score, _),) = evaluate([pair], one_by_one(fill), {"error": mean_error})
    assert score.values["psnr_mask"] == pytest.approx(10 * np.log10(255**2 / 10**2))
    assert score.values["error"] == pytest.approx(10 * holes.mean())


def test_a_photo_of_another_shape_is_an_error_and_no_score() -> None:
    with pytest.raises(ValueError, match=r"0\.png: restored"):
        list(evaluate(pairs(), one_by_one(lambda pair: pair.damaged[:-1]), fidelity()))


def test_a_method_that_loses_a_photo_is_found_out() -> None:
    def forgetful(all_pairs: Sequence[Pair]) -> Iterator[Restored]:
        return (Restored(pair.damaged, 1.0) for pair in all_pairs[:-1])

    with pytest.raises(ValueError, match="shorter"):
        list(evaluate(pairs(), forgetful, {"error": mean_error}))


def test_a_summary_means_the_metrics_and_takes_the_median_of_the_time() -> None:
    scores = [
        Score("a", {"psnr_y": 20.0}, seconds=1.0, megapixels=1.0),
        Score("b", {"psnr_y": 24.0}, seconds=1.0, megapixels=0.5),
        Score("c", {"psnr_y": 25.0}, seconds=90.0, megapixels=1.0),  # the machine was busy
    ]
    summary = summarise("fast", scores)
    assert summary.values["psnr_y"] == pytest.approx(23)
    assert summary.seconds_per_megapixel == pytest.approx(2)
    assert summary.photos == 3


def test_the_tsv_reads_back_as_one_line_a_method_and_photo(tmp_path: Path) -> None:
    scores = [
        score for score, _ in evaluate(pairs(), one_by_one(lambda pair: pair.damaged), fidelity())
    ]
    write_tsv(tmp_path / "scores.tsv", {"fast": scores, "best": scores[:1]})
    with (tmp_path / "scores.tsv").open() as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert [(row["method"], row["photo"]) for row in rows] == [
        ("fast", "0.png"),
        ("fast", "1.png"),
        ("fast", "2.png"),
        ("best", "0.png"),
    ]
    assert float(rows[1]["psnr_y"]) == pytest.approx(scores[1].values["psnr_y"], abs=1e-6)


def test_the_table_says_which_way_each_metric_is_better() -> None:
    score = Score("a", {"psnr_y": 27.764, "lpips": 0.33664}, seconds=2.0, megapixels=1.0)
    table = markdown_table([summarise("waifu2x-photo", [score])])
    head, _, row = table.splitlines()
    assert head == "| method | PSNR-Y ↑ | LPIPS-alex ↓ | s per megapixel |"
    assert row == "| waifu2x-photo | 27.76 | 0.3366 | 2 |"
