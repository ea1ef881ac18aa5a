"""docs/00-tutorial.md from its first command to its last, with fewer updates."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest
from PIL import Image

from tests.conftest import EXAMPLES, ROOT, environment_of, start_service
from tests.journeys.docs_hands import typed

LINES = [one.line for one in typed() if one.page == "docs/00-tutorial.md"]


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """Photographs to train on and others to judge by, as the page has them."""
    with Image.open(EXAMPLES / "market-q10.jpg") as photo:
        for number, left in enumerate(range(0, photo.width - 320, 16)):
            folder = tmp_path / ("kept" if number < 2 else "photos")
            folder.mkdir(exist_ok=True)
            photo.crop((left, 0, left + 320, 320)).save(folder / f"{number}.png")
    (tmp_path / "cache").mkdir()
    shutil.copy(EXAMPLES / "parrots-small.png", tmp_path / "photo.png")
    return tmp_path


def run(line: str, desk: Path) -> str:
    words = line.replace("rialto ", f"{sys.executable} -m rialto.cli ", 1)
    words = re.sub(r"--hours \S+", "--iterations 20", words)
    environment = {**environment_of(desk / "cache"), "PYTHONPATH": str(ROOT)}
    environment["RIALTO_CACHE"] = os.environ.get("RIALTO_CACHE", environment["RIALTO_CACHE"])
    done = subprocess.run(
        ["bash", "-euc", words],
        cwd=desk,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.mark.long
def test_the_tutorial_leads_from_photographs_to_a_restored_photo(desk: Path) -> None:
    photos, train, export, evaluate, serve, restore = LINES
    assert photos == "rialto photos photos"  # 150 MB: the desk has some already
    run(train, desk)
    assert (desk / "runs/sr4x/latest.pt").exists()
    assert json.loads(run(f"{export} --json", desk))["folder"] == "mine/sr4x"
    assert "bicubic" in run(evaluate, desk)
    name, _, command = serve.partition(" ")
    assert (name, command) == ("RIALTO_MODEL_REPO=mine", "rialto serve")
    service = start_service(desk / "cache", model_repo=str(desk / "mine"))
    try:
        run(restore.replace("localhost:8000", service.url), desk)
        network = httpx2.get(f"{service.url}/tasks").json()["tasks"][0]["networks"][0]
    finally:
        service.stop()
    with Image.open(desk / "photo.png") as before, Image.open(desk / "larger.png") as after:
        assert after.size == (4 * before.width, 4 * before.height)
    assert network["weights_sha256"][:12] in (desk / "mine/sr4x/README.md").read_text()
