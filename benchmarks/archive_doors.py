"""The archive's doors under load: names by one manifest, and small photos by parallel PUTs.

    python -m benchmarks.archive_doors

A PUT is acknowledged when its blob is on disk and the queue knows it; the bare route beside it, in
the same service and run, is `GET /healthz`.
"""

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2

from benchmarks.machine import machine_line
from tests.conftest import start_service

NAMES, PUTS, AT_ONCE, BODY_BYTES, RUNS = 100_000, 2_000, 32, 2_000, 3
OUTPUT = {"task": "jpeg", "format": "png"}


@asynccontextmanager
async def service(folder: Path) -> AsyncIterator[httpx2.AsyncClient]:
    """A running service that restores nothing, so that only the doors are measured."""
    live = start_service(
        folder, data=str(folder / "data"), archive_places="0", archive_sources=f"file://{folder}"
    )
    try:
        limits = httpx2.Limits(max_connections=AT_ONCE)
        async with httpx2.AsyncClient(base_url=live.url, timeout=300, limits=limits) as client:
            yield client
    finally:
        live.stop()


async def opened(client: httpx2.AsyncClient) -> str:
    """A new job's id."""
    answer = await client.post("/jobs", json={"outputs": [OUTPUT]})
    answer.raise_for_status()
    job: str = answer.json()["id"]
    return job


async def rate(work: Callable[[int], Awaitable[httpx2.Response]], count: int) -> float:
    """Calls a second, AT_ONCE in flight."""
    numbers = iter(range(count))

    async def take_turns() -> None:
        for number in numbers:
            (await work(number)).raise_for_status()

    start = time.perf_counter()
    await asyncio.gather(*(take_turns() for _ in range(AT_ONCE)))
    return count / (time.perf_counter() - start)


async def main() -> None:
    """Print the table."""
    print(machine_line())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with service(folder) as client:
            manifest_s, puts, bare = [], [], []
            rows = "".join(
                f"box {n // 500:04d}/scan {n:06d}.jpg,{n:06d}.jpg\n" for n in range(NAMES)
            )
            for _ in range(RUNS):
                job, start = await opened(client), time.perf_counter()
                params = {"source": f"file://{folder}", "format": "csv"}
                answer = await client.post(
                    f"/jobs/{job}/manifest", params=params, content=f"name,key\n{rows}".encode()
                )
                assert answer.status_code == 200, answer.text
                assert answer.json()["new"] == NAMES
                manifest_s.append(time.perf_counter() - start)
                job = await opened(client)
                bodies = [os.urandom(BODY_BYTES) for _ in range(PUTS)]
                puts.append(
                    await rate(
                        lambda n, job=job, bodies=bodies: client.put(  # type: ignore[misc]
                            f"/jobs/{job}/photos/{n}.jpg", content=bodies[n]
                        ),
                        PUTS,
                    )
                )
                bare.append(await rate(lambda _: client.get("/healthz"), PUTS))
    ratio = statistics.median(one / other for one, other in zip(puts, bare, strict=True))
    print(
        "| | median of 3 |\n|---|---|\n"
        f"| {NAMES:,} names by a manifest | {statistics.median(manifest_s):.1f} s (30 allowed) |\n"
        f"| PUT of {BODY_BYTES} B, {AT_ONCE} at once | {statistics.median(puts):.0f} a second |\n"
        f"| bare route | {statistics.median(bare):.0f} a second |\n"
        f"| ratio | 1/{1 / ratio:.1f} (1/10 wanted) |"
    )


if __name__ == "__main__":
    asyncio.run(main())
