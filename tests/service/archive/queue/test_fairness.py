"""Fairness: whose turn it is, whatever the jobs' sizes, order and number."""

from collections import Counter

from redis.asyncio import Redis

from service.archive.queue import Queue
from service.archive.records import JobPriority
from tests.service.archive.queue.making import photos, spec


async def filled(queue: Queue, how_many: int, priority: JobPriority = "normal") -> str:
    job = await queue.open_job(spec(priority))
    await queue.add(job.id, photos(job.id, how_many))
    return job.id


async def shares(queue: Queue, takes: int) -> Counter[str]:
    """How many of the next photos, taken and ended one by one, are whose."""
    taken: Counter[str] = Counter()
    for _ in range(takes):
        for lease in await queue.take("w"):
            await queue.done(lease, ())
            taken[lease.job_id] += 1
    return taken


async def test_one_photo_sent_behind_five_thousand_is_taken_within_three(queue: Queue) -> None:
    await filled(queue, 5000)
    await shares(queue, 20)
    small = await filled(queue, 1)
    assert (await shares(queue, 3))[small] == 1


async def test_ten_jobs_of_different_size_share_evenly(queue: Queue) -> None:
    sizes = [60, 5000, 80, 700, 100, 900, 120, 1100, 140, 1300]
    jobs = [await filled(queue, size) for size in sizes]
    taken = await shares(queue, 500)
    counts = [taken[job] for job in jobs]
    assert sum(counts) ** 2 / (len(counts) * sum(n * n for n in counts)) >= 0.95


async def test_jobs_share_by_their_priority(queue: Queue) -> None:
    high, normal, low = [await filled(queue, 500, of) for of in ("high", "normal", "low")]
    taken = await shares(queue, 210)
    for job, share in ((high, 160), (normal, 40), (low, 10)):
        assert abs(taken[job] - share) <= 2


async def test_more_new_small_jobs_than_can_be_done_do_not_stop_a_long_one(queue: Queue) -> None:
    """Those that wait grow by one a round, so that the long one's share falls as 1/√takes."""
    long = await filled(queue, 100)
    taken: Counter[str] = Counter()
    for _ in range(40):
        await filled(queue, 1)
        taken += await shares(queue, 1)
    assert taken[long] >= 6


async def test_a_job_that_rested_has_saved_up_nothing(queue: Queue) -> None:
    rested, busy = await filled(queue, 100), await filled(queue, 100)
    await queue.pause(rested)
    await shares(queue, 40)
    await queue.resume(rested)
    taken = await shares(queue, 20)
    assert abs(taken[rested] - taken[busy]) <= 2


async def test_a_job_at_its_cap_leaves_the_turn_to_others(redis: Redis) -> None:
    queue = Queue(redis, cap=2)
    await filled(queue, 10)
    assert len(await queue.take("w", 5)) == 2
    other = await filled(queue, 10)
    assert [lease.job_id for lease in await queue.take("w", 5)] == [other] * 2
