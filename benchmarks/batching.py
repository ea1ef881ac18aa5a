"""What step-level batching gives a person who arrives while an archive is being restored.

Eight archive photos of 25 steps are restored; meanwhile fifty people come, at times drawn
from a Poisson process, each with a photo of one tile (jpeg, 256x256, one step). A person's
time beyond decoding and encoding is set against the batches that were running. The pixels
evaluated a second, theirs and the archive's, are set against the archive's alone.

    python -m benchmarks.batching
"""

import asyncio
import io
import statistics
import time
from dataclasses import dataclass, field

import numpy as np

from benchmarks.machine import machine_line, percentile, photo
from service.app import open_restorer
from service.engine import Priority
from service.restore import Order, Restorer
from service.restore.accept import Upload
from service.restore.reply import Restored
from service.settings import Settings
from service.tasks import Choice
from service.telemetry import Telemetry

# 480 px take four tiles of 256 px, the size that all large photos are cut into.
ARCHIVE_PHOTOS, ARCHIVE_SIDE, ARCHIVE_STEPS = 8, 480, 25
TILES, TILE_SIDE = 4, 256
ARRIVALS, MEAN_GAP_S = 50, 0.4  # they end before the archive does
RUNS = 3
MEGAPIXEL = 1e6


@dataclass
class Run:
    """What one run of the archive took: seconds, batches, and each arrival's own time."""

    seconds: float = 0.0
    batch_s: float = 0.0
    waits: list[float] = field(default_factory=list)

    @property
    def megapixels_a_second(self) -> float:
        """Pixels evaluated, steps counted, theirs and the archive's."""
        tiles = ARCHIVE_PHOTOS * ARCHIVE_STEPS * TILES + len(self.waits)
        return tiles * TILE_SIDE**2 / MEGAPIXEL / self.seconds


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


async def person(restorer: Restorer, waits: list[float]) -> None:
    """One photo of one tile; its time beyond decode and pack joins `waits`."""
    start = time.perf_counter()
    upload = Upload(jpeg_bytes(TILE_SIDE))
    made = await restore(restorer, upload, Order(Choice("jpeg", steps=1)))
    own = (made.timing["decode"] + made.timing["pack"]) / 1000
    waits.append(time.perf_counter() - start - own)


async def people(restorer: Restorer, waits: list[float]) -> None:
    """Fifty arrivals, whether or not the one before has been answered."""
    gaps = np.random.default_rng(0).exponential(MEAN_GAP_S, ARRIVALS)
    async with asyncio.TaskGroup() as group:
        for gap in gaps:
            group.create_task(person(restorer, waits))
            await asyncio.sleep(gap)


def batches(telemetry: Telemetry) -> tuple[float, float]:
    """Seconds and number of the batches evaluated so far."""
    name = "rialto_engine_batch_duration_seconds"
    seconds, count = (
        telemetry.registry.get_sample_value(f"{name}_{part}", {"network": "jpeg"}) or 0.0
        for part in ("sum", "count")
    )
    return seconds, count


async def archive(restorer: Restorer, telemetry: Telemetry, *, visited: bool) -> Run:
    """Restore the archive's photos at once, with or without people coming in."""
    run, before, start = Run(), batches(telemetry), time.perf_counter()
    order = Order(Choice("jpeg", steps=ARCHIVE_STEPS), priority=Priority.ARCHIVE)
    scan = jpeg_bytes(ARCHIVE_SIDE)
    async with asyncio.TaskGroup() as group:
        for _ in range(ARCHIVE_PHOTOS):
            group.create_task(restore(restorer, Upload(scan), order))
        if visited:
            group.create_task(people(restorer, run.waits))
    after = batches(telemetry)
    run.seconds = time.perf_counter() - start
    run.batch_s = (after[0] - before[0]) / (after[1] - before[1])
    return run


async def main() -> None:
    """Print the table."""
    telemetry = Telemetry()
    settings = Settings(max_active=ARCHIVE_PHOTOS + 8)
    print(machine_line())
    async with open_restorer(settings, telemetry) as restorer:
        alone: list[float] = []
        for _ in range(ARRIVALS):
            await person(restorer, alone)
        pairs = [
            (
                await archive(restorer, telemetry, visited=False),
                await archive(restorer, telemetry, visited=True),
            )
            for _ in range(RUNS)
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
        f"| the same with the fifty arrivals | {statistics.median(ratios):.1%} of it"
        f" ({min(ratios):.1%} to {max(ratios):.1%}; 95 % wanted) |"
    )


if __name__ == "__main__":
    asyncio.run(main())
