"""What the operating guide promises, rehearsed: a back-up saves a job, an upgrade loses nothing."""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import httpx2
import pytest

from deploy.backup import back_up, restore
from tests.conftest import ROOT, environment_of
from tests.journeys.archive_hands import ended, events, opened, photos, put, result, scans
from tests.journeys.test_archive_chaos import Fleet

OLD = "dc1d9a4"  # the version whose records had no seconds
PATIENCE_S = 300


def until(holds: Callable[[], bool]) -> None:
    """Wait for what other processes do, which no event of ours tells of."""
    limit = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < limit
        time.sleep(0.05)  # between looks at other processes


def restored_by(client: httpx2.Client, job: str) -> set[str]:
    """Process ids of the workers that have restored a photo of the job."""
    asked = {"state": "restored", "limit": 10_000}
    found = client.get(f"/jobs/{job}/photos", params=asked).json()["photos"]
    return {photo["worker"].split("-")[-2] for photo in found}


@pytest.mark.long
def test_after_losing_everything_a_job_goes_on_from_the_back_up(
    tmp_path: Path, cache: Path
) -> None:
    (tmp_path / "first").mkdir()
    (tmp_path / "second").mkdir()
    sent = scans(30)
    early = dict(list(sent.items())[:20])
    fleet = Fleet(tmp_path / "first", cache, workers=1)
    try:
        with httpx2.Client(base_url=fleet.gateway.url, timeout=60) as client:
            job = opened(client, title="Attic")
            for name, data in early.items():
                put(client, job, name, data).raise_for_status()
            until(lambda: len(restored_by(client, job)) > 0)
            url, blobs = fleet.settings["redis_url"], tmp_path / "first/data/blobs"
            back_up(url, tmp_path / "first", blobs, tmp_path / "back-up")
            for name, data in sent.items():
                put(client, job, name, data).raise_for_status()
    finally:
        for process in (fleet.valkey, fleet.gateway.process, *fleet.workers):
            process.kill()
            process.wait()
    shutil.rmtree(tmp_path / "first")
    (tmp_path / "second/data").mkdir()
    restore(tmp_path / "back-up", tmp_path / "second", tmp_path / "second/data/blobs")
    fleet = Fleet(tmp_path / "second", cache, workers=1)
    try:
        with httpx2.Client(base_url=fleet.gateway.url, timeout=60) as client:
            assert set(photos(client, job)) == set(early)
            for name, data in sent.items():  # the sender goes on: it repeats what it has sent
                put(client, job, name, data).raise_for_status()
            client.post(f"/jobs/{job}/close").raise_for_status()
            document = ended(client, job)
            assert document["counts"]["restored"] == len(sent)
            for photo in photos(client, job).values():
                result(client, job, photo["outputs"][0])
    finally:
        fleet.stop()


@pytest.fixture
def old_version(tmp_path: Path) -> Path:
    """The sources of the old version, from the repository's history."""
    archive = subprocess.run(["git", "archive", OLD], cwd=ROOT, capture_output=True, check=False)
    if archive.returncode != 0:
        pytest.skip(f"no clone with its history: {OLD} is not in it")  # as in a source archive
    folder = tmp_path / "old"
    folder.mkdir()
    subprocess.run(["tar", "-x"], cwd=folder, input=archive.stdout, check=True)
    return folder


class Versions(Fleet):
    """A fleet whose gateway and worker may be those of another version."""

    def worker_of(self, sources: Path) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [sys.executable, "-m", "rialto.cli", "worker", "--metrics-port", "0"],
            cwd=sources,
            env=environment_of(self.cache, threads="1", **self.settings),
            stderr=subprocess.DEVNULL,
        )


@pytest.mark.long
def test_an_upgrade_one_process_after_another_loses_no_photo(
    tmp_path: Path, cache: Path, old_version: Path
) -> None:
    (tmp_path / "fleet").mkdir()
    fleet = Versions(tmp_path / "fleet", cache, workers=0)
    old = fleet.worker_of(old_version)
    waiting = iter(scans(1000).items())
    sent = 0
    try:
        with httpx2.Client(base_url=fleet.gateway.url, timeout=60) as client:
            job = opened(client)
            new = fleet.worker_of(ROOT)
            fleet.workers.append(new)
            while not {str(old.pid), str(new.pid)} <= restored_by(client, job):
                put(client, job, *next(waiting)).raise_for_status()
                sent += 1
            old.send_signal(signal.SIGTERM)
            for name, data in islice(waiting, 10):
                put(client, job, name, data).raise_for_status()
                sent += 1
            assert old.wait(60) == 0
            client.post(f"/jobs/{job}/close").raise_for_status()
            document = ended(client, job)
            assert document["counts"]["restored"] == document["counts"]["total"] == sent
            told = [kind for kind, _ in events(client, job)]
            assert told.count("restored") == sent
    finally:
        old.kill()
        old.wait()
        fleet.stop()
