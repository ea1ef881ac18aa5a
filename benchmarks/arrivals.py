"""Photos that arrive by chance: batched step by step, against one photo's whole plan at a time.

A mixed trace (photos of one and of four tiles; 1, 10 and 50 steps) arrives by a Poisson process
at 0.3, 0.7, 1.0 and 1.3 of what the service restores a second when it never waits for work. The
same trace, at the same times, is restored twice: as the service does it, where a newly arrived
photo joins the very next batch; and with request-level batching, where the engine is one photo's
until its plan ends, first come, first served (`WholePlans`; decoding and encoding overlap in
both). Measured from a photo's arrival: the time to its first step, and to its end. On a machine
that others use, the load is not quite what was meant: the table has the one that was met, the
engine's busy seconds by those in which photos arrived.

    python -m benchmarks.arrivals [docs/arrivals.png]
"""

import asyncio
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.arrivals_plot import Curve, Pair, plot, table
from benchmarks.batching import batches, jpeg_bytes
from benchmarks.machine import machine_line
from bridge.contract import Float32, NetworkCard, Tile
from bridge.restoration import Progress
from service.app import open_restorer
from service.engine import Engine, Priority
from service.restore import Order, Restorer
from service.restore.accept import Upload
from service.settings import Settings
from service.tasks import Choice
from service.telemetry import Telemetry

LOADS = (0.3, 0.7, 1.0, 1.3)
PHOTOS = 80  # of one trace
SIDES, SIDE_SHARES = (128, 320), (0.75, 0.25)  # one tile; four of 192 px
STEPS, STEP_SHARES = (1, 10, 50), (0.5, 0.35, 0.15)
AT_ONCE = 16  # photos of the closed loop that measures capacity
SETTINGS = Settings(max_active=256, max_waiting=1024, deadline_s=86_400)  # the engine decides


class WholePlans:
    """An Engine that is one photo's until `release`: its whole plan, then the next photo's."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._turns: dict[str, asyncio.Event] = {}  # in order of arrival; the first runs

    def release(self) -> None:
        """The photo whose turn it is has had its last step."""
        del self._turns[next(iter(self._turns))]
        for turn in list(self._turns.values())[:1]:
            turn.set()

    async def evaluate(
        self,
        network: str,
        tile: Tile,
        *,
        priority: Priority = Priority.INTERACTIVE,
        deadline: float | None = None,
        photo: str = "",
    ) -> Float32:
        """See `service.engine.Engine.evaluate`."""
        turn = self._turns.setdefault(photo, asyncio.Event())
        if next(iter(self._turns)) == photo:
            turn.set()
        await turn.wait()
        return await self._engine.evaluate(
            network, tile, priority=priority, deadline=deadline, photo=photo
        )

    @property
    def runtime(self) -> str:
        """See `service.engine.Engine.runtime`."""
        return self._engine.runtime

    def cards(self) -> dict[str, NetworkCard]:
        """See `service.engine.Engine.cards`."""
        return self._engine.cards()

    async def ready(self) -> bool:
        """See `service.engine.Engine.ready`."""
        return await self._engine.ready()

    async def close(self) -> None:
        """Nothing: the engine below is another's."""


@dataclass(frozen=True)
class Arrival:
    """One photo of a trace, and seconds from its beginning, at a rate of one photo a second."""

    at: float
    side: int
    steps: int


def trace(seed: int) -> list[Arrival]:
    """PHOTOS arrivals; the mix is the same in each, only the order and the times differ."""
    rng = np.random.default_rng(seed)
    at = np.cumsum(rng.exponential(1.0, PHOTOS))
    sides = rng.permutation(np.repeat(SIDES, counts(SIDE_SHARES)))
    steps = rng.permutation(np.repeat(STEPS, counts(STEP_SHARES)))
    return [Arrival(float(a), int(b), int(c)) for a, b, c in zip(at, sides, steps, strict=True)]


def counts(shares: tuple[float, ...]) -> list[int]:
    """`shares` of PHOTOS."""
    return [round(share * PHOTOS) for share in shares]


SCANS = {side: jpeg_bytes(side) for side in SIDES}


async def restored(restorer: Restorer, arrival: Arrival) -> tuple[float, float]:
    """One photo: seconds until its first step is done, and until its end."""
    start, first = time.perf_counter(), float("nan")
    order = Order(Choice("jpeg", steps=arrival.steps))
    async for made in restorer.restore(Upload(SCANS[arrival.side]), order):
        if isinstance(made, Progress):
            if made.step == 1:
                first = time.perf_counter() - start
            if made.fraction == 1 and isinstance(restorer.engine, WholePlans):
                restorer.engine.release()
    return first, time.perf_counter() - start


async def capacity(restorer: Restorer, arrivals: list[Arrival]) -> float:
    """Photos a second of a trace, AT_ONCE at any time."""
    waiting: Iterator[Arrival] = iter(arrivals)

    async def person() -> None:
        for arrival in waiting:
            await restored(restorer, arrival)

    start = time.perf_counter()
    await asyncio.gather(*(person() for _ in range(AT_ONCE)))
    return len(arrivals) / (time.perf_counter() - start)


async def open_loop(restorer: Restorer, arrivals: list[Arrival], load: float, most: float) -> Curve:
    """The trace at `load` times `most` photos a second, whether or not one is answered."""
    rate, busy, start = load * most, batches(restorer.telemetry)[0], time.perf_counter()

    async def arrive(arrival: Arrival) -> tuple[float, float]:
        await asyncio.sleep(arrival.at / rate - (time.perf_counter() - start))
        return await restored(restorer, arrival)

    times = await asyncio.gather(*(arrive(arrival) for arrival in arrivals))
    seconds = time.perf_counter() - start
    first, end = (sorted(column) for column in zip(*times, strict=True))
    met = (batches(restorer.telemetry)[0] - busy) / (arrivals[-1].at / rate)
    return Curve(first, end, len(arrivals) / seconds, load, met)


async def main(picture: Path | None) -> None:
    """Print the table; draw it where `picture` says."""
    print(machine_line(), flush=True)
    runs: list[Pair] = []
    async with open_restorer(SETTINGS, Telemetry()) as steps:
        whole = replace(steps, engine=WholePlans(steps.engine))
        await capacity(steps, trace(99)[:AT_ONCE])  # decoders, pools and caches are warm
        for seed, load in enumerate(LOADS):
            arrivals = trace(seed)
            # Anew for each load: what a shared machine has left changes within minutes.
            most = await capacity(steps, arrivals)
            by_step = await open_loop(steps, arrivals, load, most)
            runs.append((by_step, await open_loop(whole, arrivals, load, most)))
            print(f"load {load}: capacity {most:.2f} photos/s", flush=True)
    print(table(runs))
    if picture is not None:
        plot(runs, picture)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main(Path(sys.argv[1]) if sys.argv[1:] else None))
