"""The caretaker: what it sees is in the metrics, and its rounds mend, sweep and forget."""

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from redis.asyncio import Redis

from service.archive import caretaker
from service.archive.blobs import Blobs
from service.archive.caretaker import Caretaker
from service.archive.queue import NewPhoto, Queue
from service.archive.records import InputBlob, Job
from service.archive.sources import Sources
from service.archive.webhooks import WebhookStore
from service.ending import ended
from service.telemetry import Telemetry
from tests.service.archive.queue.making import output, photo, photos, run_out, spec


def of(redis: Redis, folder: Path, telemetry: Telemetry, retention_s: float = 60) -> Caretaker:
    hooks, sources = WebhookStore(redis), Sources(Blobs.open(folder))
    return Caretaker(Queue(redis), sources, hooks, telemetry, retention_s=retention_s)


async def until(holds: Callable[[], bool]) -> None:
    """Wait for what tells no event: a gauge that is set."""
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110 -- see above
            await asyncio.sleep(0.01)


async def test_every_process_tells_the_same_backlog_and_one_of_them_the_round(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caretaker, "REAP_S", 0.01)
    monkeypatch.setattr(caretaker, "BACKLOG_S", 0.02)
    monkeypatch.setattr(caretaker, "ROUND_S", 0.05)
    queue = Queue(redis)
    job = await queue.open_job(spec("high"))
    await queue.add(job.id, photos(job.id, 3))
    [lease] = await queue.take("silent")
    await run_out(redis, lease)
    began, several = time.time(), [Telemetry(), Telemetry()]
    tasks = [asyncio.create_task(of(redis, tmp_path, one).run()) for one in several]

    def told(telemetry: Telemetry, name: str, **labels: str) -> float:
        return telemetry.registry.get_sample_value(f"rialto_archive_{name}", labels) or 0.0

    def seen(telemetry: Telemetry) -> bool:
        waiting = told(telemetry, "backlog_photos", state="waiting", priority="high")
        return waiting == 3 and told(telemetry, "backlog_megapixels") == 36

    def round_ended() -> bool:
        return max(told(one, "caretaker_round_timestamp_seconds") for one in several) > began + 0.05

    await until(lambda: all(map(seen, several)) and round_ended())
    for task in tasks:
        await ended(task)
    reaped = [told(one, "reaped_total", reason="lease-expired") for one in several]
    assert sum(reaped) == 1
    assert [told(one, "jobs", state="open") for one in several] == [1, 1]


class Attic:
    """An ended job of one restored photo whose original lies in an operator's folder."""

    def __init__(self, redis: Redis, folder: Path) -> None:
        self.queue, self.own, self.root = Queue(redis), Blobs.open(folder / "own"), folder / "own"
        self.original = folder / "scans/a.jpg"
        self.original.parent.mkdir()
        self.original.write_bytes(b"scan")
        self.keeper = of(redis, self.root, Telemetry())

    async def ended(self) -> Job:
        job = await self.queue.open_job(spec())
        blob = InputBlob(key=f"file://{self.original}", bytes=4, sha256="")
        sent = photo(job.id, "b.jpg", b"sent")
        await self.own.put(sent.input.key, b"sent")
        await self.queue.add(job.id, [NewPhoto("a.jpg", "a.jpg", (), blob), sent])
        for lease in await self.queue.take("w", 2):
            made = output().model_copy(update={"key": f"jobs/{job.id}/out/{lease.name}"})
            await self.own.put(made.key, b"result")
            await self.queue.done(lease, (made,))
        return await self.queue.close_job(job.id)

    async def keys(self) -> set[str]:
        return {blob.key async for blob in self.own.list()}


@pytest.fixture
def attic(redis: Redis, tmp_path: Path) -> Attic:
    return Attic(redis, tmp_path)


async def test_a_job_goes_after_its_retention_and_originals_stay(
    attic: Attic, redis: Redis
) -> None:
    old, running = await attic.ended(), await attic.queue.open_job(spec())
    await attic.keeper.round()
    assert {job.id for job in await attic.queue.jobs()} == {old.id, running.id}
    assert len(await attic.keys()) == 3
    await of(redis, attic.root, Telemetry(), retention_s=0).round()
    assert [job.id for job in await attic.queue.jobs()] == [running.id]
    assert await attic.keys() == set()
    assert attic.original.read_bytes() == b"scan"


async def test_a_sweep_takes_old_blobs_that_nobody_names_and_nothing_else(attic: Attic) -> None:
    job = await attic.ended()
    named = await attic.keys()
    for name in ("old", "young"):
        await attic.own.put(f"jobs/{job.id}/out/{name}", b"of a worker that was killed")
    for file in attic.root.rglob("*"):
        if file.is_file() and file.name != "young":
            os.utime(file, (1, 1))
    await attic.keeper.round()
    assert await attic.keys() == named | {f"jobs/{job.id}/out/young"}


async def test_a_round_finds_photos_that_no_line_holds(attic: Attic, redis: Redis) -> None:
    job = await attic.queue.open_job(spec())
    await attic.queue.add(job.id, photos(job.id, 3))
    await redis.delete("{rialto}:job:" + job.id + ":line")
    assert await attic.queue.take("w", 3) == []
    await attic.keeper.round()
    assert len(await attic.queue.take("w", 3)) == 3
