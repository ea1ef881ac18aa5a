"""How long each stage of one photo took: for the metrics, and for the caller."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from service.telemetry import Telemetry


class Stopwatch:
    """Times stages that follow one another; a stage that fails is timed too."""

    def __init__(self, task: str, telemetry: Telemetry) -> None:
        self._task, self._telemetry = task, telemetry
        self.milliseconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what happens inside."""
        start = time.perf_counter()
        try:
            yield
        finally:
            seconds = time.perf_counter() - start
            self.milliseconds[name] = round(seconds * 1000, 2)
            self._telemetry.stage_seconds.labels(self._task, name).observe(seconds)
