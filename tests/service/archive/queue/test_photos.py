"""Photos: added once under names that cannot meet, and read each once."""

import json

import pytest
from redis.asyncio import Redis

from service.archive.queue import JobClosed, JobEnded, NewPhoto, NoSuchPhoto, Queue
from service.archive.records import InputBlob
from tests.service.archive.queue.making import photo, photos, spec


async def test_a_photo_that_is_sent_again_is_the_same_and_other_bytes_are_told(
    queue: Queue,
) -> None:
    job = await queue.open_job(spec())
    new = photo(job.id, "Kirche/Süd.jpg")
    assert await queue.add(job.id, [new, new, photo(job.id, new.name, b"other")]) == [
        "new",
        "same",
        "other-bytes",
    ]
    record = await queue.photo(job.id, new.name)
    assert (record.state, record.input, record.attempts) == ("waiting", new.input, 0)
    assert (await queue.job(job.id)).counts.waiting == 1
    assert len(await queue.take("w", 5)) == 1


async def test_names_that_differ_in_case_only_collide_whichever_came_first(queue: Queue) -> None:
    job = await queue.open_job(spec())
    first = [photo(job.id, "Scan.JPG"), photo(job.id, "other.jpg")]
    second = [photo(job.id, "scan.jpg"), photo(job.id, "OTHER.jpg"), photo(job.id, "SCAN.jpg")]
    assert await queue.add(job.id, first + second) == ["new", "new", *["collides"] * 3]
    assert await queue.add(job.id, second + first) == [*["collides"] * 3, "same", "same"]


async def test_names_whose_results_would_be_one_file_collide(queue: Queue) -> None:
    job = await queue.open_job(spec())
    first, second = photo(job.id, "A.jpg"), photo(job.id, "a.jpg.PNG", b"bytes", "a.jpg")
    assert await queue.add(job.id, [first, second]) == ["new", "collides"]
    other = await queue.open_job(spec())
    first = photo(other.id, "A.jpg", b"bytes", "a.jpg.png")
    assert await queue.add(other.id, [second, first]) == ["new", "collides"]


async def test_a_photo_and_a_folder_of_one_name_collide_whichever_came_first(queue: Queue) -> None:
    job = await queue.open_job(spec())
    within, beside = photo(job.id, "1920/a/b.png", b"1", "1920", "1920/a"), photo(job.id, "1920/c")
    file = photo(job.id, "1920", b"2", "1920/")
    assert await queue.add(job.id, [within, beside, file]) == ["new", "new", "collides"]
    other = await queue.open_job(spec())
    assert await queue.add(other.id, [file, within]) == ["new", "collides"]


async def test_photos_of_a_bucket_are_known_by_their_keys(queue: Queue, redis: Redis) -> None:
    job = await queue.open_job(spec())
    named = NewPhoto("a", "a", (), InputBlob(key="s3://b/a", bytes=0, sha256=""))
    moved = NewPhoto("a", "a", (), InputBlob(key="s3://b/moved/a", bytes=0, sha256=""))
    assert await queue.add(job.id, [named, named, moved]) == ["new", "same", "other-bytes"]
    assert (await queue.photo(job.id, "a")).input == named.input
    [lease] = await queue.take("w")
    assert lease.input == named.input
    sent = photo(job.id, "sent")
    await queue.add(job.id, [sent])
    stored = json.loads(await redis.hget("{rialto}:job:" + job.id + ":photos", "sent"))
    assert "key" not in stored


async def test_a_closed_job_knows_its_photos_and_takes_no_new_one(queue: Queue) -> None:
    job = await queue.open_job(spec())
    known, new = photos(job.id, 2)
    await queue.add(job.id, [known])
    await queue.close_job(job.id)
    assert await queue.add(job.id, [known]) == ["same"]
    with pytest.raises(JobClosed):
        await queue.add(job.id, [known, new])
    await queue.cancel(job.id)
    assert await queue.add(job.id, [known]) == ["same"]
    with pytest.raises(JobEnded):
        await queue.add(job.id, [new])
    assert (await queue.job(job.id)).counts.total == 1


async def test_a_walk_meets_every_photo_once_while_photos_are_added_and_end(queue: Queue) -> None:
    job = await queue.open_job(spec())
    await queue.add(job.id, photos(job.id, 1500))
    names, pages = list[str](), 0
    cursor: str | None = "0"
    while cursor is not None:
        page, cursor = await queue.photos(job.id, cursor=cursor, limit=100)
        names += [record.name for record in page]
        pages += 1
        if pages < 10:
            await queue.add(job.id, [photo(job.id, f"late-{pages}-{n}") for n in range(50)])
            for lease in await queue.take("w", 20):
                await queue.done(lease, ())
    assert len(names) == len(set(names)) == 1950


async def test_a_walk_over_one_state_meets_just_those_photos(queue: Queue) -> None:
    job = await queue.open_job(spec())
    await queue.add(job.id, photos(job.id, 100))
    taken = {lease.name for lease in await queue.take("w", 7)}
    found, sizes = list[str](), list[int]()
    cursor: str | None = "0"
    while cursor is not None:
        page, cursor = await queue.photos(job.id, state="active", cursor=cursor, limit=3)
        sizes.append(len(page))
        found += [record.name for record in page]
    assert sorted(found) == sorted(taken)
    assert max(sizes) == 3


async def test_a_photo_that_was_never_sent_is_said_to_be_none(queue: Queue) -> None:
    job = await queue.open_job(spec())
    with pytest.raises(NoSuchPhoto):
        await queue.photo(job.id, "none")


async def test_a_waiting_photo_takes_less_than_500_bytes_of_redis(
    queue: Queue, redis: Redis
) -> None:
    job = await queue.open_job(spec())
    before = (await redis.info("memory"))["used_memory"]
    many = [
        photo(job.id, f"Nachlass Müller/Kasten {n // 100:03}/Scan-{n:06}.jpg", b"%d" % n)
        for n in range(10_000)  # each with a folded name beside its own
    ]
    await queue.add(job.id, many)
    after = (await redis.info("memory"))["used_memory"]
    assert (after - before) / len(many) <= 500
