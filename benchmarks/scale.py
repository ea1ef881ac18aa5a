"""A billion photos: which part is full first, by a simulation from costs that are measured here.

Measured on a Valkey of our own: seconds of the server's thread that a photo costs (added, taken,
kept by a heartbeat, ended), and bytes that it holds while it waits and after it has ended. The
rest is stated: how large a photo is, how long a worker's place has it. Events then walk a job
through its stations: a gateway's upload, the queue, a worker, the queue again.

    python -m benchmarks.scale [--photos 3200] [--out docs/scale.png]
"""

import argparse
import asyncio
import heapq
import random
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from redis.asyncio import Redis

from benchmarks.machine import machine_line
from benchmarks.queue_rates import OUTPUT, empty, photos
from service.archive.queue import Queue
from service.archive.records import JobSpec, OutputSpec
from service.valkey import embedded_valkey, open_redis

BILLION = 1e9
DAY_S = 86_400
MEGAPIXELS, BYTES_IN, BYTES_OUT = 12.0, 4e6, 18e6  # a phone's photo, and its restored PNG
UPLOAD_S = BYTES_IN / 100e6  # of a gateway's process: hashed and written on
BEAT_EVERY_S = 10.0
SECONDS_A_MEGAPIXEL = {"2 cores": 0.66, "a GPU 30 times as fast": 0.022}
WORKERS = (1, 4, 16, 64, 256, 1024, 4096)
GATEWAYS = 128
SIMULATED = 50_000  # photos of one run of events
AT_ONCE = 32  # of the measured job's photos in work, below its cap
GIB = 2**30


@dataclass(frozen=True)
class Costs:
    """What one photo costs the queue's server: seconds of its thread, and bytes."""

    add_s: float
    take_s: float
    beat_s: float
    done_s: float
    waiting_bytes: float
    ended_bytes: float

    def of_photo(self, worked_s: float) -> float:
        """Seconds of the server's thread for a photo that is in work so long."""
        beats = worked_s / BEAT_EVERY_S
        return self.add_s + self.take_s + self.done_s + beats * self.beat_s


async def measured(redis: Redis, how_many: int) -> Costs:
    """A job's whole life, timed by the server itself."""
    await empty(redis)
    queue = Queue(redis)
    before = await _held(redis)
    job = await queue.open_job(JobSpec(outputs=(OutputSpec(task="sr4x"),)))
    new = photos(job.id, how_many)
    spent = dict.fromkeys(("add", "take", "beat", "done"), 0.0)
    async with _timed(redis, spent, "add"):
        await queue.add(job.id, new)
    waiting = (await _held(redis) - before) / how_many
    for _ in range(0, how_many, AT_ONCE):
        async with _timed(redis, spent, "take"):
            leases = [lease for _ in range(AT_ONCE) for lease in await queue.take("worker")]
        async with _timed(redis, spent, "beat"):
            await queue.beat(dict.fromkeys(leases, 0.5))
        async with _timed(redis, spent, "done"):
            for lease in leases:
                assert await queue.done(lease, (OUTPUT,))
    ended = (await _held(redis) - before) / how_many
    each = {f"{name}_s": seconds / how_many for name, seconds in spent.items()}
    return Costs(**each, waiting_bytes=waiting, ended_bytes=ended)


@asynccontextmanager
async def _timed(redis: Redis, spent: dict[str, float], name: str) -> AsyncIterator[None]:
    """Add what the server spends inside on scripts, by its own clock."""
    before = await _scripts_s(redis)
    yield
    spent[name] += await _scripts_s(redis) - before


async def _scripts_s(redis: Redis) -> float:
    stats = await redis.info("commandstats")
    return float(stats.get("cmdstat_evalsha", {"usec": 0})["usec"]) / 1e6


async def _held(redis: Redis) -> float:
    return float((await redis.info("memory"))["used_memory"])


def walked(costs: Costs, worked_s: float, workers: int, seed: int = 0) -> dict[str, float]:
    """Photos a second of a job through all stations, and how busy each station was.

    Times in a station are exponential, so that lines form; each station serves first come, first
    served, gateways and workers many at once, the queue's server one.
    """
    chance = random.Random(seed)  # noqa: S311 -- times of service
    stations = {"gateways": GATEWAYS, "queue": 1, "workers": workers}
    free = {name: [0.0] * servers for name, servers in stations.items()}
    busy = dict.fromkeys(stations, 0.0)

    def served(name: str, arrives: float, seconds: float) -> float:
        takes = chance.expovariate(1 / seconds)
        start = max(arrives, free[name][0])
        heapq.heapreplace(free[name], start + takes)
        busy[name] += takes
        return start + takes

    # Events in order of time: a station serves whoever comes next, not whoever was sent first.
    photos_s = costs.of_photo(worked_s)
    path = (
        ("gateways", UPLOAD_S),
        ("queue", costs.add_s + costs.take_s),
        ("workers", worked_s),
        ("queue", photos_s - costs.add_s - costs.take_s),
    )
    events = [(0.0, number, 0) for number in range(SIMULATED)]
    end = 0.0
    while events:
        now, number, step = heapq.heappop(events)
        name, seconds = path[step]
        end = max(end, done := served(name, now, seconds))
        if step + 1 < len(path):
            heapq.heappush(events, (done, number, step + 1))
    shares = {name: busy[name] / (end * servers) for name, servers in stations.items()}
    return {"photos_a_second": SIMULATED / end, **shares}


def table(costs: Costs, found: dict[str, list[dict[str, float]]]) -> None:
    """What was measured, what follows, and the simulated rates."""
    of_each = ", ".join(
        f"{name} {getattr(costs, name + '_s') * 1e6:.0f}"
        for name in ("add", "take", "beat", "done")
    )
    print(f"\nMicroseconds of the queue's server a photo: {of_each}.")
    print(f"Bytes there: {costs.waiting_bytes:.0f} waiting, {costs.ended_bytes:.0f} ended.\n")
    print("| a place has a photo | places | photos a second | gateways | queue | workers | days |")
    print("|---|---|---|---|---|---|---|")
    for name, runs in found.items():
        for workers, run in zip(WORKERS, runs, strict=True):
            days = BILLION / run["photos_a_second"] / DAY_S
            print(
                f"| {name} | {workers} | {run['photos_a_second']:.3g} | {run['gateways']:.0%}"
                f" | {run['queue']:.0%} | {run['workers']:.0%} | {days:.3g} |"
            )
    held, full = BILLION * costs.ended_bytes / GIB, 64 * GIB / costs.ended_bytes / 1e6
    moved = BILLION * (BYTES_IN + BYTES_OUT) / 1e15
    print(f"\nA billion photos: {held:.0f} GiB of Redis, {moved:.0f} PB of storage by 2e9 PUTs.")
    print(f"A Redis of 64 GiB is full at {full:.0f} million kept photos.")


def plot(costs: Costs, found: dict[str, list[dict[str, float]]], out: Path) -> None:
    """Rate over workers with the queue's bound; the queue's memory over photos that are kept."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, (rates, memory) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for name, runs in found.items():
        rates.loglog(WORKERS, [run["photos_a_second"] for run in runs], "o-", label=name)
    bound = 1 / costs.of_photo(0)
    rates.axhline(bound, color="grey", ls="--", label=f"one Redis: {bound:,.0f} a second")
    billion_in_a_year = BILLION / 365 / DAY_S
    rates.axhline(billion_in_a_year, color="tab:green", ls=":", label="a billion in a year")
    rates.set(xlabel="workers' places", ylabel="photos a second", title="12 megapixels, one step")
    kept = [10**power for power in range(5, 10)]
    memory.loglog(kept, [n * costs.ended_bytes / GIB for n in kept], "o-", label="ended")
    memory.loglog(kept, [n * costs.waiting_bytes / GIB for n in kept], "o-", label="waiting")
    for size in (4, 64, 512):
        memory.axhline(size, color="grey", ls="--", lw=0.8)
        memory.text(kept[0], size * 1.1, f"{size} GiB", fontsize=8, color="grey")
    memory.set(xlabel="photos kept", ylabel="GiB of Redis", title="Memory of the queue")
    for axis in (rates, memory):
        axis.grid(alpha=0.3)
        axis.legend(frameon=False, fontsize=8)
        axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(out, dpi=100, pil_kwargs={"optimize": True})


async def main(how_many: int, out: Path) -> None:
    """Measure, simulate, tell, draw."""
    print(machine_line())
    with tempfile.TemporaryDirectory() as folder:
        async with embedded_valkey(Path(folder)) as url, open_redis(url) as redis:
            costs = await measured(redis, how_many)
    found = {
        f"{name}, {MEGAPIXELS * pace:.2g} s": [
            walked(costs, MEGAPIXELS * pace, workers) for workers in WORKERS
        ]
        for name, pace in SECONDS_A_MEGAPIXEL.items()
    }
    table(costs, found)
    plot(costs, found, out)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=3_200)
    parser.add_argument("--out", type=Path, default=Path("docs/scale.png"))
    given = parser.parse_args()
    asyncio.run(main(given.photos, given.out))
