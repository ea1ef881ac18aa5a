"""The backlog: photos that wait are counted, and weighed by those that were restored."""

from redis.asyncio import Redis

from service.archive.backlog import UNKNOWN_MEGAPIXELS
from service.archive.estimate import UNKNOWN_S_PER_MEGAPIXEL
from service.archive.queue import Queue
from service.archive.records import Failure
from tests.service.archive.queue.making import output, photos, spec


async def test_photos_are_counted_by_state_and_by_their_jobs_priority(redis: Redis) -> None:
    queue = Queue(redis)
    for priority in ("low", "high"):
        job = await queue.open_job(spec(priority))
        await queue.add(job.id, photos(job.id, 3))
    [first, second] = await queue.take("w", 2)
    await queue.fail(second, Failure(slug="x", detail="y"), retry_in_s=60)
    seen = (await queue.backlog()).photos
    of_first = (await queue.job(first.job_id)).spec.priority
    assert seen[of_first]["active"] == 1
    assert sum(states["waiting"] for states in seen.values()) == 4
    assert sum(states["delayed"] for states in seen.values()) == 1
    assert sum(seen["normal"].values()) == 0


async def test_an_unknown_photo_is_like_its_jobs_else_like_all_jobs_else_like_a_phones(
    redis: Redis,
) -> None:
    queue = Queue(redis)
    job = await queue.open_job(spec())
    await queue.add(job.id, photos(job.id, 3))
    unknown = await queue.backlog()
    assert unknown.megapixels == 3 * UNKNOWN_MEGAPIXELS
    assert unknown.seconds == 3 * UNKNOWN_MEGAPIXELS * UNKNOWN_S_PER_MEGAPIXEL
    for made in (output(), output()):  # 12 megapixels in 0.3 s each
        [lease] = await queue.take("w")
        await queue.done(lease, (made,))
    known = await queue.backlog()
    assert (known.megapixels, known.seconds) == (12, 0.3)
    other = await queue.open_job(spec())
    await queue.add(other.id, photos(other.id, 1))
    both = await queue.backlog()
    assert (both.megapixels, both.seconds) == (24, 0.6)


async def test_a_paused_or_ended_jobs_photos_are_no_work(redis: Redis) -> None:
    queue = Queue(redis)
    paused = await queue.open_job(spec())
    cancelled = await queue.open_job(spec())
    for job in (paused, cancelled):
        await queue.add(job.id, photos(job.id, 2))
    await queue.pause(paused.id)
    await queue.cancel(cancelled.id)
    backlog = await queue.backlog()
    assert backlog.photos["normal"]["waiting"] == 2
    assert (backlog.megapixels, backlog.seconds) == (0, 0)
    assert backlog.jobs == {"paused": 1, "cancelled": 1}


async def test_one_of_many_looks_and_the_others_read_what_it_saw(redis: Redis) -> None:
    queue = Queue(redis)
    job = await queue.open_job(spec())
    seen = await queue.backlog(60)
    await queue.add(job.id, photos(job.id, 1))
    assert await queue.backlog(60) == seen
    await redis.delete("{rialto}:turn:backlog")
    assert (await queue.backlog(60)).photos["normal"]["waiting"] == 1


async def test_calls_are_timed_by_name_but_not_those_that_wait_for_news(redis: Redis) -> None:
    called: list[str] = []
    queue = Queue(redis, observe=lambda name, seconds: called.append(name) if seconds > 0 else None)
    job = await queue.open_job(spec())
    await queue.wait_for_work(0.02)
    await queue.backlog()
    assert set(called) == {"open", "hgetall", "jobs", "set"}
    assert job.state == "open"
