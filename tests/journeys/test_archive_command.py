"""`rialto archive` as a person runs it: broken off, killed, and run again until all is there."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import bagit
import pytest

from rialto.commands.interrupt import INTERRUPTED
from tests.conftest import ROOT, LiveService, environment_of, start_service
from tests.journeys.archive_hands import scans


def command(folder: Path, out: Path, url: str, *words: str) -> list[str]:
    options = ["--task", "jpeg", "--format", "png", "--out", str(out), "--url", url]
    return [sys.executable, "-m", "rialto.cli", "archive", str(folder), *options, *words]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "scans"
    for name, data in scans(30, side=96).items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return root


def test_a_folder_becomes_a_bag_though_command_and_service_are_killed(
    cache: Path, folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "bag"
    settings = {"data": str(tmp_path / "data"), "lease_s": "2"}
    service = start_service(cache, **settings)
    url = service.url
    first = subprocess.Popen(command(folder, out, url, "--bag"), cwd=ROOT)
    while not (out / ".rialto-job.json").exists() and first.poll() is None:
        pass
    first.kill()
    first.wait()
    second = subprocess.Popen(command(folder, out, url, "--bag"), cwd=ROOT)
    service.process.kill()
    service.process.wait()
    port = url.rpartition(":")[2]
    service = start_service(cache, port=port, **settings)
    try:
        assert second.wait(120) == 0
        bagit.Bag(str(out)).validate()
        names = {f"{name}.png" for name in scans(30)}
        payload = {str(file.relative_to(out / "data")) for file in out.rglob("data/**/*.png")}
        assert payload == names
        records = (out / "metadata/events.jsonl").read_text().splitlines()
        assert [json.loads(line)["outcome"] for line in records] == ["restored"] * 30
    finally:
        service.stop()


def test_ctrl_c_is_told_and_the_same_command_goes_on(
    live_service: LiveService, folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    words = command(folder, out, live_service.url)
    first = subprocess.Popen(words, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    while not (out / ".rialto-job.json").exists() and first.poll() is None:
        pass
    first.send_signal(signal.SIGINT)
    _, said = first.communicate(timeout=60)
    assert first.returncode == INTERRUPTED
    assert "the same command goes on from here" in said
    assert "Traceback" not in said
    subprocess.run(words, cwd=ROOT, check=True, timeout=120)
    assert len(list(out.rglob("*.png"))) == 30


def test_a_photo_that_fails_is_told_and_the_others_are_fetched(
    live_service: LiveService, folder: Path, tmp_path: Path
) -> None:
    (folder / "broken.jpg").write_bytes(b"no photo")
    (folder / "._scan.jpg").write_bytes(b"what some systems leave beside a photo")
    done = subprocess.run(
        command(folder, tmp_path / "out", live_service.url, "--json"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "failed broken.jpg" in done.stderr
    assert "30 restored, 1 failed" in done.stderr
    assert len(list((tmp_path / "out").rglob("*.png"))) == 30
    told = json.loads(done.stdout)
    assert told.pop("unsent") == []
    assert (told["state"], told["counts"]["failed"]) == ("finished", 1)
    assert [(one["name"], one["failure"]["slug"]) for one in told["failed"]] == [
        ("broken.jpg", "not-a-photo")
    ]
    assert "finished" in jobs(live_service.url)
    assert told["id"] in {one["id"] for one in json.loads(jobs(live_service.url, "--json"))["jobs"]}
    assert "broken.jpg\tnot-a-photo" in jobs(live_service.url, told["id"], "--failed")
    assert json.loads(jobs(live_service.url, told["id"], "--failed", "--json")) == told


def test_photos_that_cannot_be_taken_hold_up_no_other_and_are_told_each_time(
    live_service: LiveService, folder: Path, tmp_path: Path
) -> None:
    photo = (folder / "box 0/scan 0000.jpg").read_bytes()
    (folder / "box 0/SCAN 0000.jpg").write_bytes((folder / "box 0/scan 0002.jpg").read_bytes())
    (folder / "box 0/aux.jpg").write_bytes(photo)
    (folder / "box 0/50% off.jpg").write_bytes(photo)
    (folder / os.fsdecode(b"box 0/Gr\xfc\xdfe.jpg")).write_bytes(photo)
    out = tmp_path / "out"
    words = command(folder, out, live_service.url, "--json", "--bag")
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    told = json.loads(done.stdout)
    reasons = {one["name"]: one["detail"] for one in told["unsent"]}
    [taken] = {"box 0/SCAN 0000.jpg", "box 0/scan 0000.jpg"} & set(reasons)
    assert set(reasons) == {taken, "box 0/aux.jpg", "box 0/Gr\ufffd\ufffde.jpg"}
    assert "device on Windows" in reasons["box 0/aux.jpg"]
    assert "not sent box 0/aux.jpg: " in done.stderr
    assert (told["counts"]["restored"], told["counts"]["failed"]) == (31, 0)
    bagit.Bag(str(out)).validate()
    assert (out / "data/box 0/50％ off.jpg.png").exists()
    (folder / "late.jpg").write_bytes(photo)
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    again = json.loads(done.stdout)
    assert again["id"] == told["id"]
    assert {one["name"] for one in again["unsent"]} == {*reasons, "late.jpg"}


def jobs(url: str, *words: str) -> str:
    """What `rialto jobs` prints for programs and people who read standard output."""
    return subprocess.run(
        [sys.executable, "-m", "rialto.cli", "jobs", *words, "--url", url],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_another_wish_for_the_same_results_folder_is_refused(
    live_service: LiveService, folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / ".rialto-job.json").write_text('{"wish": {"folder": "elsewhere"}, "key": "x"}')
    done = subprocess.run(
        command(folder, out, live_service.url),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "elsewhere" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_worker_without_a_queue_to_share_says_so(cache: Path, tmp_path: Path) -> None:
    environment = environment_of(cache, data=str(tmp_path))
    environment.pop("RIALTO_REDIS_URL", None)
    done = subprocess.run(
        [sys.executable, "-m", "rialto.cli", "worker"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "RIALTO_REDIS_URL" in done.stderr
