"""`rialto evaluate` from a folder of photographs to its table, with the networks we ship."""

import gc
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw
from typer.main import get_command

from bridge.evaluate import Score
from bridge.training_plan import TrainingPlan
from export.model_repo import write_network
from export.network import export_network
from rialto.cli import app
from rialto.commands.evaluate import Evaluation, run
from rialto.evaluation.embedded import Embedded
from rialto.evaluation.report import Report
from service.engine.repository import RepositoryError

MODEL_REPO = Path(__file__).parents[3] / "model_repo"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two drawings of hard edges and text-like strokes, which any upscaler should sharpen."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for seed in range(2):
        rng = np.random.default_rng(seed)
        picture = Image.new("RGB", (160, 144), "#b8a890")
        draw = ImageDraw.Draw(picture)
        for _ in range(14):
            corners = rng.integers(0, 160, (3, 2)).tolist()
            colour = tuple(rng.integers(0, 256, 3).tolist())
            draw.polygon([tuple(corner) for corner in corners], fill=colour)
        picture.save(folder / f"{seed}.png")
    return folder


def test_the_evaluation_of_a_folder_measures_presets_and_peers_on_the_same_pixels(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RIALTO_CACHE", str(tmp_path))
    out = tmp_path / "out"
    asked = Evaluation(
        "sr4x",
        photos,
        out,
        model_repo=MODEL_REPO,
        presets=("fast",),
        peers=("bicubic", "lanczos"),
        crop=128,
        metrics=(),
        threads=1,
        curve=(1, 2),
    )
    report = run(asked)
    assert list(report.scores) == ["bicubic", "fast", "lanczos"]
    mean = {summary.method: summary.values["psnr_y"] for summary in report.summaries}
    assert mean["fast"] > mean["bicubic"] + 0.5
    assert mean["lanczos"] > mean["bicubic"]
    made = {file.name for file in out.iterdir()}
    assert made == {
        "scores.tsv",
        "summary.md",
        "quality.json",
        "good.png",
        "typical.png",
        "worst.png",
        "damaged",
        "curve.png",
        "curve.tsv",
    }


def test_a_program_reads_one_document_of_means_and_nothing_else(
    photos: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("RIALTO_CACHE", str(tmp_path))
    options = ["--photos", str(photos), "--out", str(tmp_path / "out"), "--crop", "128"]
    options += ["--model-repo", str(MODEL_REPO), "--presets", "fast", "--metrics", "", "--json"]
    get_command(app)(["evaluate", "sr4x", *options], standalone_mode=False)
    told = json.loads(capsys.readouterr().out)
    assert (told["task"], told["photos"]) == (
        "sr4x",
        "photos, 2 photographs, central 128 px, bicubic ÷ 4",
    )
    bicubic, fast = told["methods"]
    assert (bicubic["method"], fast["method"], fast["photos"]) == ("bicubic", "fast", 2)
    assert fast["psnr_y"] > bicubic["psnr_y"] + 0.5
    assert fast["seconds_per_megapixel"] > 0


def test_a_photo_that_came_back_exact_has_no_number_that_json_cannot_hold() -> None:
    exact = Score("a", {"psnr_y": float("inf"), "ssim": 1.0}, 1.0, 1.0)
    report = Report("sr4x", "photos", "rialto", "bicubic", (), {"bicubic": [exact]})
    assert json.loads(json.dumps(report.record(), allow_nan=False))["methods"] == [
        {"method": "bicubic", "photos": 1, "psnr_y": None, "ssim": 1.0, "seconds_per_megapixel": 1}
    ]


@pytest.fixture
def inpainters(tmp_path: Path) -> Path:
    """A model repository whose one network fills holes; it has learnt nothing yet."""
    plan = TrainingPlan("inpaint", iterations=1, width=8, blocks=1)
    state = {"plan": vars(plan), "iteration": 1, "average": plan.network().state_dict()}
    exported = export_network(state, "inpaint", {"photographs": "none"})
    write_network(exported.model, exported.card, tmp_path / "inpainters")
    return tmp_path / "inpainters"


def test_inpainting_is_told_of_its_holes_and_judged_inside_them(
    photos: Path, inpainters: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RIALTO_CACHE", str(tmp_path))
    asked = Evaluation(
        "inpaint",
        photos,
        tmp_path / "out",
        model_repo=inpainters,
        presets=("fast",),
        crop=128,
        metrics=(),
        threads=1,
    )
    report = run(asked)
    mean = {summary.method: summary.values for summary in report.summaries}
    # A smooth fill is where the walk starts, so even this network beats mid-grey.
    assert mean["fast"]["psnr_mask"] > mean["holed"]["psnr_mask"] + 1
    kept = {file.name for file in (tmp_path / "out" / "damaged").iterdir()}
    assert kept == {"0.png", "0.holes.png", "1.png", "1.holes.png"}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"task": "colour"}, "no protocol for colour"),
        ({"peers": ("photoshop",)}, "no peer 'photoshop'"),
        ({"metrics": ("fid",)}, "no metric 'fid'"),
        ({"crop": 1000}, "smaller than 1000"),
    ],
)
def test_what_cannot_be_measured_is_refused_by_name(
    photos: Path, tmp_path: Path, wrong: dict[str, object], message: str
) -> None:
    asked = Evaluation("sr4x", photos, tmp_path / "out", model_repo=MODEL_REPO, metrics=())
    with pytest.raises(ValueError, match=message):
        run(replace(asked, **wrong))  # type: ignore[arg-type]


def test_a_preset_gives_the_same_pixels_each_time_and_others_for_another_seed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RIALTO_CACHE", str(tmp_path))
    small = np.random.default_rng(0).integers(0, 256, (16, 20, 3), dtype=np.uint8)
    made = []
    for seed in (0, 0, 1):
        with Embedded(MODEL_REPO, threads=1, seed=seed) as embedded:
            made.append(embedded.restorer("sr4x", "balanced")(small))
    assert made[0].shape == (64, 80, 3)
    np.testing.assert_array_equal(made[0], made[1])
    assert not np.array_equal(made[0], made[2])


def test_where_none_is_named_a_task_is_measured_by_the_presets_that_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RIALTO_CACHE", str(tmp_path))
    plan = TrainingPlan("denoise", iterations=1, width=8, blocks=1)
    state = {"plan": vars(plan), "iteration": 1, "average": plan.network().state_dict()}
    presets = ("best", "fast")
    exported = export_network(state, "denoise", {"photographs": "none"}, presets)
    write_network(exported.model, exported.card, tmp_path / "networks")
    with Embedded(tmp_path / "networks", threads=1) as embedded:
        assert embedded.presets_of("denoise") == ("fast", "best")
        with pytest.raises(ValueError, match="is for jpeg"):
            embedded.presets_of("jpeg")


def test_a_folder_without_networks_is_refused_and_leaves_no_loop_open(tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match="no networks"), Embedded(tmp_path):
        pass
    gc.collect()  # an event loop left open would warn here, and a warning is an error
