"""Groups: no item is lost, also where the stream ends in a problem."""

from collections.abc import AsyncIterator
from itertools import chain

import pytest

from service.archive.doors.groups import groups
from service.archive.intake.refusals import TruncatedArchive


async def numbers(count: int, end: Exception | None = None) -> AsyncIterator[int]:
    for number in range(count):
        yield number
    if end is not None:
        raise end


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5])
async def test_items_come_in_full_groups_and_the_last_as_it_is(count: int) -> None:
    found = [group async for group in groups(numbers(count), lambda group: len(group) == 2)]
    assert list(chain(*found)) == list(range(count))
    assert all(len(group) == 2 for group in found[:-1])


@pytest.mark.parametrize("count", [0, 1, 2, 3])
async def test_a_problem_comes_behind_all_that_came_before_it(count: int) -> None:
    found: list[int] = []

    async def take() -> None:
        async for group in groups(numbers(count, TruncatedArchive("")), lambda g: len(g) == 2):
            found.extend(group)

    with pytest.raises(TruncatedArchive):
        await take()
    assert found == list(range(count))
