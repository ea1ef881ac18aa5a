"""Some of many items at once, each taken once."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


async def at_once(places: int, work: Callable[[T], Awaitable[None]], items: Iterable[T]) -> None:
    """`work` on every item, `places` at a time; the first failure ends all."""
    line = iter(items)

    async def take_turns() -> None:
        for item in line:  # one iterator for all: each item is taken once
            await work(item)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(places):
                group.create_task(take_turns())
    except BaseExceptionGroup as errors:
        raise _first(errors) from errors


def _first(errors: BaseExceptionGroup) -> BaseException:
    """One failure of several at once, whatever groups it lies in."""
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
