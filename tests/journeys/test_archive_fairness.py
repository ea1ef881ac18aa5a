"""Fairness through the running service: a small job is not buried, and equal jobs share equally."""

from pathlib import Path

import httpx2
import pytest

from tests.journeys.archive_hands import ended, opened, scans, served

PLACES = 2  # photos that the embedded worker restores at once


def fill(client: httpx2.Client, source: Path, how_many: int) -> str:
    """A closed job of `how_many` photos, which are a few files under many names."""
    job = opened(client)
    files = sorted(str(path.relative_to(source)) for path in source.rglob("*.jpg"))
    rows = [f"{number:05}.jpg,{files[number % len(files)]}" for number in range(how_many)]
    manifest = "\n".join(["name,key", *rows, ""]).encode()
    params = {"source": f"file://{source}", "format": "csv"}
    answer = client.post(f"/jobs/{job}/manifest", params=params, content=manifest)
    assert answer.json()["new"] == how_many
    client.post(f"/jobs/{job}/close")
    return job


def restored(client: httpx2.Client, job: str) -> int:
    count: int = client.get(f"/jobs/{job}").json()["counts"]["restored"]
    return count


@pytest.mark.long
def test_one_photo_behind_five_thousand_waits_for_three_at_most(
    cache: Path, tmp_path: Path
) -> None:
    for name, data in scans(8).items():
        (tmp_path / "scans" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "scans" / name).write_bytes(data)
    settings = {"archive_sources": f"file://{tmp_path}/scans", "archive_places": str(PLACES)}
    with served(cache, **settings) as (_, client):
        large = fill(client, tmp_path / "scans", 5000)
        while restored(client, large) < 20:
            pass
        for _ in range(5):
            before = restored(client, large)
            small = fill(client, tmp_path / "scans", 1)
            assert ended(client, small)["counts"]["restored"] == 1
            assert restored(client, large) - before <= 3 * PLACES


@pytest.mark.long
def test_ten_jobs_of_different_size_are_restored_at_one_pace(cache: Path, tmp_path: Path) -> None:
    for name, data in scans(8).items():
        (tmp_path / "scans" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "scans" / name).write_bytes(data)
    with served(cache, archive_sources=f"file://{tmp_path}/scans") as (_, client):
        sizes = [40, 2000, 60, 300, 80, 900, 100, 500, 120, 1300]
        jobs = [fill(client, tmp_path / "scans", size) for size in sizes]
        begun = [restored(client, job) for job in jobs]
        while min(restored(client, job) for job in jobs) < 30:
            pass
        done = [restored(client, job) - start for job, start in zip(jobs, begun, strict=True)]
        assert sum(done) ** 2 / (len(done) * sum(n * n for n in done)) >= 0.95
