"""The programs in examples/, as people run them, against a real service."""

import io
import os
import subprocess
import sys
from pathlib import Path

import httpx2
import numpy as np
import pytest
from PIL import Image

from deploy.ports import free_ports
from tests.conftest import EXAMPLES, ROOT, LiveService, start_service

SECRET = "whsec_" + "Rk9S" * 8


def example(name: str, *words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, EXAMPLES / name, *map(str, words)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    """A corner of the example photograph, so that its restoration takes a moment only."""
    with Image.open(EXAMPLES / "market-q10.jpg") as photo:
        photo.crop((0, 0, 128, 96)).save(tmp_path / "scan.jpg", quality=20)
    return tmp_path / "scan.jpg"


def test_every_example_is_run_here() -> None:
    text = Path(__file__).read_text()
    for file in EXAMPLES.glob("*.py"):
        assert f'"{file.name}"' in text, file


def test_one_photo_is_restored_and_says_how(
    live_service: LiveService, scan: Path, tmp_path: Path
) -> None:
    done = example("restore_one.py", scan, tmp_path / "out.png", "--url", live_service.url)
    assert done.returncode == 0, done.stderr
    assert "seed 1" in done.stdout
    assert "infer" in done.stdout
    with Image.open(tmp_path / "out.png") as photo:
        assert photo.size == (128, 96)


def test_the_walk_is_watched_picture_by_picture(
    live_service: LiveService, scan: Path, tmp_path: Path
) -> None:
    done = example("watch_steps.py", scan, tmp_path / "steps", "--url", live_service.url)
    assert done.returncode == 0, done.stderr
    steps = [line for line in done.stdout.splitlines() if line.startswith("step")]
    total = int(steps[-1].split()[3].rstrip(","))
    assert len(steps) == total > 1
    for kind in ("x_0", "x_t"):
        pictures = sorted((tmp_path / "steps").glob(f"*-{kind}.webp"))
        assert pictures, kind
        with Image.open(io.BytesIO(pictures[-1].read_bytes())) as picture:
            assert picture.width / picture.height == pytest.approx(128 / 96, rel=0.05)
    with Image.open(tmp_path / "steps/restored.png") as photo:
        assert photo.size == (128, 96)


def test_a_job_is_filled_watched_and_fetched_and_its_end_told_to_a_receiver(
    cache: Path, scan: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "scans/box 1"
    folder.mkdir(parents=True)
    (folder / "good.jpg").write_bytes(scan.read_bytes())
    (folder / "broken.jpg").write_bytes(scan.read_bytes()[:500])
    (port,) = free_ports(1)
    receiver = subprocess.Popen(
        [sys.executable, EXAMPLES / "receive_webhook.py", "--port", str(port)],
        env={**os.environ, "WEBHOOK_SECRET": SECRET},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert receiver.stdout is not None
    url = receiver.stdout.readline().split()[-1]
    service = start_service(cache, webhook_secrets=SECRET, webhook_hosts=f"127.0.0.1:{port}")
    try:
        words = [tmp_path / "scans", tmp_path / "out", "--webhook", url, "--url", service.url]
        done = example("archive_job.py", *words)
        assert done.returncode == 0, done.stderr
        assert "1 restored, 1 failed of 2" in done.stdout
        assert "broken.jpg: " in done.stdout
        assert [file.name for file in (tmp_path / "out").rglob("*.png")] == ["good.jpg.png"]
        assert receiver.stdout.readline().startswith("job.finished ")
        again = example("archive_job.py", *words)  # the same job, not another
        assert again.returncode == 0, again.stderr
        jobs = httpx2.get(f"{service.url}/jobs").json()["jobs"]
        assert [job["counts"]["total"] for job in jobs] == [2]
        forged = {"webhook-id": "evt_1", "webhook-timestamp": "0", "webhook-signature": "v1,AAAA"}
        assert httpx2.post(url, content=b"{}", headers=forged).status_code == 400
    finally:
        service.stop()
        receiver.terminate()
        receiver.wait(10)
        receiver.stdout.close()


def test_a_photo_is_repaired_where_the_mask_is_white_and_nowhere_else(
    live_service: LiveService, scan: Path, tmp_path: Path
) -> None:
    with Image.open(scan) as photo:
        before = np.asarray(photo.convert("RGB"))
    Image.fromarray(before).save(tmp_path / "photo.png")
    hole = np.zeros(before.shape[:2], bool)
    hole[30:50, 40:80] = True
    Image.fromarray(np.uint8(hole) * 255).save(tmp_path / "mask.png")
    words = [tmp_path / name for name in ("photo.png", "mask.png", "out.png")]
    done = example("inpaint.py", *words, "--url", live_service.url)
    served = {task["task"] for task in httpx2.get(f"{live_service.url}/tasks").json()["tasks"]}
    if "inpaint" not in served:
        assert done.returncode == 1
        assert "does not inpaint" in done.stderr
        return
    assert done.returncode == 0, done.stderr
    with Image.open(tmp_path / "out.png") as photo:
        after = np.asarray(photo.convert("RGB"))
    assert (after[~hole] == before[~hole]).all()
    assert (after[hole] != before[hole]).any()
