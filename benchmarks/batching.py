"""What step-level batching gives a person who arrives while an archive is being restored.

Eight archive photos of 25 steps run all the time; fifty times, a photo of one tile (jpeg,
256x256, one step) arrives. Its time beyond its own decoding and encoding is set against
the batches that were running; the archive's throughput against one that nobody disturbs.

    python -m benchmarks.batching
"""

import asyncio
import io
import statistics
import time
from collections.abc import Awaitable

from benchmarks.machine import machine_line, percentile, photo
from service.app import open_restorer
from service.engine import Priority
from service.restore import Order, Restorer
from service.restore.accept import Upload
from service.restore.reply import Restored
from service.settings import Settings
from service.tasks import Choice
from service.telemetry import Telemetry

ARCHIVE_PHOTOS, ARCHIVE_STEPS, ARRIVALS = 8, 25, 50


def jpeg_bytes(width: int, height: int) -> bytes:
    """A JPEG of quality 30 of this size."""
    file = io.BytesIO()
    photo(width, height).save(file, "JPEG", quality=30)
    return file.getvalue()


def total(telemetry: Telemetry, name: str, **labels: str) -> float:
    """A sample's value now."""
    return telemetry.registry.get_sample_value(name, labels) or 0.0


async def restore(restorer: Restorer, photo_: Upload, order: Order) -> Restored:
    """One photo, to its end."""
    async for made in restorer.restore(photo_, order):
        if isinstance(made, Restored):
            return made
    raise RuntimeError("the walk ended without a photo")


async def archive(restorer: Restorer) -> None:
    """One of the archive's places: photo after photo, until cancelled."""
    order = Order(Choice("jpeg", steps=ARCHIVE_STEPS), priority=Priority.ARCHIVE)
    scan = jpeg_bytes(512, 512)
    while True:
        await restore(restorer, Upload(scan), order)


async def beside_archive(
    restorer: Restorer, telemetry: Telemetry, work: Awaitable[None]
) -> tuple[float, float]:
    """Evaluations a second, and mean seconds of a batch, while `work` goes on."""
    tasks = [asyncio.create_task(archive(restorer)) for _ in range(ARCHIVE_PHOTOS)]
    while total(telemetry, "rialto_engine_waiting_tiles", priority="archive") == 0:
        await asyncio.sleep(0)
    name = "rialto_engine_batch_duration_seconds"
    before = [total(telemetry, f"{name}_{part}", network="jpeg") for part in ("sum", "count")]
    evaluations, start = evaluated(telemetry), time.perf_counter()
    await work
    rate = (evaluated(telemetry) - evaluations) / (time.perf_counter() - start)
    after = [total(telemetry, f"{name}_{part}", network="jpeg") for part in ("sum", "count")]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return rate, (after[0] - before[0]) / (after[1] - before[1])


def evaluated(telemetry: Telemetry) -> float:
    """Tiles evaluated so far, in tiles of the archive's own size."""
    return sum(
        total(telemetry, "rialto_engine_evaluations_total", network="jpeg", priority=priority)
        for priority in ("archive", "interactive")
    )


async def arrivals(restorer: Restorer, waits: list[float]) -> None:
    """Fifty photos of one tile, one after another; their time beyond decode and pack."""
    person, order = jpeg_bytes(256, 256), Order(Choice("jpeg", steps=1))
    for _ in range(ARRIVALS):
        start = time.perf_counter()
        made = await restore(restorer, Upload(person), order)
        own = (made.timing["decode"] + made.timing["pack"]) / 1000
        waits.append(time.perf_counter() - start - own)


async def main() -> None:
    """Print the table."""
    telemetry = Telemetry()
    settings = Settings(max_active=ARCHIVE_PHOTOS + 1)
    waits: list[float] = []
    print(machine_line())
    async with open_restorer(settings, telemetry) as restorer:
        alone: list[float] = []
        await arrivals(restorer, alone)
        disturbed, batch = await beside_archive(restorer, telemetry, arrivals(restorer, waits))
        quiet, _ = await beside_archive(restorer, telemetry, asyncio.sleep(sum(waits)))
    p95 = percentile(waits, 0.95)
    print(
        "| | value |\n|---|---|\n"
        f"| a batch of the archive, mean | {batch * 1000:.1f} ms |\n"
        f"| one tile, nobody else, p50 | {statistics.median(alone) * 1000:.1f} ms |\n"
        f"| one tile beside the archive, p50 | {statistics.median(waits) * 1000:.1f} ms |\n"
        f"| the same, p95 | {p95 * 1000:.1f} ms = {p95 / batch:.2f} batches (at most 3 wanted) |\n"
        f"| evaluations a second, undisturbed | {quiet:.1f} |\n"
        f"| the same with the fifty arrivals | {disturbed:.1f} = {disturbed / quiet:.1%} |"
    )


if __name__ == "__main__":
    asyncio.run(main())
