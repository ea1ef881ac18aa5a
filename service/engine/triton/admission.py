"""Which tiles are sent to Triton now: a pure object, without tensors, clocks or gRPC.

Triton's own line is first come, first served (priorities inside it stall with one instance),
so priority is made here, by what is *not* sent yet. Tiles go out in lanes: a lane is one
batch's worth of tiles of one network and shape, sent one after another, since Triton joins
only neighbours. Each priority has LANES of them: one runs, one stands ready behind it.

So an interactive tile finds at most two archive batches of this process before it. (A third
for a moment, where Triton was idle, split the first lane in two, and the second has another
shape.) Nothing of the archive is sent while people wait in line.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from service.engine import Priority
from service.engine.scheduler import Kind, Scheduler, Ticket

LANES = 2


@dataclass(eq=False)
class _Lane:
    kind: Kind
    room: int  # tiles that it can still take
    in_flight: int = 0


class Admission:
    """The waiting lines and the lanes. `batch_limit(kind)` is Triton's largest batch of it."""

    def __init__(self, batch_limit: Callable[[Kind], int]) -> None:
        self._batch_limit = batch_limit
        self._lines = {p: Scheduler(partial(self._room, p)) for p in Priority}
        self._lanes: dict[Priority, list[_Lane]] = {p: [] for p in Priority}
        self._lane_of: dict[tuple[Priority, int], _Lane] = {}

    def waiting(self, priority: Priority) -> int:
        """Tiles of this priority that are not sent yet."""
        return self._lines[priority].waiting(priority)

    def in_flight(self, priority: Priority) -> int:
        """Tiles of this priority that were sent and not answered."""
        return sum(lane.in_flight for lane in self._lanes[priority])

    def add(self, kind: Kind, photo: str, priority: Priority) -> Ticket:
        """Put one tile in line."""
        return self._lines[priority].add(kind, photo, priority)

    def withdraw(self, ticket: Ticket) -> bool:
        """Take a tile out of line; False where it was sent already."""
        return self._lines[ticket.priority].withdraw(ticket)

    def next_tiles(self) -> list[Ticket]:
        """The tiles to send now, in order; each must be `answered` some time."""
        sent: list[Ticket] = []
        for priority, line in self._lines.items():
            while batch := line.next_batch():
                self._put_in_lane(priority, batch)
                sent += batch
            if line.waiting(priority):
                break  # the archive does not pass people who wait
        return sent

    def answered(self, ticket: Ticket) -> None:
        """A sent tile came back, or never will."""
        lane = self._lane_of.pop((ticket.priority, ticket.number))
        lane.in_flight -= 1
        if not lane.in_flight:
            self._lanes[ticket.priority].remove(lane)

    def _room(self, priority: Priority, kind: Kind) -> int:
        """Tiles of this kind that may be sent now: in a lane of their own, or in the last one.

        A lane at the head may be running, and what is added to it would be another batch.
        """
        lanes = self._lanes[priority]
        if len(lanes) < LANES:
            return self._batch_limit(kind)
        return lanes[-1].room if lanes[-1].kind == kind else 0

    def _put_in_lane(self, priority: Priority, batch: list[Ticket]) -> None:
        lanes = self._lanes[priority]
        if len(lanes) < LANES:
            lanes.append(_Lane(batch[0].kind, self._batch_limit(batch[0].kind)))
        lane = lanes[-1]
        lane.room -= len(batch)
        lane.in_flight += len(batch)
        for ticket in batch:
            self._lane_of[priority, ticket.number] = lane
