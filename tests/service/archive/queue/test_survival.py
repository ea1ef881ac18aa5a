"""Survival: the server killed in mid-run, with workers that go on, loses and doubles nothing."""

import asyncio
import os
import signal
from collections import Counter
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from service.archive.queue import Event, Lease, Queue
from service.archive.records import Failure
from service.valkey import ValkeyAway, embedded_valkey, open_redis
from tests.service.archive.queue.making import photos, spec

FAILURE = Failure(slug="x", detail="y")


class Crew:
    """Workers that end each photo; the server is killed after every `kill_every` endings."""

    def __init__(self, redis: Redis, job_id: str, *, kill_every: int) -> None:
        self.queue = Queue(redis, lease_s=0.5, max_attempts=100)
        self._redis, self._job_id, self._kill_every = redis, job_id, kill_every
        self.acknowledged: Counter[str] = Counter()
        self.kills = 0

    async def work(self, name: str) -> None:
        while (await self.queue.job(self._job_id)).state == "running":
            await self.queue.reap()
            try:
                leases = await self.queue.take(name, 3)
                if not leases:
                    await self.queue.wait_for_work(0.1)
            except ValkeyAway:
                continue  # the next command waits until the server is back
            for lease in leases:
                await self._end(lease)

    async def _end(self, lease: Lease) -> None:
        number = int(lease.name.partition(".")[0])
        if number % 5 == 0 and lease.attempt == 1:
            await self.queue.fail(lease, FAILURE, retry_in_s=0)
        elif await self.queue.done(lease, ()):
            self.acknowledged[lease.name] += 1
            if self.acknowledged.total() % self._kill_every == 0:
                self.kills += 1
                os.kill(await self._pid(), signal.SIGKILL)

    async def _pid(self) -> int:
        async with asyncio.timeout(10):
            while True:
                try:
                    return int((await self._redis.info("server"))["process_id"])
                except RedisError:
                    await self.queue.jobs(limit=1)


async def run_crew(folder: Path, how_many: int, kill_every: int) -> None:
    async with embedded_valkey(folder) as url, open_redis(url) as redis:
        job = await Queue(redis).open_job(spec())
        await Queue(redis).add(job.id, photos(job.id, how_many))
        await Queue(redis).close_job(job.id)
        crew = Crew(redis, job.id, kill_every=kill_every)
        await asyncio.gather(*(crew.work(f"w{n}") for n in range(4)))
        ended = await crew.queue.job(job.id)
        assert crew.kills >= how_many // kill_every - 1
        assert crew.acknowledged == Counter(photo.name for photo in photos(job.id, how_many))
        assert (ended.counts.restored, ended.state) == (how_many, "finished")
        events = await all_events(crew.queue, job.id)
        told = Counter(event.data["name"] for event in events if event.kind == "restored")
        assert told == crew.acknowledged
        assert [event.kind for event in events].count("finished") == 1
        assert await redis.zcard("{rialto}:leases") == await redis.zcard("{rialto}:due") == 0


async def all_events(queue: Queue, job_id: str) -> list[Event]:
    events, after = list[Event](), "0"
    while some := await queue.events(job_id, after):
        events += some
        after = some[-1].id
    return events


async def test_a_server_killed_in_mid_run_loses_and_doubles_nothing(tmp_path: Path) -> None:
    await run_crew(tmp_path, 300, kill_every=100)


@pytest.mark.long
async def test_a_server_killed_twenty_times_loses_and_doubles_nothing(tmp_path: Path) -> None:
    await run_crew(tmp_path, 2000, kill_every=100)
