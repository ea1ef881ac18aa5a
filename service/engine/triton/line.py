"""Admission, awaited: a tile's turn to be sent."""

import asyncio
import time
from collections.abc import Callable

from service.engine import EngineUnavailable, Priority
from service.engine.scheduler import Kind, Ticket
from service.engine.triton.admission import Admission
from service.telemetry import Telemetry


class Line:
    """Tiles wait here until they may be sent. Made inside its event loop."""

    def __init__(self, batch_limit: Callable[[Kind], int], telemetry: Telemetry) -> None:
        self._admission = Admission(batch_limit)
        self._telemetry = telemetry
        self._turns: dict[tuple[Priority, int], asyncio.Future[None]] = {}
        self._loop = asyncio.get_running_loop()
        self._sending = False
        self.closed = False

    async def turn(self, kind: Kind, photo: str, priority: Priority) -> Callable[[], None]:
        """Wait to be sent; returns what must be called once the tile came back.

        Cancelling the wait withdraws the tile. Raises EngineUnavailable once closed.
        """
        if self.closed:
            raise EngineUnavailable("the engine is shutting down")
        arrived = time.perf_counter()
        ticket = self._admission.add(kind, photo, priority)
        turn = self._turns[priority, ticket.number] = self._loop.create_future()
        self._send_soon()
        try:
            await turn
        except BaseException:
            self._turns.pop((priority, ticket.number), None)
            if self._admission.withdraw(ticket):
                self._telemetry.engine.withdrawn.inc()
                self._count_waiting()
            else:  # its turn came in the moment that it gave up
                self._answered(ticket)
            raise
        waited = time.perf_counter() - arrived
        self._telemetry.engine.queue_seconds.labels(priority.name.lower()).observe(waited)
        return lambda: self._answered(ticket)

    def close(self) -> None:
        """Refuse everyone who waits, and whoever comes."""
        self.closed = True
        for turn in self._turns.values():
            if not turn.done():
                turn.set_exception(EngineUnavailable("the engine is shutting down"))

    def _answered(self, ticket: Ticket) -> None:
        self._admission.answered(ticket)
        self._send_soon()

    def _send_soon(self) -> None:
        """Send after this turn of the loop: a step's tiles come together, and go together."""
        if not self._sending:
            self._sending = True
            self._loop.call_soon(self._send)

    def _send(self) -> None:
        self._sending = False
        for ticket in self._admission.next_tiles():
            turn = self._turns.pop((ticket.priority, ticket.number), None)
            if turn is not None and not turn.done():
                turn.set_result(None)
        self._count_waiting()

    def _count_waiting(self) -> None:
        for priority in Priority:
            gauge = self._telemetry.engine.waiting_tiles.labels(priority.name.lower())
            gauge.set(self._admission.waiting(priority))
