import json
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from rialto.commands.restore import restore

TASKS = {"tasks": [{"task": "sr4x", "title": "4x", "scale": 4, "presets": {}, "networks": []}]}


@pytest.fixture
def photos(tmp_path: Path, dandelion: Path) -> Path:
    for name in ("a.png", "sub/b.png", "sub/c.png"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_bytes(dandelion.read_bytes())
    return tmp_path / "in"


def run(*words: object) -> Result:
    app = typer.Typer()
    app.command()(restore)
    return CliRunner().invoke(app, [str(word) for word in words])


def test_one_photo_is_sent_with_its_options_and_saved(
    service: Any, acts: Any, photos: Path, tmp_path: Path, dandelion: Path
) -> None:
    service.play(acts.document(TASKS), acts.photo(b"restored"))
    options = ["--task", "sr4x", "--steps", 3, "--seed", 7, "--metadata", "strip"]
    done = run(photos / "a.png", tmp_path / "o.webp", *options, "--url", service.url)
    assert (done.exit_code, done.stdout) == (0, "")
    assert "sr4x@0123456789ab" in done.stderr
    assert (tmp_path / "o.webp").read_bytes() == b"restored"
    asked = service.asked[1]
    assert asked.body == dandelion.read_bytes()
    assert asked.query == {
        "task": "sr4x",
        "preset": "fast",
        "steps": "3",
        "seed": "7",
        "format": "webp",
        "metadata": "strip",
    }


def test_a_folder_is_told_photo_by_photo_and_a_failure_is_the_exit_code(
    service: Any, acts: Any, photos: Path, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/a.png").write_bytes(b"restored yesterday")
    broken = acts.problem(422, "broken-photo", "The file ends early.")
    service.play(acts.document(TASKS), broken, acts.photo(b"restored"))
    options = ["--task", "sr4x", "--json", "--concurrency", 1, "--url", service.url]
    done = run(photos, tmp_path / "out", *options)
    assert done.exit_code == 1
    lines = {Path(line["input"]).name: line for line in map(json.loads, done.stdout.splitlines())}
    told = {name: line["status"] for name, line in lines.items()}
    assert told == {"a.png": "skipped", "b.png": "failed", "c.png": "restored"}
    assert lines["b.png"]["error"] == "broken-photo"
    assert lines["b.png"]["request_id"] == "from-the-service"
    assert (lines["c.png"]["seed"], lines["c.png"]["bytes"]) == (7, 8)
    assert "1 restored, 1 skipped, 1 failed" in done.stderr
    assert "b.png: 422 broken-photo: The file ends early." in done.stderr
    assert (tmp_path / "out/sub/c.png").read_bytes() == b"restored"


def test_no_service_is_said_once_with_what_to_do(
    no_service: str, photos: Path, tmp_path: Path
) -> None:
    done = run(photos, tmp_path / "out", "--task", "sr4x", "--url", no_service)
    assert done.exit_code == 1
    assert "rialto serve" in done.stderr
    assert "3 not tried" in done.stderr
    assert not (tmp_path / "out").exists()


def test_an_unknown_task_is_said_once_with_the_known_ones(
    service: Any, acts: Any, photos: Path, tmp_path: Path
) -> None:
    service.play(acts.document(TASKS))
    done = run(photos, tmp_path / "out", "--task", "sr5x", "--url", service.url)
    assert done.exit_code == 1
    assert "'sr5x', only sr4x" in done.stderr


@pytest.mark.parametrize(
    ("target", "options", "reason"),
    [
        ("a.png", [], "exists"),
        ("in/a.png", ["--overwrite"], "original"),
        ("b.png", ["--preset", "worst"], "balanced"),
        ("b.png", ["--steps", "0"], "--steps"),
    ],
)
def test_wishes_that_cannot_be_met_are_usage_errors(
    photos: Path, tmp_path: Path, target: str, options: list[str], reason: str
) -> None:
    (tmp_path / "a.png").write_bytes(b"restored yesterday")
    done = run(photos / "a.png", tmp_path / target, "--task", "sr4x", *options)
    assert done.exit_code == 2
    assert reason in done.stderr
    assert (tmp_path / "a.png").read_bytes() == b"restored yesterday"


def test_ctrl_c_stops_the_work_and_says_what_is_left(
    service: Any, acts: Any, photos: Path, tmp_path: Path
) -> None:
    begun, over = threading.Event(), threading.Event()
    service.play(acts.document(TASKS), acts.silence(over, begun))
    command = [sys.executable, "-m", "rialto.cli", "restore", photos, tmp_path / "out"]
    options = ["--task", "sr4x", "--concurrency", "1", "--url", service.url]
    with subprocess.Popen([*command, *options], stderr=subprocess.PIPE, text=True) as process:
        try:
            assert begun.wait(30)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=30)
        finally:
            over.set()
            process.kill()
    assert process.returncode == 130
    assert "3 not tried" in said
    assert not (tmp_path / "out").exists()
