"""How much of a restoration's time is the network's own; decode, tiles, encode are the rest.

python -m benchmarks.efficiency
"""

import asyncio
import io
import statistics
import time

from benchmarks.machine import machine_line, photo
from service.app import open_restorer
from service.restore import Order, Restorer
from service.restore.accept import Upload
from service.settings import Settings
from service.tasks import Choice
from service.telemetry import Telemetry

RUNS = 3
STEPS = 10
SIDE = 1000  # one megapixel


def network_seconds(telemetry: Telemetry) -> float:
    """Seconds spent inside ONNX Runtime's own `run` so far."""
    name, labels = "rialto_engine_batch_duration_seconds_sum", {"network": "jpeg"}
    return telemetry.registry.get_sample_value(name, labels) or 0.0


async def one_run(restorer: Restorer, telemetry: Telemetry, upload: Upload) -> tuple[float, float]:
    """Wall seconds of one photo, and how many of them were the network's."""
    before, start = network_seconds(telemetry), time.perf_counter()
    order = Order(Choice("jpeg", steps=STEPS))
    async for _ in restorer.restore(upload, order):
        pass
    return time.perf_counter() - start, network_seconds(telemetry) - before


async def main() -> None:
    """Print the table."""
    file = io.BytesIO()
    photo(SIDE, SIDE).save(file, "JPEG", quality=30)
    telemetry = Telemetry()
    print(machine_line())
    print("| run | wall s | network s | share |\n|---|---|---|---|")
    shares = []
    async with open_restorer(Settings(), telemetry) as restorer:
        for run in range(RUNS):
            wall, network = await one_run(restorer, telemetry, Upload(file.getvalue()))
            shares.append(network / wall)
            print(f"| {run + 1} | {wall:.2f} | {network:.2f} | {network / wall:.1%} |")
    median = statistics.median(shares)
    print(f"\n1 megapixel, {STEPS} steps: median {median:.1%}, at least 90 % wanted")


if __name__ == "__main__":
    asyncio.run(main())
