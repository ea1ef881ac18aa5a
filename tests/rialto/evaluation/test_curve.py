import csv
from pathlib import Path

from PIL import Image

from bridge.evaluate import Summary
from rialto.evaluation.curve import draw_curve, write_curve


def summary(method: str, psnr: float, lpips: float) -> Summary:
    return Summary(method, 24, {"psnr_y": psnr, "ssim": 0.7, "lpips": lpips}, 1.5)


def test_a_curve_is_written_in_the_order_of_evaluations_and_drawn_beside_peers(
    tmp_path: Path,
) -> None:
    measured = {8: summary("8", 26.7, 0.23), 1: summary("1", 27.6, 0.36)}
    write_curve(measured, tmp_path / "curve.tsv")
    with (tmp_path / "curve.tsv").open() as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert [row["evaluations"] for row in rows] == ["1", "8"]
    assert float(rows[1]["lpips"]) == 0.23
    alone, beside = tmp_path / "alone.png", tmp_path / "beside.png"
    draw_curve(measured, [summary("best", 26, 0.2)], ["best"], "sr4x", alone)
    draw_curve(measured, [summary("waifu2x-photo", 27.8, 0.34)], ["best"], "sr4x", beside)
    with Image.open(alone) as one, Image.open(beside) as two:
        assert one.size == two.size
        assert one.tobytes() != two.tobytes()  # the peer's level line
