"""The herald: every end of a job is told once, soon, and with the truth about its bag."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import bagit
import pytest
from redis.asyncio import Redis

from service.archive import herald
from service.archive.blobs import Blobs
from service.archive.herald import Herald
from service.archive.keys import output_key
from service.archive.names import fold
from service.archive.queue import NewPhoto, Queue
from service.archive.records import Failure, Job, JobSpec, OutputBlob, OutputSpec
from service.archive.sources import Sources
from service.archive.webhooks import WebhookStore
from service.ending import ended
from service.telemetry import Telemetry
from tests.service.archive.queue.making import output, photo


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(herald, "LOOK_S", 0.01)


class Attic:
    """A queue, a storage and a folder for bags, of which heralds know."""

    def __init__(self, redis: Redis, folder: Path) -> None:
        self.queue, self.hooks = Queue(redis), WebhookStore(redis)
        self.own, self.bags = Blobs.open(folder / "blobs"), folder / "bags"

    @asynccontextmanager
    async def herald(self) -> AsyncIterator[None]:
        one = Herald(self.queue, Sources(self.own), self.hooks, Telemetry())
        task = asyncio.create_task(one.run())
        try:
            yield
            assert not task.done()
        finally:
            await ended(task)

    async def ended_job(self, *names: str, target: str | None = "", webhook: str = "") -> Job:
        """A job that has ended with these photos restored, to PNG."""
        place = target if target is None else target or f"file://{self.bags}"
        outputs = (OutputSpec(task="jpeg"),)
        spec = JobSpec(outputs=outputs, target=place, webhook=webhook or None)
        job = await self.queue.open_job(spec)
        sent = [photo(job.id, name, name.encode()) for name in names]
        await self.queue.add(
            job.id, [NewPhoto(one.name, fold(one.name), (), one.input) for one in sent]
        )
        for lease in await self.queue.take("w", len(names)):
            await self.queue.done(lease, (await self.stored(job.id, f"{lease.name}.png"),))
        return await self.queue.close_job(job.id)

    async def stored(self, job_id: str, name: str) -> OutputBlob:
        """A result that lies in storage; its bytes are its name."""
        data = name.encode()
        sha256, sha512 = hashlib.sha256(data).hexdigest(), hashlib.sha512(data).hexdigest()
        key = output_key(job_id, sha256)
        await self.own.put(key, data)
        found = {"key": key, "bytes": len(data), "sha256": sha256, "sha512": sha512}
        return output(name).model_copy(update=found)

    async def told(self, job: Job) -> Job:
        """The job, once its end has been told."""
        async with asyncio.timeout(30):
            while await self.queue.is_untold(job.id):  # noqa: ASYNC110 -- it tells no event
                await asyncio.sleep(0.01)
        return await self.queue.job(job.id)


@pytest.fixture
def attic(redis: Redis, tmp_path: Path) -> Attic:
    return Attic(redis, tmp_path)


async def test_a_bag_in_a_folder_is_valid_whatever_its_photos_are_called(attic: Attic) -> None:
    names = {"box #1/100%.jpg", "%25.jpg", "a%0Ab.jpg", "été/写真.jpg"}
    async with attic.herald():
        job = await attic.told(await attic.ended_job(*names))
    assert job.target_failure is None
    bag = attic.bags / f"{job.id}-bag"
    await asyncio.to_thread(bagit.Bag(str(bag)).validate)
    records = map(json.loads, (bag / "metadata/events.jsonl").read_text().splitlines())
    found = {record["photo"]: record["outputs"][0] for record in records}
    assert set(found) == names
    for one in found.values():
        assert (bag / one["path"]).read_text() == one["name"]


async def test_a_bag_that_cannot_be_made_is_told_and_the_herald_goes_on(attic: Attic) -> None:
    hook = "https://example.org/ended"
    lost = await attic.ended_job("a.jpg", webhook=hook)
    await attic.own.delete_prefix(f"jobs/{lost.id}/out/")
    nowhere = await attic.ended_job("b.jpg", target="ftp://nowhere/bags")
    async with attic.herald():
        sound = await attic.ended_job("c.jpg")
        lost, nowhere, sound = [await attic.told(job) for job in (lost, nowhere, sound)]
    assert lost.target_failure is not None
    assert lost.target_failure.slug == "broken-bag"
    assert nowhere.target_failure is not None
    assert nowhere.target_failure.slug == "bad-target"
    assert sound.target_failure is None
    [delivery] = await attic.hooks.list(lost.id)
    [claim], _ = await attic.hooks.claim(1)
    assert (claim.id, claim.url) == (delivery.id, hook)
    assert json.loads(claim.body)["data"]["target_failure"]["slug"] == "broken-bag"


async def test_a_storage_that_is_away_is_waited_for_and_holds_up_no_other_job(
    attic: Attic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(herald, "AWAY_S", 0.05)
    monkeypatch.setattr(herald, "AT_ONCE", 1)
    attic.bags.parent.joinpath("lost").write_text("where a folder should be")
    waiting = await attic.ended_job("a.jpg", target=f"file://{attic.bags.parent}/lost/bags")
    async with attic.herald():
        await attic.told(await attic.ended_job("b.jpg"))
        assert await attic.queue.is_untold(waiting.id)
        attic.bags.parent.joinpath("lost").unlink()
        told = await attic.told(waiting)
    assert told.target_failure is None


async def test_the_job_of_a_herald_that_died_is_soon_anothers(
    attic: Attic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(herald, "TURN_S", 0.3)
    job = await attic.ended_job("a.jpg")
    assert await attic.queue.my_turn(f"herald:{job.id}", herald.TURN_S)  # and is never heard of
    async with attic.herald():
        await attic.told(job)
    assert bagit.Bag(str(attic.bags / f"{job.id}-bag")).is_valid()


async def test_a_long_bag_is_one_heralds_alone_and_holds_up_no_other_job(
    attic: Attic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(herald, "TURN_S", 0.15)
    long, short = await attic.ended_job("a.jpg"), await attic.ended_job("b.jpg")
    going_on, begun = asyncio.Event(), list[str]()
    write = Herald._write

    async def held(self: Herald, job: Job, target: Blobs) -> None:
        begun.append(job.id)
        if job.id == long.id:
            await going_on.wait()
        await write(self, job, target)

    monkeypatch.setattr(Herald, "_write", held)
    async with attic.herald(), attic.herald():
        await attic.told(short)
        await asyncio.sleep(3 * herald.TURN_S)  # long enough for a turn that is not kept
        assert await attic.queue.is_untold(long.id)
        going_on.set()
        await attic.told(long)
    assert sorted(begun) == sorted([long.id, short.id])


async def test_a_job_that_ends_anew_is_told_anew_and_at_once(attic: Attic) -> None:
    spec = JobSpec(outputs=(OutputSpec(task="jpeg"),), webhook="https://example.org/ended")
    job = await attic.queue.open_job(spec)
    await attic.queue.add(job.id, [photo(job.id, "a.jpg")])
    await attic.queue.close_job(job.id)
    async with attic.herald():
        for _ in range(2):
            [lease] = await attic.queue.take("w")
            await attic.queue.fail(lease, Failure(slug="s", detail="d"), retry_in_s=None)
            await attic.told(job)
            await attic.queue.retry_failed(job.id)
    assert len(await attic.hooks.list(job.id)) == 2
