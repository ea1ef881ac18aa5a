"""What step-level batching gives a person who arrives while an archive is being restored.

Eight archive photos of 25 steps are restored; meanwhile fifty people come, at times drawn
from a Poisson process, each with a photo of one tile (jpeg, 256x256, one step). A person's
time beyond decoding and encoding is set against the batches that were running. The pixels
evaluated a second, theirs and the archive's, are set against the archive's alone.

    python -m benchmarks.batching [local | triton | priorities] [small]

`triton` is the wheel's server beside the service, `priorities` the same with Triton's own
priorities and two instances in the place of our admission (`rialto triton --priorities`).
`small` is for a machine that has no minutes to spare: fewer, smaller photos, one run.
"""

import asyncio
import io
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import numpy as np
from tritonclient.grpc.aio import InferenceServerClient

from benchmarks.machine import machine_line, percentile, photo
from benchmarks.wheel import wheel_triton
from service.app import open_restorer
from service.engine import Priority
from service.restore import Order, Restorer
from service.restore.accept import Upload
from service.restore.reply import Restored
from service.settings import Settings
from service.tasks import Choice
from service.telemetry import Telemetry

ARCHIVE_PHOTOS = 8
MEGAPIXEL = 1e6


@dataclass(frozen=True)
class Sizes:
    """How large a measurement is; the arrivals end before the archive does."""

    archive_side: int = 480  # four tiles of 256 px, the size that all large photos are cut into
    archive_tiles: int = 4
    archive_tile_side: int = 256
    archive_steps: int = 25
    side: int = 256  # of a person's photo
    arrivals: int = 50
    mean_gap_s: float = 0.4
    runs: int = 3


SMALL = Sizes(
    archive_side=160,
    archive_tiles=1,
    archive_tile_side=160,
    archive_steps=12,
    side=96,
    arrivals=15,
    mean_gap_s=3.0,
    runs=1,
)


@dataclass
class Run:
    """What one run of the archive took: seconds, batches, and each arrival's own time."""

    sizes: Sizes
    seconds: float = 0.0
    batch_s: float = 0.0
    waits: list[float] = field(default_factory=list)

    @property
    def megapixels_a_second(self) -> float:
        """Pixels evaluated, steps counted, theirs and the archive's."""
        sizes = self.sizes
        tiles = ARCHIVE_PHOTOS * sizes.archive_steps * sizes.archive_tiles
        pixels = tiles * sizes.archive_tile_side**2 + len(self.waits) * sizes.side**2
        return pixels / MEGAPIXEL / self.seconds


def jpeg_bytes(side: int) -> bytes:
    """A square JPEG of quality 30."""
    file = io.BytesIO()
    photo(side, side).save(file, "JPEG", quality=30)
    return file.getvalue()


async def restore(restorer: Restorer, photo_: Upload, order: Order) -> Restored:
    """One photo, to its end."""
    async for made in restorer.restore(photo_, order):
        if isinstance(made, Restored):
            return made
    raise RuntimeError("the walk ended without a photo")


async def person(restorer: Restorer, side: int, waits: list[float]) -> None:
    """One photo of one tile; its time beyond decode and pack joins `waits`."""
    start = time.perf_counter()
    upload = Upload(jpeg_bytes(side))
    made = await restore(restorer, upload, Order(Choice("jpeg", steps=1)))
    own = (made.timing["decode"] + made.timing["pack"]) / 1000
    waits.append(time.perf_counter() - start - own)


async def people(restorer: Restorer, sizes: Sizes, waits: list[float]) -> None:
    """Arrivals, whether or not the one before has been answered."""
    gaps = np.random.default_rng(0).exponential(sizes.mean_gap_s, sizes.arrivals)
    async with asyncio.TaskGroup() as group:
        for gap in gaps:
            group.create_task(person(restorer, sizes.side, waits))
            await asyncio.sleep(gap)


def batches(telemetry: Telemetry) -> tuple[float, float]:
    """Seconds and number of the batches evaluated so far."""
    name = "rialto_engine_batch_duration_seconds"
    seconds, count = (
        telemetry.registry.get_sample_value(f"{name}_{part}", {"network": "jpeg"}) or 0.0
        for part in ("sum", "count")
    )
    return seconds, count


async def triton_batches(client: InferenceServerClient) -> tuple[float, float]:
    """The same of a Triton, by its own statistics."""
    (stats,) = (await client.get_inference_statistics("jpeg")).model_stats
    runs = [one.compute_infer for one in stats.batch_stats]
    return sum(run.ns for run in runs) / 1e9, float(sum(run.count for run in runs))


Batches = Callable[[], Awaitable[tuple[float, float]]]


@asynccontextmanager
async def opened(engine: str, settings: Settings) -> AsyncIterator[tuple[Restorer, Batches]]:
    """A service by the engine that was asked for, and its batches so far."""
    telemetry = Telemetry()
    if engine == "local":
        async with open_restorer(settings, telemetry) as restorer:
            yield restorer, lambda: asyncio.sleep(0, batches(telemetry))
        return
    with wheel_triton("python" if engine == "triton" else "python-priorities") as url:
        there = settings.model_copy(update={"engine": "triton", "triton_url": url})
        async with (
            open_restorer(there, telemetry) as restorer,
            InferenceServerClient(url) as client,
        ):
            yield restorer, lambda: triton_batches(client)


async def archive(restorer: Restorer, so_far: Batches, sizes: Sizes, *, visited: bool) -> Run:
    """Restore the archive's photos at once, with or without people coming in."""
    run, before, start = Run(sizes), await so_far(), time.perf_counter()
    order = Order(Choice("jpeg", steps=sizes.archive_steps), priority=Priority.ARCHIVE)
    scan = jpeg_bytes(sizes.archive_side)
    async with asyncio.TaskGroup() as group:
        for _ in range(ARCHIVE_PHOTOS):
            group.create_task(restore(restorer, Upload(scan), order))
        if visited:
            group.create_task(people(restorer, sizes, run.waits))
    after = await so_far()
    run.seconds = time.perf_counter() - start
    run.batch_s = (after[0] - before[0]) / (after[1] - before[1])
    return run


async def main(engine: str, sizes: Sizes) -> None:
    """Print the table."""
    settings = Settings(max_active=ARCHIVE_PHOTOS + 8)
    print(f"{engine}: {machine_line()}")
    async with opened(engine, settings) as (restorer, so_far):
        alone: list[float] = []
        for _ in range(sizes.arrivals):
            await person(restorer, sizes.side, alone)
        pairs = [
            (
                await archive(restorer, so_far, sizes, visited=False),
                await archive(restorer, so_far, sizes, visited=True),
            )
            for _ in range(sizes.runs)
        ]
    quiet, visited = zip(*pairs, strict=True)
    batch = statistics.median(run.batch_s for run in quiet)
    p95 = statistics.median(percentile(run.waits, 0.95) for run in visited)
    middle = statistics.median(statistics.median(run.waits) for run in visited)
    before = statistics.median(run.megapixels_a_second for run in quiet)
    ratios = [late.megapixels_a_second / run.megapixels_a_second for run, late in pairs]
    print(
        "| | value |\n|---|---|\n"
        f"| a batch of the archive, mean | {batch * 1000:.1f} ms |\n"
        f"| one tile, nobody else, p50 | {statistics.median(alone) * 1000:.1f} ms |\n"
        f"| one tile beside the archive, p50 | {middle * 1000:.1f} ms |\n"
        f"| the same, p95 | {p95 * 1000:.1f} ms = {p95 / batch:.2f} batches (at most 3 wanted) |\n"
        f"| megapixels evaluated a second, archive alone | {before:.2f} |\n"
        f"| the same with the arrivals | {statistics.median(ratios):.1%} of it"
        f" ({min(ratios):.1%} to {max(ratios):.1%}; 95 % wanted) |"
    )


if __name__ == "__main__":
    asyncio.run(
        main(sys.argv[1] if sys.argv[1:] else "local", SMALL if "small" in sys.argv else Sizes())
    )
