"""`rialto train` in a process of its own, killed as machines kill."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from bridge.checkpoint import load_checkpoint

ITERATIONS = 60


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(6):
        Image.fromarray(rng.integers(0, 256, (320, 320, 3), dtype=np.uint8)).save(
            folder / f"{number}.png"
        )
    return folder


def command(photos: Path, out: Path, *options: str) -> list[str]:
    tiny = ["--width", "8", "--blocks", "1", "--patch", "32", "--batch", "2"]
    return [
        *(sys.executable, "-m", "rialto.cli", "train", "sr4x"),
        *("--photos", str(photos), "--out", str(out), "--save-every", "0"),
        *tiny,
        *options,
    ]


def test_a_training_that_was_killed_and_resumed_ends_as_one_that_was_not(
    photos: Path, tmp_path: Path
) -> None:
    count = ("--iterations", str(ITERATIONS))
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    subprocess.run(command(photos, whole, *count), check=True, capture_output=True)

    process = subprocess.Popen(command(photos, killed, *count), stdout=subprocess.DEVNULL)
    latest = killed / "sr4x" / "latest.pt"
    while not latest.exists() and process.poll() is None:
        pass
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert load_checkpoint(latest)["iteration"] < ITERATIONS
    # Without a number, a resumed run keeps the one it was started with.
    subprocess.run(command(photos, killed), check=True, capture_output=True)

    states = [load_checkpoint(out / "sr4x" / "latest.pt") for out in (whole, killed)]
    assert [state["iteration"] for state in states] == [ITERATIONS, ITERATIONS]
    for name, weight in states[0]["average"].items():
        assert torch.equal(weight, states[1]["average"][name]), name


def test_a_training_that_is_asked_to_stop_saves_where_it_stands(
    photos: Path, tmp_path: Path
) -> None:
    run = command(photos, tmp_path, "--iterations", "100000")
    process = subprocess.Popen(run, stdout=subprocess.DEVNULL)
    latest = tmp_path / "sr4x" / "latest.pt"
    while not latest.exists() and process.poll() is None:
        pass
    process.terminate()
    assert process.wait() == 0
    assert 1 <= load_checkpoint(latest)["iteration"] < 100_000


def test_the_curve_is_logged_and_can_be_drawn(photos: Path, tmp_path: Path) -> None:
    run = command(photos, tmp_path, "--iterations", "3")
    subprocess.run(run, check=True, capture_output=True)
    log = tmp_path / "sr4x" / "log.jsonl"
    (record,) = (json.loads(line) for line in log.read_text().splitlines())
    assert record["iteration"] == 3
    assert 5 < record["psnr_y"] < 60
    picture = tmp_path / "curve.png"
    draw = [sys.executable, "-m", "rialto.cli", "plot", str(log), str(picture)]
    subprocess.run(draw, check=True, capture_output=True)
    with Image.open(picture) as drawn:
        assert drawn.width > 400


def test_a_program_reads_the_curve_line_by_line_and_nothing_else(
    photos: Path, tmp_path: Path
) -> None:
    run = command(photos, tmp_path, "--iterations", "3", "--json")
    told = subprocess.run(run, check=True, capture_output=True, text=True)
    log = tmp_path / "sr4x" / "log.jsonl"
    assert told.stdout == log.read_text()
    assert json.loads(told.stdout)["iteration"] == 3


@pytest.mark.parametrize(
    ("options", "complaint"),
    [(["--photos", "/nowhere"], "no photographs"), (["--patch", "33"], "multiple")],
)
def test_what_cannot_be_trained_is_refused_in_a_sentence(
    photos: Path, tmp_path: Path, options: list[str], complaint: str
) -> None:
    run = command(photos, tmp_path, "--iterations", "1", *options)
    refused = subprocess.run(run, capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert complaint in refused.stderr
    assert "Traceback" not in refused.stderr


def test_other_photographs_than_the_checkpoint_saw_are_refused(
    photos: Path, tmp_path: Path
) -> None:
    run = command(photos, tmp_path, "--iterations", "2")
    subprocess.run(run, check=True, capture_output=True)
    (photos / "0.png").unlink()
    refused = subprocess.run(run, capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "other photographs" in refused.stderr
