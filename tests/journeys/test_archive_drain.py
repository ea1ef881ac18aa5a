"""A worker that an operator stops: what can end in time ends, the rest is handed back."""

import signal
from pathlib import Path

import httpx2
import pytest

from tests.journeys.archive_hands import opened, photos, put, scans
from tests.journeys.test_archive_chaos import Fleet

LONG = {"task": "sr4x", "preset": "best"}


@pytest.mark.parametrize("grace_s", ["60", "0"])
def test_a_stopped_worker_ends_what_it_has_or_hands_it_back(
    tmp_path: Path, cache: Path, grace_s: str
) -> None:
    fleet = Fleet(tmp_path, cache, workers=0)
    fleet.settings |= {"grace_s": grace_s, "lease_s": "600"}  # no lease runs out meanwhile
    worker = fleet.start_worker()
    try:
        with httpx2.Client(base_url=fleet.gateway.url, timeout=60) as client:
            job = opened(client, outputs=[LONG])
            for name, data in scans(12, side=96).items():
                assert put(client, job, name, data).status_code == 201
            while client.get(f"/jobs/{job}").json()["counts"]["active"] < 2:
                pass
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(90) == 0
            counts = client.get(f"/jobs/{job}").json()["counts"]
            assert counts["active"] == counts["delayed"] == counts["failed"] == 0
            assert counts["waiting"] + counts["restored"] == counts["total"] == 12
            assert (counts["restored"] >= 2) == (grace_s == "60")
            attempts = {one["state"]: one["attempts"] for one in photos(client, job).values()}
            assert attempts.get("waiting") == 0
            assert attempts.get("restored", 1) == 1
            fleet.workers.append(fleet.start_worker())
            client.post(f"/jobs/{job}/close")
            while client.get(f"/jobs/{job}").json()["counts"]["active"] == 0:
                pass
    finally:
        fleet.stop()
