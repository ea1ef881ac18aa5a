"""A worker beside the queue: it works while a photo is its own, and blames none for an outage."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from service.archive import worker
from service.archive.blobs import Blobs
from service.archive.queue import Lease, Queue
from service.archive.sources import Sources
from service.archive.worker import Worker
from service.ending import ended
from service.restore import Restorer
from service.restore.infer import EngineAway
from service.telemetry import Telemetry
from tests.service.archive.queue.making import output, photo, run_out, spec


class Held:
    """A restorer that holds each photo until its work is cancelled."""

    def __init__(self) -> None:
        self.started, self.stopped = asyncio.Event(), asyncio.Event()

    async def restore(self, *_: Any) -> AsyncIterator[object]:
        self.started.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.stopped.set()
        yield


class Away:
    """A restorer whose engine is away."""

    def __init__(self) -> None:
        self.asked = asyncio.Semaphore(0)

    async def restore(self, *_: Any) -> AsyncIterator[object]:
        self.asked.release()
        raise EngineAway("It died.")
        yield


@pytest.fixture
def queue(redis: Redis) -> Queue:
    return Queue(redis, lease_s=1)


@asynccontextmanager
async def working(queue: Queue, folder: Path, restorer: object) -> AsyncIterator[str]:
    """A worker with one place, and the job of one photo that it is at."""
    own = Blobs.open(folder)
    job = await queue.open_job(spec())
    sent = photo(job.id, "a.jpg", b"x")
    await own.put(sent.input.key, b"x")
    await queue.add(job.id, [sent])
    one = Worker(queue, Sources(own), cast(Restorer, restorer), Telemetry(), name="one", places=1)
    task = asyncio.create_task(one.run())
    try:
        yield job.id
    finally:
        one.drain()
        await ended(task)


async def test_a_worker_that_lost_its_lease_stops_and_the_other_ends_the_photo_once(
    queue: Queue, redis: Redis, tmp_path: Path
) -> None:
    held = Held()
    async with asyncio.timeout(30), working(queue, tmp_path, held) as job_id:
        await held.started.wait()
        other = await taken_over(queue, redis, job_id)
        await held.stopped.wait()
        assert await queue.done(other, (output(),))
        record = await queue.photo(job_id, "a.jpg")
    assert (record.state, record.worker, record.attempts) == ("restored", "other", 2)
    assert await queue.photo(job_id, "a.jpg") == record


async def taken_over(queue: Queue, redis: Redis, job_id: str) -> Lease:
    """As after a silence longer than a lease."""
    text = await queue.photo(job_id, "a.jpg")
    mine = Lease(job_id, text.name, "", 1, spec(), text.input)
    while True:
        await run_out(redis, mine)
        await queue.reap()
        if leases := await queue.take("other"):
            return leases[0]


async def test_a_worker_stops_where_its_job_is_deleted(queue: Queue, tmp_path: Path) -> None:
    held = Held()
    async with asyncio.timeout(30), working(queue, tmp_path, held) as job_id:
        await held.started.wait()
        await queue.delete(job_id)
        await held.stopped.wait()


async def test_an_engine_that_is_away_costs_a_photo_no_attempt(
    queue: Queue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "AWAY_S", 0.01)
    away = Away()
    async with asyncio.timeout(30), working(queue, tmp_path, away) as job_id:
        for _ in range(6):  # more than a photo has attempts
            await away.asked.acquire()
    record = await queue.photo(job_id, "a.jpg")
    assert (record.state, record.attempts, record.failure) == ("waiting", 0, None)
