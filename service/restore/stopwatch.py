"""How long each stage of one photo took: for the metrics, and for the caller."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from service.observe.traces import Span
from service.problems import Problem
from service.telemetry import Telemetry, timed


class DeadlinePassed(Problem):
    """The restoration was stopped at its time limit."""

    status = 504
    slug = "deadline-passed"
    title = "The restoration took too long"


class Stopwatch:
    """Times stages that follow one another; a stage that fails is timed too."""

    def __init__(self, task: str, priority: str, telemetry: Telemetry) -> None:
        self._task, self._priority, self._telemetry = task, priority, telemetry
        self.milliseconds: dict[str, float] = {}

    @contextmanager
    def timed(self, name: str) -> Iterator[Span]:
        """Time what happens inside, which may yield to a caller; a TimeoutError of the
        engine is the photo's deadline.
        """
        start = time.perf_counter()
        inside = self._telemetry.photos.in_stage.labels(name, self._priority)
        inside.inc()
        try:
            with self._telemetry.traces.span(f"rialto.{name}", rialto__task=self._task) as span:
                yield span
        except TimeoutError as error:
            raise DeadlinePassed(
                f"It was stopped while in stage {name}. Ask for fewer steps, or send a smaller"
                " photo."
            ) from error
        finally:
            inside.dec()
            seconds = time.perf_counter() - start
            self.milliseconds[name] = round(seconds * 1000, 2)
            stage = self._telemetry.photos.stage_seconds.labels(self._task, name)
            timed(stage, seconds)

    @asynccontextmanager
    async def stage(self, name: str, deadline: float) -> AsyncIterator[None]:
        """Time what happens inside, and end it at `deadline` of the event loop's clock.

        Not around a `yield` to a caller, whose time would be cut as well.
        """
        with self.timed(name):
            async with asyncio.timeout_at(deadline):
                yield
