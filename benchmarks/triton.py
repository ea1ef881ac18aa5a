"""What the Triton engine makes of Triton: batches, throughput beside the bare network, one photo.

Eight people's photos of four tiles each (jpeg, 480x480, ten steps) are restored at once, over and
over; how many tiles Triton ran in one batch, and how many a second, is set against NVIDIA's
perf_analyzer on the same network: as many tiles in flight, the same shape, no photos, no steps.
Then a lone photo of one tile by the embedded engine and through Triton, in turns.

    make triton && python -m benchmarks.triton
"""

import asyncio
import os
import re
import statistics
import subprocess
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from tritonclient.grpc.aio import InferenceServerClient

from benchmarks.batching import jpeg_bytes, restore
from benchmarks.machine import machine_line
from benchmarks.wheel import wheel_triton
from rialto.commands.triton_wheel import Wheel
from service.app import open_restorer
from service.restore import Order, Restorer
from service.restore.accept import Upload
from service.settings import Settings
from service.tasks import Choice
from service.telemetry import Telemetry

NETWORK = "jpeg"
PHOTOS, SIDE, TILES, STEPS = 8, 480, 4, 10  # 480 px take four tiles of 256 px
LONE_SIDE, LONE_STEPS, LONE_RUNS = 256, 10, 25
RUNS = 3
MEASURED_S = 12


@dataclass(frozen=True)
class Rate:
    """Tiles a second, and tiles a batch."""

    tiles_per_s: float
    batch: float


async def counts(client: InferenceServerClient) -> tuple[int, int]:
    """Tiles that Triton evaluated so far, and the batches they took."""
    (stats,) = (await client.get_inference_statistics(NETWORK)).model_stats
    return stats.inference_count, stats.execution_count


async def photos_at_once(restorer: Restorer, client: InferenceServerClient) -> Rate:
    """PHOTOS people, each sending the next photo when the last is answered, for MEASURED_S."""
    scan, order = jpeg_bytes(SIDE), Order(Choice(NETWORK, steps=STEPS))
    end = time.perf_counter() + MEASURED_S

    async def person() -> None:
        while time.perf_counter() < end:
            await restore(restorer, Upload(scan), order)

    before, start = await counts(client), time.perf_counter()
    await asyncio.gather(*(person() for _ in range(PHOTOS)))
    tiles, batches = (
        late - early for late, early in zip(await counts(client), before, strict=True)
    )
    return Rate(tiles / (time.perf_counter() - start), tiles / batches)


async def bare_network(wheel: Wheel, url: str) -> Rate:
    """perf_analyzer: the network alone, as many tiles in flight, shared memory as we use it."""
    libraries = Path(tempfile.mkdtemp(prefix="perf-analyzer-"))
    for wanted, bundled in (("libb64.so.0d", "libb64-*.so.0d"), ("libcudart.so.12", "libcudart-*")):
        (libraries / wanted).symlink_to(next((wheel.site / "nvidia_pytriton.libs").glob(bundled)))
    command = [
        str(wheel.venv / "bin" / "perf_analyzer"),
        *("-m", NETWORK, "-u", url, "-i", "grpc", "--async"),
        *("--shared-memory", "system", "--output-shared-memory-size", str(2**20)),
        *("--shape", "x_t:3,256,256", "--shape", "x_1:3,256,256"),
        *("--concurrency-range", str(PHOTOS * TILES)),
        *("--measurement-mode", "time_windows", "--measurement-interval", "4000"),
        *("--max-trials", "3", "--stability-percentage", "100"),
    ]
    environment = {**os.environ, "LD_LIBRARY_PATH": str(libraries)}
    run = await asyncio.to_thread(
        subprocess.run, command, env=environment, capture_output=True, text=True, check=False
    )
    rate = re.search(r"throughput: ([\d.]+) infer/sec", run.stdout)
    made = re.search(r"Inference count: (\d+)\s+Execution count: (\d+)", run.stdout)
    assert rate, run.stdout + run.stderr
    return Rate(float(rate[1]), int(made[1]) / int(made[2]) if made else 0.0)


async def lone_photo(restorer: Restorer) -> float:
    """Seconds of a photo's steps, nobody else there."""
    order = Order(Choice(NETWORK, steps=LONE_STEPS))
    return (await restore(restorer, Upload(jpeg_bytes(LONE_SIDE)), order)).timing["infer"] / 1000


async def main() -> None:
    """Print the table."""
    print(machine_line())
    wheel = Wheel.find()
    with wheel_triton() as url:
        async with AsyncExitStack() as stack:
            open_ = stack.enter_async_context
            here = await open_(open_restorer(Settings(), Telemetry()))
            settings = Settings(engine="triton", triton_url=url, max_active=PHOTOS)
            there = await open_(open_restorer(settings, Telemetry()))
            client = await open_(InferenceServerClient(url))
            pairs = [
                (await bare_network(wheel, url), await photos_at_once(there, client))
                for _ in range(RUNS)
            ]
            lone = [(await lone_photo(here), await lone_photo(there)) for _ in range(LONE_RUNS)][1:]
    report(pairs, lone)


def report(pairs: list[tuple[Rate, Rate]], lone: list[tuple[float, float]]) -> None:
    """The table, each figure beside what is wanted of it."""
    middle = statistics.median
    share = [ours.tiles_per_s / bare.tiles_per_s for bare, ours in pairs]
    embedded, triton = (middle(times) for times in zip(*lone, strict=True))
    print(
        "| | value |\n|---|---|\n"
        f"| perf_analyzer, {PHOTOS * TILES} tiles in flight |"
        f" {middle(bare.tiles_per_s for bare, _ in pairs):.1f} tiles/s,"
        f" mean batch {middle(bare.batch for bare, _ in pairs):.1f} |\n"
        f"| {PHOTOS} photos of {TILES} tiles at once |"
        f" {middle(ours.tiles_per_s for _, ours in pairs):.1f} tiles/s,"
        f" mean batch {middle(ours.batch for _, ours in pairs):.1f} (at least 4 wanted) |\n"
        f"| share of the bare network's throughput | {middle(share):.0%}"
        f" ({min(share):.0%} to {max(share):.0%}; 90 % wanted) |\n"
        f"| a lone photo of one tile, {LONE_STEPS} steps, embedded | {embedded * 1000:.0f} ms |\n"
        f"| the same through Triton | {triton * 1000:.0f} ms ="
        f" {middle(late / early for early, late in lone):.2f} x (at most 1.15 wanted) |"
    )


if __name__ == "__main__":
    asyncio.run(main())
