"""Leases: each move by itself, and what happens to those who have lost theirs."""

import asyncio

import pytest
from redis.asyncio import Redis

from service.archive.queue import Queue
from service.archive.queue.lease import Leases
from service.archive.records import Failure
from tests.service.archive.queue.making import output, photos, run_out, spec

FAILURE = Failure(slug="engine-failed", detail='It said "no"\n\\ ünd went.')


async def job_with(queue: Queue, how_many: int) -> str:
    job = await queue.open_job(spec())
    await queue.add(job.id, photos(job.id, how_many))
    return job.id


async def test_taking_lends_photos_in_the_order_in_which_they_were_sent(queue: Queue) -> None:
    job_id = await job_with(queue, 3)
    first = await queue.take("me", 2)
    assert [lease.name for lease in first] == ["000000.jpg", "000001.jpg"]
    assert {lease.attempt for lease in first} == {1}
    assert first[0].spec == spec()
    record = await queue.photo(job_id, first[0].name)
    assert (record.state, record.worker, record.attempts) == ("active", "me", 1)
    assert [lease.name for lease in await queue.take("me", 2)] == ["000002.jpg"]
    assert await queue.take("me", 2) == await queue.take("me", 0) == []


async def test_a_job_has_no_more_in_work_than_its_cap(redis: Redis) -> None:
    queue = Queue(redis, cap=3)
    await job_with(queue, 10)
    leases = await queue.take("w", 10)
    assert len(leases) == 3
    assert await queue.take("w") == []
    await queue.done(leases[0], ())
    assert len(await queue.take("w", 10)) == 1


async def test_a_beat_renews_and_tells_progress(queue: Queue, redis: Redis) -> None:
    job_id = await job_with(queue, 2)
    kept, lost = await queue.take("w", 2)
    await run_out(redis, kept)
    await run_out(redis, lost)
    assert await queue.beat({kept: 0.25}) == [True]
    assert await queue.reap() == (1, 0)
    assert await queue.beat({lost: 0.5, kept: 7.0}) == [False, True]
    assert (await queue.photo(job_id, kept.name)).progress == 1
    assert (await queue.photo(job_id, lost.name)).progress == 0


async def test_what_is_told_of_a_restored_photo_is_kept_to_the_last_digit(queue: Queue) -> None:
    job_id = await job_with(queue, 1)
    [lease] = await queue.take("me")
    await queue.beat({lease: 0.5})
    outputs = (output("a.png"), output("ü.png", seed=2**53 - 3))
    assert await queue.done(lease, outputs)
    record = await queue.photo(job_id, lease.name)
    assert record.outputs == outputs
    assert (record.state, record.worker, record.progress) == ("restored", "me", 1)
    assert record.ended_at is not None


async def test_a_failed_photo_waits_for_its_retry_and_fails_after_the_last(
    queue: Queue, redis: Redis
) -> None:
    job_id = await job_with(queue, 1)
    for attempt in (1, 2, 3):
        [lease] = await queue.take("w")
        assert lease.attempt == attempt
        assert await queue.fail(lease, FAILURE, retry_in_s=3600)
        record = await queue.photo(job_id, lease.name)
        assert record.failure == FAILURE
        assert record.state == ("delayed" if attempt < 3 else "failed")
        assert await queue.take("w") == []
        assert await queue.reap() == (0, 0)
        await run_out(redis, lease, "due")
        assert await queue.reap() == (0, 1 if attempt < 3 else 0)
    assert record.ended_at is not None
    told = [(event.kind, event.data.get("slug")) for event in await queue.events(job_id)]
    assert told[1:] == [*[("retried", FAILURE.slug)] * 2, ("failed", FAILURE.slug)]


async def test_a_released_photo_is_the_next_and_its_attempt_does_not_count(queue: Queue) -> None:
    await job_with(queue, 3)
    [lease] = await queue.take("w")
    assert await queue.release(lease)
    [again] = await queue.take("w")
    assert (again.name, again.attempt) == (lease.name, 1)


async def test_a_photo_whose_workers_all_go_silent_is_set_aside(queue: Queue, redis: Redis) -> None:
    job_id = await job_with(queue, 1)
    await queue.close_job(job_id)
    for _ in range(3):
        [lease] = await queue.take("w")
        assert await queue.reap() == (0, 0)
        await run_out(redis, lease)
        assert await queue.reap() == (1, 0)
    record = await queue.photo(job_id, lease.name)
    assert record.failure is not None
    assert record.failure.slug == "poisoned"
    assert "All 3 workers" in record.failure.detail
    assert (await queue.job(job_id)).state == "finished"


async def test_whoever_lost_a_lease_changes_nothing(queue: Queue, redis: Redis) -> None:
    job_id = await job_with(queue, 1)
    [zombie] = await queue.take("zombie")
    await run_out(redis, zombie)
    await queue.reap()
    for _ in range(2):  # in line again, then in another's hands
        before = await queue.photo(job_id, zombie.name), await queue.job(job_id)
        assert await queue.beat({zombie: 0.9}) == [False]
        assert not await queue.done(zombie, (output(),))
        assert not await queue.fail(zombie, FAILURE, retry_in_s=None)
        assert not await queue.fail(zombie, FAILURE, retry_in_s=0)
        assert not await queue.release(zombie)
        assert before == (await queue.photo(job_id, zombie.name), await queue.job(job_id))
        await queue.take("heir")
    assert before[0].worker == "heir"


async def test_ending_a_photo_twice_is_ending_it_once(queue: Queue) -> None:
    job_id = await job_with(queue, 3)
    done, failed, released = await queue.take("w", 3)
    for _ in range(2):
        assert await queue.done(done, (output(),))
        assert await queue.fail(failed, FAILURE, retry_in_s=60)
        assert await queue.release(released)
    assert not await queue.fail(done, FAILURE, retry_in_s=None)
    assert not await queue.release(failed)
    assert not await queue.done(released, ())
    job = await queue.job(job_id)
    assert (job.counts.restored, job.counts.delayed, job.counts.waiting) == (1, 1, 1)
    assert job.megapixels == 12
    assert [event.kind for event in await queue.events(job_id)] == ["opened", "restored", "retried"]


async def test_more_expired_leases_than_one_script_moves_are_all_moved(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.archive.queue.lease.REAPED_AT_ONCE", 2)
    queue = Queue(redis)
    await job_with(queue, 5)
    for lease in await queue.take("w", 5):
        await run_out(redis, lease)
    assert await queue.reap() == (5, 0)


async def test_a_waiting_worker_is_woken_by_new_work_and_wakes_the_next(queue: Queue) -> None:
    job = await queue.open_job(spec())
    waiting = [asyncio.create_task(queue.wait_for_work(4)) for _ in range(2)]
    async with asyncio.timeout(3):
        await queue.add(job.id, photos(job.id, 2))
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        await queue.take("w")
        await asyncio.gather(*waiting)


async def test_a_wait_that_is_cancelled_leaves_the_connection_in_order(queue: Queue) -> None:
    job = await queue.open_job(spec())
    for _ in range(3):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(queue.wait_for_work(4), 0.02)
        assert (await queue.job(job.id)) == job


async def test_waiting_ends_in_time_where_nothing_comes(queue: Leases) -> None:
    async with asyncio.timeout(2):
        await queue.wait_for_work(0.05)
