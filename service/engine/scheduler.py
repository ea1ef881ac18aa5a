"""Which tiles form the next batch: a pure object, without tensors, threads or clocks.

One batch holds tiles of one network and one shape; what else differs between them (photo,
plan, step, seed) does not matter. Interactive tiles go before archive tiles. Within a
priority, photos share evenly by start-time fair queueing (Goyal et al. 1996): a photo of
one tile does not wait for all the tiles of a large one.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field

from service.engine import Priority

Shape = tuple[int, int]

MOST_PHOTOS = 4096  # whose share is remembered; an engine that is never idle sees millions


@dataclass(frozen=True)
class Kind:
    """What tiles of one batch have in common."""

    network: str
    shape: Shape


@dataclass(order=True)
class Ticket:
    """One tile's place in line. Ordered by priority, then fair share, then arrival."""

    priority: Priority
    start: float
    number: int
    kind: Kind = field(compare=False)
    photo: str = field(compare=False)
    withdrawn: bool = field(default=False, compare=False)
    taken: bool = field(default=False, compare=False)


class Scheduler:
    """The waiting lines. `batch_limit(kind)` says how many tiles pay in one batch."""

    def __init__(self, batch_limit: Callable[[Kind], int]) -> None:
        self._batch_limit = batch_limit
        self._lines: dict[Kind, list[Ticket]] = {}
        self._finish: dict[tuple[Priority, str], float] = {}
        self._virtual = dict.fromkeys(Priority, 0.0)
        self._arrivals = 0
        self._waiting = dict.fromkeys(Priority, 0)

    def waiting(self, priority: Priority) -> int:
        """Tiles of this priority in line."""
        return self._waiting[priority]

    def add(self, kind: Kind, photo: str, priority: Priority) -> Ticket:
        """Put one tile in line; the ticket names it in `withdraw` and in a batch."""
        flow = priority, photo
        start = max(self._virtual[priority], self._finish.pop(flow, 0.0))
        self._finish[flow] = start + 1
        if len(self._finish) > MOST_PHOTOS:  # the one that has been silent for longest
            del self._finish[next(iter(self._finish))]
        self._arrivals += 1
        ticket = Ticket(priority, start, self._arrivals, kind, photo)
        heapq.heappush(self._lines.setdefault(kind, []), ticket)
        self._waiting[priority] += 1
        return ticket

    def withdraw(self, ticket: Ticket) -> bool:
        """Take a tile out of line; False where a batch has taken it already."""
        if ticket.taken or ticket.withdrawn:
            return False
        ticket.withdrawn = True
        self._waiting[ticket.priority] -= 1
        return True

    def next_batch(self) -> list[Ticket]:
        """The tiles to run now, of one kind; empty where nobody waits.

        The kind is that of the first ticket of all; the batch is filled from its line, so an
        archive tile rides along with an interactive one when there is room.
        """
        for kind in [kind for kind, line in self._lines.items() if not self._front(line)]:
            del self._lines[kind]
        if not self._lines:
            self._finish.clear()
            return []
        kind = min(self._lines, key=lambda kind: self._lines[kind][0])
        line = self._lines[kind]
        batch: list[Ticket] = []
        while len(batch) < self._batch_limit(kind) and self._front(line):
            ticket = heapq.heappop(line)
            ticket.taken = True
            self._waiting[ticket.priority] -= 1
            self._virtual[ticket.priority] = max(self._virtual[ticket.priority], ticket.start)
            batch.append(ticket)
        return batch

    @staticmethod
    def _front(line: list[Ticket]) -> Ticket | None:
        """The first ticket that still stands in line; withdrawn ones before it are dropped."""
        while line and line[0].withdrawn:
            heapq.heappop(line)
        return line[0] if line else None
