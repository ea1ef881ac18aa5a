"""What previews cost: processor time of a photo's restoration with and without them, as a ratio.

Processor time of the service and its decoders, not wall time: drawing runs beside the network.

python -m benchmarks.previews
"""

import asyncio
import io
import statistics
import time
from pathlib import Path

from benchmarks.machine import machine_line, photo
from service.app import open_restorer
from service.restore import Order, Restorer
from service.restore.accept import Upload
from service.restore.preview import Preview, Previews
from service.settings import Settings
from service.tasks import Choice
from service.telemetry import Telemetry

ROUNDS = 3
SIDE = 128  # of the small photo; the result is as large as its previews
TICKS_PER_S = 100


def processor_seconds() -> float:
    """Of this process and the children it has now."""
    children = Path("/proc/self/task").glob("*/children")
    pids = [pid for listed in children for pid in listed.read_text().split()]
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids]
    ticks = sum(int(part) for stat in fields for part in stat[11:13])
    return time.process_time() + ticks / TICKS_PER_S


async def one_run(restorer: Restorer, file: bytes, previews: Previews) -> tuple[float, int]:
    """Processor seconds of one photo, and how many pictures were shown."""
    shown: list[Preview] = []
    order = Order(Choice("sr4x", "best"), previews=previews)
    start = processor_seconds()
    async for _ in restorer.restore(Upload(file), order, shown.append):
        pass
    return processor_seconds() - start, len(shown)


async def main() -> None:
    """Print the table."""
    file = io.BytesIO()
    photo(SIDE, SIDE).save(file, "PNG")
    kinds: tuple[Previews, ...] = ("none", "x_0", "walk")
    seconds: dict[Previews, list[float]] = {kind: [] for kind in kinds}
    pictures = dict.fromkeys(kinds, 0)
    async with open_restorer(Settings(), Telemetry()) as restorer:
        await one_run(restorer, file.getvalue(), "walk")  # everything is warm
        for _ in range(ROUNDS):
            for kind in kinds:
                taken, pictures[kind] = await one_run(restorer, file.getvalue(), kind)
                seconds[kind].append(taken)
    print(machine_line())
    print("\n| previews | pictures | processor s | beside none |\n|---|---|---|---|")
    for kind in kinds:
        pairs = zip(seconds[kind], seconds["none"], strict=True)
        ratio = statistics.median(with_ / without for with_, without in pairs)
        median = statistics.median(seconds[kind])
        print(f"| {kind} | {pictures[kind]} | {median:.2f} | {ratio - 1:+.1%} |")
    print("\n512x512 pixels of sr4x, preset best; at most 5 % wanted of x_0.")


if __name__ == "__main__":
    asyncio.run(main())
