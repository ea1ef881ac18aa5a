"""A Triton that is away: noticed by the first call that fails, waited for by all others.

While the circuit is open no tile is sent. One task probes with growing pauses, by a tiny
real evaluation: Triton calls itself ready while a network's process is dead. The log has
one line a minute about it, not one a tile.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable

from prometheus_client import Gauge

from service.engine import EngineUnavailable, EvaluationFailed
from service.engine.repository import RepositoryError
from service.engine.triton.call import Away

log = logging.getLogger("rialto.triton")

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 1.0  # seconds
LINE_SECONDS = 60.0


class Circuit:
    """One network's connection: closed while it evaluates. Made inside its event loop."""

    def __init__(self, network: str, probe: Callable[[], Awaitable[None]], up: Gauge) -> None:
        self.epoch = 0  # grows each time it opens: a failure of before then is no news
        self._network, self._probe, self._up = network, probe, up
        self._closed = asyncio.Event()
        self._closed.set()
        self._up.set(1)
        self._recovery: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()
        self._last_line = float("-inf")

    @property
    def closed(self) -> bool:
        """Whether tiles can be sent."""
        return self._closed.is_set()

    async def wait(self, seconds: float | None) -> None:
        """Return once tiles can be sent; raises EngineUnavailable after `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self._closed.wait()
        except TimeoutError as error:
            raise EngineUnavailable(
                f"Triton has not evaluated {self._network} for {seconds:g} s"
            ) from error

    def open(self, reason: str, epoch: int) -> None:
        """A call that was sent in `epoch` failed: stop sending, begin to probe."""
        if self.closed and epoch == self.epoch:
            self.epoch += 1
            self._closed.clear()
            self._up.set(0)
            self._recovery = asyncio.create_task(self._recover(reason))

    async def stop(self) -> None:
        """End the probing."""
        if self._recovery is not None:
            self._recovery.cancel()
            await asyncio.gather(self._recovery, return_exceptions=True)

    async def _recover(self, reason: str) -> None:
        began, pause, told = self._loop.time(), FIRST_PAUSE, False
        while not self.closed:
            told |= self._tell("Triton does not evaluate %s (%s); waiting", reason)
            try:
                await self._probe()
            except (Away, EvaluationFailed, RepositoryError, TimeoutError) as error:
                reason = str(error) or reason
                # Many gateways wait for one Triton: they should not all come at once.
                await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311
                pause = min(2 * pause, LONGEST_PAUSE)
            else:
                self._closed.set()
                self._up.set(1)
        if told:
            away = self._loop.time() - began
            log.warning("Triton evaluates %s again after %.1f s", self._network, away)

    def _tell(self, line: str, reason: str) -> bool:
        if self._loop.time() - self._last_line < LINE_SECONDS:
            return False
        self._last_line = self._loop.time()
        log.warning(line, self._network, reason)
        return True
