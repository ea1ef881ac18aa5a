"""A stream's items in groups, for what is done to many at once."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from typing import TypeVar

from service.problems import Problem

T = TypeVar("T")


async def groups(
    stream: AsyncIterator[T], is_full: Callable[[Sequence[T]], bool]
) -> AsyncGenerator[list[T]]:
    """Items until `is_full` says so of a group.

    A Problem that ends the stream is raised behind the last group: what came before it counts.
    """
    group: list[T] = []
    end: Problem | None = None
    try:
        async for item in stream:
            group.append(item)
            if is_full(group):
                yield group
                group = []
    except Problem as problem:
        end = problem
    if group:
        yield group
    if end is not None:
        raise end
