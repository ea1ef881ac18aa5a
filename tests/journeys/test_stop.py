"""An operator stops the service: what can end in the time that is left ends, the rest is told."""

import asyncio
from pathlib import Path

import httpx2

from tests.conftest import EXAMPLES, start_service
from tests.service.engine.conftest import tiny_repository

PHOTO = (EXAMPLES / "parrots-small.png").read_bytes()
PHOTOS, STREAMS = 20, 5


async def watch(client: httpx2.AsyncClient, job: str, begun: asyncio.Semaphore) -> int:
    """Events of a job until the service ends them; how many there were."""
    events = 0
    async with client.stream("GET", f"/jobs/{job}/events") as answer:
        begun.release()
        async for line in answer.aiter_lines():
            events += line.startswith("event:")
    return events


async def test_photos_under_way_are_answered_and_event_streams_end_before_the_service_does(
    tmp_path: Path,
) -> None:
    service = start_service(
        tmp_path,
        model_repo=str(tiny_repository(tmp_path / "repo")),
        max_active="8",
        max_waiting=str(PHOTOS - 8),
        grace_s="60",
    )
    told = asyncio.Event()

    async def slow_photo() -> object:
        yield PHOTO[:1000]
        await told.wait()
        yield PHOTO[1000:]

    async with httpx2.AsyncClient(base_url=service.url, timeout=120) as client:
        begun = asyncio.Semaphore(0)
        job = (await client.post("/jobs", json={"outputs": [{"task": "test"}]})).json()["id"]
        streams = [asyncio.create_task(watch(client, job, begun)) for _ in range(STREAMS)]
        sending = [
            asyncio.create_task(client.post("/restore?task=test", content=slow_photo()))
            for _ in range(PHOTOS)
        ]
        for _ in range(STREAMS):
            await begun.acquire()
        async with asyncio.timeout(60):
            while (await client.get("/readyz")).status_code != 503:  # every place is taken
                pass
        service.process.terminate()
        assert min(await asyncio.gather(*streams)) >= 1
        told.set()
        answers = await asyncio.gather(*sending)
    assert [answer.status_code for answer in answers] == [200] * PHOTOS
    assert all(len(answer.content) > 1000 for answer in answers)
    assert await asyncio.to_thread(service.process.wait, 60) == 0
