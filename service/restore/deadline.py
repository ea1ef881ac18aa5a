"""Deadline: a caller's time, shared out so that every region of a photo gets its part of it.

The walk of a region ends with the step that its share allows. What a quick region leaves over
goes to the ones behind it, so quality degrades evenly and no part is left as it came.
"""

import asyncio
from collections.abc import AsyncIterator
from math import inf

from bridge.sample import Step
from service.problems import Problem
from service.restore.stopwatch import DeadlinePassed


class DeadlineTooShort(Problem):
    """A deadline before which not even one step could be done."""

    status = 422
    slug = "deadline-too-short"
    title = "The deadline leaves no time for a single step"


def check_possible(expected_s: float, left_s: float, deadline_ms: int) -> None:
    """Raises DeadlineTooShort where one step of the whole photo takes longer than is left."""
    if expected_s > left_s:
        raise DeadlineTooShort(
            f"One step of this photo takes about {1000 * expected_s:.0f} ms here, and of"
            f" deadline_ms={deadline_ms} are {max(1000 * left_s, 0):.0f} left beside reading and"
            " writing it. Allow more time, or send a smaller photo."
        )


class Budget:
    """The time of one photo's steps, until `end` of the event loop's clock.

    fewest  steps that every region has had so far; None before the first has ended
    """

    def __init__(self, end: float) -> None:
        self._end = end
        self.fewest: int | None = None

    async def limit(self, walk: AsyncIterator[Step], regions_left: int) -> AsyncIterator[Step]:
        """The steps of a region's walk that its share of the time allows; always the first.

        Raises DeadlinePassed where the photo's very first step does not end in time. Once it
        has, an answer will come: later regions have their first step even if that is late.
        """
        clock = asyncio.get_running_loop().time
        now = clock()
        share = now + max(self._end - now, 0.0) / regions_left
        bound = self._end if self.fewest is None else None
        quickest, done = inf, 0
        while step := await _within(bound, walk):
            done, bound = step.done, share
            yield step
            quickest, now = min(quickest, clock() - now), clock()
            if done == step.steps or now + quickest > share:
                break
        if not done:
            raise DeadlinePassed(
                "Not even the first step was done in time. Allow more, or send a smaller photo."
            )
        self.fewest = done if self.fewest is None else min(self.fewest, done)


async def _within(moment: float | None, walk: AsyncIterator[Step]) -> Step | None:
    """The walk's next step; None where it did not end by `moment`, and was stopped."""
    try:
        async with asyncio.timeout_at(moment) as timer:
            return await anext(walk)
    except TimeoutError:
        if timer.expired():
            return None
        raise  # the engine's own
