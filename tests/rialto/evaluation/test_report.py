import json
import shutil
from pathlib import Path

import pytest

from bridge.evaluate import Score
from export.onnx_file import read_card
from rialto.evaluation.report import Report, record_quality

MODEL_REPO = Path(__file__).parents[3] / "model_repo"


def report(photos: str = "kodak24, 1 photographs, whole", lpips: float = 0.3) -> Report:
    def row(psnr: float, perceived: float) -> list[Score]:
        values = {"psnr_y": psnr, "ssim": 0.7, "lpips": perceived}
        return [Score("1.png", values, seconds=0.5, megapixels=0.25)]

    scores = {"bicubic": row(26.2, 0.48), "fast": row(27.5, lpips), "lanczos": row(26.4, 0.49)}
    return Report("sr4x", photos, "rialto evaluate sr4x", "bicubic", ("fast",), scores)


def test_quality_holds_the_preset_beside_the_untouched_photo() -> None:
    quality = report().qualities()["fast"]
    assert (quality.psnr_y, quality.input_psnr_y) == (27.5, 26.2)
    assert (quality.lpips, quality.input_lpips) == (0.3, 0.48)
    assert quality.seconds_per_megapixel == 2
    assert quality.dists is None


def test_a_report_leaves_scores_a_summary_and_quality_for_the_cards(tmp_path: Path) -> None:
    report().write(tmp_path / "new")
    assert len((tmp_path / "new" / "scores.tsv").read_text().splitlines()) == 4
    assert "| fast | 27.50 |" in (tmp_path / "new" / "summary.md").read_text()
    written = json.loads((tmp_path / "new" / "quality.json").read_text())
    assert written["fast"]["psnr_y"] == 27.5


@pytest.fixture
def model_repo(tmp_path: Path) -> Path:
    shutil.copytree(MODEL_REPO / "deblur", tmp_path / "deblur")
    return tmp_path


def test_a_recorded_score_replaces_the_older_one_of_its_set_and_no_other(
    model_repo: Path,
) -> None:
    file = model_repo / "deblur" / "1" / "model.onnx"
    before = read_card(file)
    for measured in (report(lpips=0.3), report("other, whole"), report(lpips=0.2)):
        assert record_quality(model_repo, "deblur", measured.qualities()) == [model_repo / "deblur"]
    after = read_card(file)
    ours = [q for q in after.presets["fast"].quality if q not in before.presets["fast"].quality]
    assert [(q.photos, q.lpips) for q in ours] == [
        ("other, whole", 0.3),
        ("kodak24, 1 photographs, whole", 0.2),
    ]
    assert after.presets["best"] == before.presets["best"]
    assert after.weights_sha256 == before.weights_sha256


def test_a_network_of_another_task_keeps_its_card(model_repo: Path) -> None:
    file = model_repo / "deblur" / "1" / "model.onnx"
    before = file.read_bytes()
    assert record_quality(model_repo, "sr4x", report().qualities()) == []
    assert file.read_bytes() == before
