"""The caretaker: what it sees is in the metrics, whoever looked, and its rounds leave a time."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from redis.asyncio import Redis

from service.archive import caretaker
from service.archive.blobs import Blobs
from service.archive.caretaker import Caretaker
from service.archive.queue import Queue
from service.archive.sources import Sources
from service.archive.webhooks import WebhookStore
from service.ending import ended
from service.telemetry import Telemetry
from tests.service.archive.queue.making import photos, run_out, spec


def of(redis: Redis, folder: Path, telemetry: Telemetry) -> Caretaker:
    sources = Sources(Blobs.open(folder))
    return Caretaker(Queue(redis), sources, WebhookStore(redis), telemetry, retention_s=60)


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
