"""Mend: whatever a strange hand took away is put right, and nothing else is touched."""

from redis.asyncio import Redis

from service.archive.queue import Queue
from service.archive.records import Failure, Job
from tests.service.archive.queue.making import photos, spec

FAILURE = Failure(slug="x", detail='{"state":"waiting"}')


async def busy_job(queue: Queue) -> Job:
    """Two photos in each of waiting, active, delayed, restored, failed."""
    job = await queue.open_job(spec())
    await queue.add(job.id, photos(job.id, 10))
    leases = await queue.take("w", 8)
    for lease, retry_in_s in zip(leases, [None, None, 60, 60], strict=False):
        await queue.fail(lease, FAILURE, retry_in_s=retry_in_s)
    for lease in leases[4:6]:
        await queue.done(lease, ())
    return await queue.job(job.id)


async def test_a_sound_job_is_left_as_it_is(queue: Queue) -> None:
    job = await busy_job(queue)
    counts = job.counts.model_dump(exclude={"total", "cancelled"})
    assert set(counts.values()) == {2}
    assert await queue.mend(job.id) == 0
    assert await queue.job(job.id) == job
    assert await queue.mend("none") == 0


async def test_photos_that_are_in_no_place_go_in_line_again(queue: Queue, redis: Redis) -> None:
    job = await busy_job(queue)
    key = "{rialto}:job:" + job.id
    await redis.delete(f"{key}:line", f"{key}:failed", "{rialto}:due", "{rialto}:ring")
    await redis.zremrangebyrank("{rialto}:leases", 0, 0)
    assert await queue.mend(job.id) == 2 + 2 + 2 + 1
    counts = (await queue.job(job.id)).counts
    assert (counts.waiting, counts.active, counts.delayed, counts.failed) == (5, 1, 0, 2)
    assert await queue.mend(job.id) == 0
    assert len(await queue.take("w", 10)) == 5
    assert await queue.retry_failed(job.id) == 2


async def test_a_lost_seat_in_the_ring_is_given_back(queue: Queue, redis: Redis) -> None:
    job = await busy_job(queue)
    await redis.delete("{rialto}:ring")
    assert await queue.take("w") == []
    await queue.mend(job.id)
    assert len(await queue.take("w", 10)) == 2


async def test_wrong_counters_are_set_right_and_the_job_can_end(queue: Queue, redis: Redis) -> None:
    job = await queue.open_job(spec())
    await queue.add(job.id, photos(job.id, 1))
    await queue.close_job(job.id)
    await redis.hincrby("{rialto}:job:" + job.id, "total", 1)
    [lease] = await queue.take("w")
    await queue.done(lease, ())
    assert (await queue.job(job.id)).state == "running"
    await queue.mend(job.id)
    ended = await queue.job(job.id)
    assert (ended.state, ended.counts.total) == ("finished", 1)


async def test_counters_are_left_alone_where_something_moved_meanwhile(
    queue: Queue, redis: Redis
) -> None:
    job = await busy_job(queue)
    await redis.hincrby("{rialto}:job:" + job.id, "restored", 5)
    audit = await queue._audit(job.id)
    assert audit is not None
    [lease] = await queue.take("w")
    await queue.release(lease)
    assert await queue._run("recount", job.id, *audit.corrections()) == 0
    await queue.mend(job.id)
    assert (await queue.job(job.id)).counts == job.counts


async def test_a_name_that_stands_in_line_twice_is_lent_once(queue: Queue, redis: Redis) -> None:
    job = await queue.open_job(spec())
    await queue.add(job.id, photos(job.id, 2))
    await redis.rpush("{rialto}:job:" + job.id + ":line", "000000.jpg", "no-such-photo")
    assert len(await queue.take("w", 10)) == 2
    assert (await queue.job(job.id)).counts.waiting == 0
