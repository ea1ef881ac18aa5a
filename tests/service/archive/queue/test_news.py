"""News: events in order, after the last that was seen, and as they happen."""

import asyncio

import pytest
from redis.asyncio import Redis

from service.archive.queue import Queue
from service.archive.queue import news as module
from tests.service.archive.queue.making import photos, spec


async def test_events_go_on_after_the_last_that_was_seen(queue: Queue) -> None:
    job = await queue.open_job(spec())
    await queue.add(job.id, photos(job.id, 2))
    for lease in await queue.take("w", 2):
        await queue.done(lease, ())
    await queue.close_job(job.id)
    all_events = await queue.events(job.id)
    told = [(event.kind, event.data) for event in all_events]
    assert told == [
        ("opened", {}),
        ("restored", {"name": "000000.jpg"}),
        ("restored", {"name": "000001.jpg"}),
        ("closed", {}),
        ("finished", {"restored": 2, "failed": 0}),
    ]
    assert await queue.events(job.id, all_events[1].id) == all_events[2:]
    assert await queue.events(job.id, all_events[-1].id, block_s=0.01) == []


async def test_a_watcher_is_told_at_once(queue: Queue) -> None:
    job = await queue.open_job(spec())
    [opened] = await queue.events(job.id)
    async with asyncio.timeout(5):
        watching = asyncio.create_task(queue.events(job.id, opened.id, block_s=60))
        await queue.pause(job.id)
        [paused] = await watching
    assert paused.kind == "paused"


async def test_watchers_beyond_the_places_see_events_all_the_same(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WATCHERS", 1)
    queue = Queue(redis)
    job = await queue.open_job(spec())
    [opened] = await queue.events(job.id)
    held = asyncio.create_task(queue.events(job.id, opened.id, block_s=60))
    assert await queue.events(job.id, opened.id, block_s=0.05) == []
    await queue.pause(job.id)
    assert len(await queue.events(job.id, opened.id, block_s=60)) == 1
    assert len(await held) == 1
