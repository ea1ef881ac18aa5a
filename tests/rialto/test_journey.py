"""A real photograph through the real service: by both clients and by the command line."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from rialto import Client, Progress


def pixels(photo: bytes) -> np.ndarray[Any, Any]:
    with Image.open(io.BytesIO(photo)) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def test_a_photo_comes_back_four_times_larger_and_alike(
    live_service: Any, ask: Any, dandelion: Path
) -> None:
    restored = ask(live_service.url, "restore", dandelion, task="sr4x", format="png", seed=1)
    with Image.open(dandelion) as small:
        large = small.convert("RGB").resize((small.width * 4, small.height * 4), Image.BICUBIC)
    got = pixels(restored.content)
    assert got.shape == (large.height, large.width, 3)
    assert np.abs(got - np.asarray(large)).mean() < 8  # of 255: the same picture, only sharper
    assert restored.network.startswith("sr4x")
    assert restored.seed == 1
    assert {"wait", "decode", "infer", "pack"} <= set(restored.timing)


def test_progress_ends_at_the_whole_and_the_photo_is_that_of_a_plain_call(
    live_service: Any, ask: Any, dandelion: Path
) -> None:
    told: list[Progress] = []
    options = {"task": "jpeg", "preset": "balanced", "seed": 3, "format": "png"}
    watched = ask(live_service.url, "restore", dandelion, on_progress=told.append, **options)
    plain = ask(live_service.url, "restore", dandelion, **options)
    assert told[-1].fraction == 1
    assert [progress.fraction for progress in told] == sorted(p.fraction for p in told)
    assert (pixels(watched.content) == pixels(plain.content)).all()
    assert (watched.plan, watched.seed) == (plain.plan, 3)


@pytest.mark.parametrize("door", ["service", "process"])
def test_the_command_restores_a_folder_by_either_door_to_the_same_pixels(
    live_service: Any, dandelion: Path, tmp_path: Path, door: str
) -> None:
    (tmp_path / "in/sub").mkdir(parents=True)
    (tmp_path / "in/sub/photo.jpg").write_bytes(dandelion.read_bytes())
    (tmp_path / "in/broken.jpg").write_bytes(dandelion.read_bytes()[:2000])
    words = ["--local"] if door == "process" else ["--url", live_service.url]
    options = ["--task", "jpeg", "--format", "png", "--json", *words]
    done = subprocess.run(
        [sys.executable, "-m", "rialto.cli", "restore", "in", "out", *options],
        cwd=tmp_path,
        env={**os.environ, "RIALTO_MODEL_REPO": str(Path("model_repo").resolve())},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    lines = {line["output"]: line for line in map(json.loads, done.stdout.splitlines())}
    assert lines["out/broken.png"]["error"] == "broken-photo"
    assert lines["out/sub/photo.png"]["status"] == "restored"
    with Client(live_service.url) as client:
        plain = client.restore(dandelion, task="jpeg", format="png")
    by_command = (tmp_path / "out/sub/photo.png").read_bytes()
    assert (pixels(by_command) == pixels(plain.content)).all()
    assert lines["out/sub/photo.png"]["network"] == plain.network


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--task", "colourise"], "No task 'colourise'"),
        (["--task", "jpeg", "--sampler", "ot-ode"], "ot-ode"),
    ],
)
def test_a_wish_that_no_network_can_fulfil_is_told_once_before_any_photo(
    dandelion: Path, tmp_path: Path, options: list[str], told: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rialto.cli", "restore", dandelion, "out.png", "--local", *options],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out.png").exists()
