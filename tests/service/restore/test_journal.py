import asyncio

from service.restore.journal import Journal


def numbers(told: list[bytes]) -> list[int]:
    return [int(block.split(b"\n")[0].removeprefix(b"id: ")) for block in told]


async def read(journal: Journal, after: int = 0) -> list[int]:
    return numbers([block async for block in journal.after(after)])


async def test_readers_who_come_at_any_time_hear_everything_once() -> None:
    journal = Journal(10_000)
    early = asyncio.create_task(read(journal))
    await asyncio.sleep(0)
    for step in range(3):
        journal.add("progress", {"step": step})
    late = asyncio.create_task(read(journal, after=2))
    await asyncio.sleep(0)
    journal.add("done", {})
    journal.close()
    assert await early == [1, 2, 3, 4]
    assert await late == [3, 4]
    assert await read(journal) == [1, 2, 3, 4]


async def test_memory_is_bounded_and_what_opens_and_ends_the_story_stays() -> None:
    journal = Journal(2000)
    journal.add("accepted", {"id": "a"})
    for step in range(500):
        journal.add("preview", {"step": step, "image": "x" * 100})
        assert journal.nbytes <= 2000
    journal.add("done", {"href": "/"})
    journal.close()
    heard = await read(journal)
    assert heard[0] == 1
    assert heard[-1] == 502
    assert heard == sorted(set(heard))
    assert 5 < len(heard) < 20


async def test_an_event_larger_than_the_journal_is_still_heard() -> None:
    journal = Journal(100)
    journal.add("preview", {"image": "x" * 1000})
    journal.add("preview", {"image": "y" * 1000})
    journal.close()
    assert await read(journal) == [2]


async def test_a_slow_reader_holds_no_event_back() -> None:
    """It misses what was forgotten while it slept, and hears the rest."""
    journal = Journal(1000)
    journal.add("accepted", {})
    slow = journal.after(0)
    assert numbers([await anext(slow)]) == [1]
    for step in range(100):
        journal.add("progress", {"step": step, "pad": "x" * 50})
    journal.close()
    rest = numbers([block async for block in slow])
    assert rest[-1] == 101
    assert len(rest) < 15
