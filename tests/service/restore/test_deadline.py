import asyncio
from collections.abc import AsyncIterator, Callable

import numpy as np
import pytest

from bridge.contract import Float32, Tile
from bridge.plan import plan_for
from bridge.restoration import output_shape, regions_of, restore_pixels
from bridge.sample import Step
from service.restore.deadline import Budget, DeadlineTooShort, check_possible
from service.restore.stopwatch import DeadlinePassed
from tests.bridge.cards import card

NOTHING = np.zeros((3, 16, 16), np.float32)
STEPS = 12


async def walk(step_s: float, loop: "Loop", steps: int = STEPS) -> AsyncIterator[Step]:
    """Steps that take `step_s` of the loop's time each."""
    for done in range(1, steps + 1):
        await loop.spend(step_s)
        yield Step(done, steps, NOTHING, NOTHING)


class Loop(asyncio.SelectorEventLoop):
    """A loop whose clock moves only when told, so that no test waits or depends on the machine."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def time(self) -> float:
        return self.now

    async def spend(self, seconds: float) -> None:
        """Let time pass, little by little, so that timers fire when they are due."""
        for _ in range(10):
            self.now += seconds / 10
            await asyncio.sleep(0)
            await asyncio.sleep(0)


def in_its_own_time(test: Callable[[Loop], object]) -> None:
    loop = Loop()
    try:
        loop.run_until_complete(test(loop))  # type: ignore[arg-type]
    finally:
        loop.close()


async def steps_of(budget: Budget, step_s: float, loop: Loop, regions_left: int) -> int:
    taken = 0
    async for step in budget.limit(walk(step_s, loop), regions_left):
        taken = step.done
    return taken


def test_a_region_walks_as_long_as_its_share_allows_and_not_into_a_step_that_cannot_end() -> None:
    async def test(loop: Loop) -> None:
        budget = Budget(end=5.5)
        assert await steps_of(budget, 1.0, loop, regions_left=1) == 5
        assert budget.fewest == 5
        assert loop.now == pytest.approx(5.0)

    in_its_own_time(test)


def test_regions_share_evenly_and_what_one_leaves_over_goes_to_the_others() -> None:
    async def test(loop: Loop) -> None:
        budget = Budget(end=30.0)
        quick = await steps_of(budget, 0.1, loop, regions_left=3)
        assert quick == STEPS
        assert await steps_of(budget, 2.0, loop, regions_left=2) == 7  # of 14.4 seconds
        assert await steps_of(budget, 2.0, loop, regions_left=1) == 7
        assert budget.fewest == 7

    in_its_own_time(test)


def test_a_step_that_takes_longer_than_those_before_is_cut_off_at_the_end() -> None:
    async def uneven(loop: Loop) -> AsyncIterator[Step]:
        for done, seconds in enumerate((1.0, 1.0, 50.0), start=1):
            await loop.spend(seconds)
            yield Step(done, 3, NOTHING, NOTHING)

    async def test(loop: Loop) -> None:
        budget = Budget(end=10.0)
        done = [step.done async for step in budget.limit(uneven(loop), 1)]
        assert done == [1, 2]
        assert loop.now < 13

    in_its_own_time(test)


def test_later_regions_have_their_first_step_even_when_the_time_is_up() -> None:
    async def test(loop: Loop) -> None:
        budget = Budget(end=5.0)
        assert await steps_of(budget, 1.0, loop, regions_left=2) == 2
        loop.now = 9.0
        assert await steps_of(budget, 1.0, loop, regions_left=1) == 1
        assert budget.fewest == 1

    in_its_own_time(test)


def test_without_a_first_step_in_time_there_is_no_answer() -> None:
    async def test(loop: Loop) -> None:
        with pytest.raises(DeadlinePassed, match="first step"):
            await steps_of(Budget(end=1.0), 2.0, loop, regions_left=1)

    in_its_own_time(test)


def test_a_timeout_of_the_engine_is_not_taken_for_the_deadline() -> None:
    async def failing() -> AsyncIterator[Step]:
        yield Step(1, 2, NOTHING, NOTHING)
        raise TimeoutError

    async def test(loop: Loop) -> None:
        with pytest.raises(TimeoutError):
            async for _ in Budget(end=loop.now + 10).limit(failing(), 1):
                pass

    in_its_own_time(test)


def test_what_cannot_be_done_in_time_is_refused_with_both_numbers() -> None:
    check_possible(1.0, 1.5, 2000)
    with pytest.raises(DeadlineTooShort, match=r"about 3000 ms.*deadline_ms=2000 are 1500 left"):
        check_possible(3.0, 1.5, 2000)


async def test_a_photo_cut_short_is_whole_and_each_region_has_its_own_best_estimate() -> None:
    """The network says how often it was asked: the answer's pixels show who got how far."""
    of, photo = card(), np.full((150, 203, 3), 128, np.uint8)
    out = np.zeros(output_shape(of, photo), np.uint8)
    grey = [-0.5, 0.0, 0.5]
    plan = plan_for(of, "dbim", len(grey))
    levels = {row.t: level for row, level in zip(plan.rows, grey, strict=True)}

    async def network(tile: Tile) -> Float32:
        return np.full_like(tile.x_t, levels[tile.t])

    taken: list[int] = []

    async def limit(walk: AsyncIterator[Step], _: int) -> AsyncIterator[Step]:
        async for step in walk:
            yield step
            if step.done == len(taken) % 3 + 1:
                taken.append(step.done)
                return

    async for _ in restore_pixels(of, plan, photo, network, out, limit=limit):
        pass
    assert taken == [1, 2, 3, 1]
    boxes = regions_of(of, photo)
    reached = [int(out[box.top + 40, box.left + 60, 0]) for box in boxes]
    assert reached == [64, 128, 191, 64]
