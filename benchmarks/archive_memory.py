"""Memory of gateway and worker from an archive's thousandth photo to its last.

    python -m benchmarks.archive_memory [PHOTOS]

Photos of 16x16 pixels go through everything: HTTP, blob, queue, decoder, network, encoder, record.
"""

import asyncio
import io
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx2
import numpy as np
from PIL import Image

from benchmarks.machine import machine_line
from benchmarks.memory import resident_mib
from tests.conftest import ROOT, environment_of, start_service

PHOTOS, FIRST, AT_ONCE = 100_000, 1_000, 8
OUTPUT = {"task": "jpeg", "format": "png"}
ALLOWED = 0.10


def photo(number: int) -> bytes:
    """A small PNG, another one for each number."""
    pixels = np.random.default_rng(number).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


async def send(client: httpx2.AsyncClient, job: str, numbers: range) -> None:
    """Photos by name, some at once."""
    line = iter(numbers)

    async def take_turns() -> None:
        for number in line:
            name = f"box {number // 500:04d}/scan {number:06d}.png"
            answer = await client.put(f"/jobs/{job}/photos/{name}", content=photo(number))
            answer.raise_for_status()

    await asyncio.gather(*(take_turns() for _ in range(AT_ONCE)))


async def main(photos: int) -> None:
    """Print the table."""
    print(machine_line())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        gateway = start_service(folder, data=str(folder / "data"), archive_places="0")
        socket = folder / "data/valkey/valkey.sock"
        settings = {"data": str(folder / "data"), "redis_url": f"unix://{socket}"}
        worker = subprocess.Popen(
            [sys.executable, "-m", "rialto.cli", "worker", "--metrics-port", "0"],
            cwd=ROOT,
            env=environment_of(folder, archive_places="4", **settings),
            stderr=subprocess.DEVNULL,
        )
        try:
            async with httpx2.AsyncClient(base_url=gateway.url, timeout=300) as client:
                job = (await client.post("/jobs", json={"outputs": [OUTPUT]})).json()["id"]
                sending = asyncio.create_task(send(client, job, range(photos)))
                print("| photos ended | gateway MiB | worker MiB | photos a second |")
                print("|---|---|---|---|")
                start, marks, seen = time.monotonic(), [FIRST], dict[int, tuple[float, float]]()
                while marks[-1] * 3 < photos:
                    marks.append(marks[-1] * 3)
                marks.append(photos)
                while marks:
                    counts = (await client.get(f"/jobs/{job}")).json()["counts"]
                    if counts["restored"] >= marks[0]:
                        mark = marks.pop(0)
                        # The gateway's own; its Valkey grows with the manifest, as it should.
                        seen[mark] = (own_mib(gateway.process.pid), resident_mib(worker.pid))
                        rate = mark / (time.monotonic() - start)
                        print(
                            f"| {mark:,} | {seen[mark][0]:.0f} | {seen[mark][1]:.0f} | {rate:.0f} |"
                        )
                    await asyncio.sleep(1)
                await sending
            for part, index in (("gateway", 0), ("worker", 1)):
                first, last = seen[FIRST][index], seen[photos][index]
                print(f"{part}: {last / first - 1:+.1%} (within {ALLOWED:.0%} wanted)")
        finally:
            worker.terminate()
            worker.wait()
            gateway.stop()


def own_mib(process: int) -> float:
    """Resident memory of one process alone."""
    text = Path(f"/proc/{process}/statm").read_text().split()
    return int(text[1]) * 4096 / 2**20


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else PHOTOS))
