"""Jobs: opened once, steered, listed, deleted whole."""

import pytest
from redis.asyncio import Redis

from service.archive.queue import IdempotencyMismatch, JobEnded, NoSuchJob, Queue
from service.archive.records import Failure
from tests.service.archive.queue.making import output, photo, photos, spec

FAILURE = Failure(slug="broken-photo", detail="It ends too early.")


async def kinds(queue: Queue, job_id: str) -> list[str]:
    return [event.kind for event in await queue.events(job_id)]


async def test_one_key_opens_one_job_and_another_spec_under_it_is_refused(queue: Queue) -> None:
    first = await queue.open_job(spec(title="Ämter"), "key")
    assert await queue.open_job(spec(title="Ämter"), "key") == first
    assert (await queue.open_job(spec(title="Ämter"))).id != first.id
    with pytest.raises(IdempotencyMismatch):
        await queue.open_job(spec(title="other"), "key")
    await queue.delete(first.id)
    assert (await queue.open_job(spec(), "key")).id != first.id


async def test_two_owners_with_one_key_have_a_job_each_whatever_they_are_called(
    queue: Queue,
) -> None:
    mine = await queue.open_job(spec(), "c", "jwt:a/b")
    theirs = await queue.open_job(spec(), "b/c", "jwt:a")
    assert (mine.id != theirs.id, mine.owner, theirs.owner) == (True, "jwt:a/b", "jwt:a")
    assert await queue.open_job(spec(), "c", "jwt:a/b") == mine


async def test_jobs_are_listed_newest_first_and_page_by_page_each_once(queue: Queue) -> None:
    opened = [await queue.open_job(spec()) for _ in range(7)]
    listed = []
    before = None
    while page := await queue.jobs(before, 3):
        listed += page
        before = page[-1].created_at
    assert listed == opened[::-1]


async def test_a_closed_job_finishes_once_when_its_last_photo_ends(queue: Queue) -> None:
    job = await queue.open_job(spec())
    await queue.add(job.id, photos(job.id, 2))
    one, two = await queue.take("w", 2)
    await queue.done(one, (output(),))
    assert (await queue.close_job(job.id)).state == "running"
    assert await queue.untold() == []
    await queue.fail(two, FAILURE, retry_in_s=None)
    ended = await queue.close_job(job.id)
    assert ended.state == "finished"
    assert ended.megapixels == 12
    assert (ended.bytes_in, ended.bytes_out) == (10, 2_000_000_000)
    assert (ended.counts.restored, ended.counts.failed, ended.counts.total) == (1, 1, 2)
    assert await queue.untold() == [ended]
    await queue.told(ended)
    assert await queue.untold() == []
    assert not await queue.is_untold(job.id)
    assert await kinds(queue, job.id) == ["opened", "restored", "closed", "failed", "finished"]


async def test_an_empty_job_finishes_when_it_is_closed(queue: Queue) -> None:
    job = await queue.open_job(spec())
    assert (await queue.close_job(job.id)).state == "finished"


async def test_a_paused_job_lends_nothing_until_it_is_resumed(queue: Queue) -> None:
    job = await queue.open_job(spec())
    await queue.add(job.id, photos(job.id, 2))
    assert (await queue.pause(job.id)).state == "paused"
    assert (await queue.pause(job.id)).state == "paused"
    assert await queue.take("w") == []
    assert (await queue.resume(job.id)).state == "open"
    assert len(await queue.take("w", 5)) == 2
    assert await kinds(queue, job.id) == ["opened", "paused", "resumed"]


async def test_cancelling_keeps_what_is_restored_and_ends_all_else(queue: Queue) -> None:
    job = await queue.open_job(spec())
    await queue.add(job.id, photos(job.id, 4))
    restored, active, delayed = await queue.take("w", 3)
    await queue.done(restored, ())
    await queue.fail(delayed, FAILURE, retry_in_s=60)
    ended = await queue.cancel(job.id)
    assert await queue.cancel(job.id) == ended
    assert ended.state == "cancelled"
    assert ended.counts.model_dump(exclude_defaults=True) == {
        "total": 4,
        "restored": 1,
        "cancelled": 3,
    }
    assert await queue.beat({active: 0.5}) == [False]
    assert not await queue.done(active, ())
    assert not await queue.release(active)
    assert await queue.take("w") == []
    found, _ = await queue.photos(job.id)
    assert [photo.state for photo in found] == ["restored", *["cancelled"] * 3]
    assert {photo.ended_at for photo in found[1:]} == {ended.ended_at}
    assert await queue.untold() == [ended]
    assert (await kinds(queue, job.id))[-1] == "cancelled"


@pytest.mark.parametrize("call", ["pause", "resume", "close_job", "retry_failed"])
async def test_a_cancelled_job_stays_as_it_is(queue: Queue, call: str) -> None:
    job = await queue.open_job(spec())
    ended = await queue.cancel(job.id)
    with pytest.raises(JobEnded):
        await getattr(queue, call)(job.id)
    assert await queue.job(job.id) == ended


async def test_a_finished_job_cannot_be_cancelled(queue: Queue) -> None:
    job = await queue.open_job(spec())
    await queue.close_job(job.id)
    with pytest.raises(JobEnded):
        await queue.cancel(job.id)


async def test_retrying_the_failed_runs_a_finished_job_again(queue: Queue) -> None:
    job = await queue.open_job(spec())
    await queue.add(job.id, photos(job.id, 1))
    await queue.close_job(job.id)
    [lease] = await queue.take("w")
    await queue.fail(lease, FAILURE, retry_in_s=None)
    assert await queue.retry_failed(job.id) == 1
    assert await queue.retry_failed(job.id) == 0
    assert (await queue.job(job.id)).state == "running"
    assert await queue.untold() == []
    again = await queue.photo(job.id, lease.name)
    assert (again.state, again.attempts, again.failure) == ("waiting", 0, None)
    [lease] = await queue.take("w")
    await queue.done(lease, ())
    assert (await queue.job(job.id)).state == "finished"
    assert (await kinds(queue, job.id))[-3:] == ["retried", "restored", "finished"]


async def test_an_end_that_was_told_late_does_not_silence_the_next(queue: Queue) -> None:
    job = await queue.open_job(spec())
    await queue.add(job.id, photos(job.id, 1))
    await queue.close_job(job.id)
    [lease] = await queue.take("w")
    await queue.fail(lease, FAILURE, retry_in_s=None)
    first = await queue.job(job.id)
    await queue.retry_failed(job.id)
    [lease] = await queue.take("w")
    await queue.done(lease, ())
    second = await queue.job(job.id)
    await queue.told(first.model_copy(update={"ended_at": 1.0}))
    assert await queue.untold() == [second]
    lost = Failure(slug="broken-bag", detail="A result is gone.")
    for failure in (lost, None):
        await queue.told(second, failure)
        assert await queue.job(job.id) == second.model_copy(update={"target_failure": failure})
    assert await queue.untold() == []


async def test_a_deleted_job_leaves_nothing_behind(queue: Queue, redis: Redis) -> None:
    job = await queue.open_job(spec(), "key")
    await queue.add(job.id, [photo(job.id, "A.jpg"), *photos(job.id, 3)])
    one, two, three = await queue.take("w", 3)
    await queue.fail(one, FAILURE, retry_in_s=0)
    await queue.fail(two, FAILURE, retry_in_s=None)
    await queue.delete(job.id)
    await queue.delete(job.id)
    assert not await queue.done(three, ())
    await redis.zadd("{rialto}:leases", {f"{job.id}/{three.name}": 0})
    assert await queue.reap() == (0, 0)
    assert set(await redis.keys()) <= {"{rialto}:clock", "{rialto}:wake"}


@pytest.mark.parametrize(
    "call", ["job", "pause", "resume", "close_job", "cancel", "retry_failed", "photos"]
)
async def test_a_job_that_is_not_there_is_said_to_be_none(queue: Queue, call: str) -> None:
    with pytest.raises(NoSuchJob):
        await getattr(queue, call)("none")
    with pytest.raises(NoSuchJob):
        await queue.add("none", photos("none", 1))


async def test_a_turn_is_had_by_one(queue: Queue) -> None:
    assert [await queue.my_turn("round", 60) for _ in range(2)] == [True, False]
    await queue.give_turn_back("round")
    await queue.keep_turn("round", 60)  # nobody has it
    assert await queue.my_turn("round", 0.05)
    await queue.keep_turn("round", 60)
    assert 1000 < await queue._redis.pttl("{rialto}:turn:round") <= 60_000
