import asyncio
from collections.abc import AsyncGenerator
from contextlib import ExitStack
from dataclasses import replace

import pytest

from service.problems import Problem
from service.restore import Made, Show
from service.restore.kept import Kept, NoSuchRestoration
from service.restore.reply import Accepted, Restored
from service.restore.run import Asked, Run
from service.restore.runs import Runs
from service.restore.stopwatch import DeadlinePassed

ASKED = Asked("test", "fast", 0, 1, lambda problem: {"detail": problem.detail})
PHOTO = Restored(b"file", "png", 1, 1, 1, 1, 0, "net@0", "plan", 1, 1, {}, ())


class Walk:
    """A walk that a test holds still: it goes on when `free` is set."""

    def __init__(self, end: Restored | Exception = PHOTO) -> None:
        self.free, self.closed = asyncio.Event(), asyncio.Event()
        self._end = end

    async def __call__(self, show: Show) -> AsyncGenerator[Made]:
        try:
            yield Accepted(1, 1, 1, 1, 1)
            await self.free.wait()
            if isinstance(self._end, Exception):
                raise self._end
            yield self._end
        finally:
            self.closed.set()


def runs(grace_s: float = 60) -> Runs:
    loop = asyncio.get_running_loop()
    return Runs(Kept[Run](60, 2**20, loop.time, loop.call_later), grace_s, 2**20)


async def names(run: Run) -> list[str]:
    blocks = [block.decode() async for block in run.journal.after(0)]
    return [block.split("\n")[1].removeprefix("event: ") for block in blocks]


async def test_a_run_holds_its_place_until_it_ends_and_is_found_afterwards() -> None:
    walk, place = Walk(), ExitStack()
    held = asyncio.Event()
    place.callback(held.set)
    async with runs() as every:
        run = every.begin(walk, ASKED, place, detached=True)
        assert not held.is_set()
        walk.free.set()
        assert await names(run) == ["accepted", "done"]
        assert held.is_set()
        assert every.get(run.key).restored is PHOTO


async def test_a_run_is_found_and_ended_by_its_owner_alone() -> None:
    walk, theirs = Walk(), replace(ASKED, owner="me")
    async with runs() as every:
        run = every.begin(walk, theirs, ExitStack(), detached=True)
        for ended in (False, True):
            if ended:
                walk.free.set()
                assert await names(run) == ["accepted", "done"]
            with pytest.raises(NoSuchRestoration) as foreign:
                every.get(run.key, "you")
            with pytest.raises(NoSuchRestoration):
                await every.delete(run.key, "you")
            assert every.get(run.key) is every.get(run.key, "me") is run
        await every.delete(run.key, "me")
        with pytest.raises(NoSuchRestoration, match=foreign.value.detail):
            every.get(run.key, "me")


async def test_a_run_that_nobody_watches_is_cancelled_after_its_grace() -> None:
    walk = Walk()
    async with runs(grace_s=0.01) as every:
        run = every.begin(walk, ASKED, ExitStack(), detached=False)
        assert await names(run) == ["accepted", "problem"]
    assert walk.closed.is_set()
    assert run.problem is not None
    assert run.problem.slug == "restoration-cancelled"


async def test_a_run_that_is_watched_or_was_promised_lives_on() -> None:
    async with runs(grace_s=0) as every:
        watched, promised = Walk(), Walk()
        one = every.begin(watched, ASKED, ExitStack(), detached=False)
        with one.watched():
            other = every.begin(promised, ASKED, ExitStack(), detached=True)
            left = Walk()
            third = every.begin(left, ASKED, ExitStack(), detached=False)
            assert await names(third) == ["problem"] or left.closed.is_set()
            watched.free.set()
            promised.free.set()
            assert await names(one) == await names(other) == ["accepted", "done"]


async def test_a_run_cancelled_before_it_began_still_ends() -> None:
    place, held = ExitStack(), asyncio.Event()
    place.callback(held.set)
    async with runs() as every:
        run = every.begin(Walk(), ASKED, place, detached=True)
        await every.delete(run.key)
        assert held.is_set()
        assert await names(run) == ["problem"]
        await every.delete(run.key)
        with pytest.raises(NoSuchRestoration):
            every.get(run.key)


@pytest.mark.parametrize(
    ("end", "slug"),
    [(DeadlinePassed("too late"), "deadline-passed"), (OSError("disk"), "internal-error")],
)
async def test_a_failure_is_told_without_what_it_held(end: Exception, slug: str) -> None:
    walk = Walk(end)
    walk.free.set()
    async with runs() as every:
        run = every.begin(walk, ASKED, ExitStack(), detached=True)
        assert await names(run) == ["accepted", "problem"]
    problem = run.problem
    assert isinstance(problem, Problem)
    assert problem.slug == slug
    assert problem.__traceback__ is problem.__context__ is None


async def test_what_still_runs_when_the_service_stops_is_cancelled() -> None:
    walk = Walk()
    async with runs() as every:
        run = every.begin(walk, ASKED, ExitStack(), detached=True)
        await anext(run.journal.after(0))
    assert walk.closed.is_set()
    assert run.problem is not None
    assert "stopping" in run.problem.detail
