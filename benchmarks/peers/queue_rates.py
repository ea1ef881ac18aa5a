"""A peer queue's rates on a given server, as one line of JSON. Runs in the peers' environment.

    python queue_rates.py streaq|taskiq URL TASKS PLACES

Tasks do nothing. They are told what a photo's worker is told: job, name, checksum, bytes.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable

import redis


class Rates:
    """Counts tasks as they run; the clock runs from the worker's start to the last of them."""

    def __init__(self, url: str, tasks: int) -> None:
        self.tasks, self.ended = tasks, asyncio.Event()
        self._redis = redis.Redis.from_url(url)
        self._run = 0

    def memory(self) -> int:
        """Bytes that the server holds."""
        return int(self._redis.info("memory")["used_memory"])

    async def task(self, *photo: str | int) -> None:
        """The work."""
        assert len(photo) == 4
        self._run += 1
        if self._run == self.tasks:
            self.ended.set()

    async def measure(
        self, fill: Callable[[], Awaitable[None]], work: Callable[[], Awaitable[None]]
    ) -> dict[str, float]:
        """Fill the queue, then work it off."""
        before, start = self.memory(), time.perf_counter()
        await fill()
        filled_s, held = time.perf_counter() - start, self.memory() - before
        start = time.perf_counter()
        self._worker = asyncio.create_task(work())
        await self.ended.wait()
        worked_s = time.perf_counter() - start
        return {
            "added": self.tasks / filled_s,
            "ended": self.tasks / worked_s,
            "bytes": held / self.tasks,
        }


def photo(number: int) -> tuple[str, str, str, int]:
    """What a task is told."""
    return ("0" * 32, f"box/scan-{number:06}.jpg", f"{number:064x}", 1_000_000)


async def streaq(url: str, tasks: int, places: int) -> dict[str, float]:
    """Streams with leases that are renewed, and results."""
    from streaq import Worker

    rates = Rates(url, tasks)
    worker = Worker(redis_url=url, concurrency=places, handle_signals=False)

    @worker.task(name="photo")
    async def run(job: str, name: str, sha256: str, size: int) -> None:
        await rates.task(job, name, sha256, size)

    async def fill() -> None:
        async with worker:
            for start in range(0, tasks, 500):
                batch = [run.enqueue(*photo(number)) for number in range(start, start + 500)]
                await worker.enqueue_many(batch)

    return await rates.measure(fill, worker.run_async)


async def taskiq(url: str, tasks: int, places: int) -> dict[str, float]:
    """A stream with acknowledgements, and no results."""
    from taskiq.api import run_receiver_task
    from taskiq_redis import RedisStreamBroker

    rates = Rates(url, tasks)
    broker = RedisStreamBroker(url)

    @broker.task(task_name="photo")
    async def run(job: str, name: str, sha256: str, size: int) -> None:
        await rates.task(job, name, sha256, size)

    await broker.startup()

    async def fill() -> None:
        for start in range(0, tasks, 50):  # it has no batches: fifty at once
            await asyncio.gather(*(run.kiq(*photo(n)) for n in range(start, start + 50)))

    return await rates.measure(fill, lambda: run_receiver_task(broker, max_async_tasks=places))


if __name__ == "__main__":
    peer, url, tasks, places = sys.argv[1:]
    measure = {"streaq": streaq, "taskiq": taskiq}[peer]

    async def main() -> None:
        """Report, and end at once: taskiq's receiver starts anew when it is cancelled."""
        print(json.dumps(await measure(url, int(tasks), int(places))), flush=True)
        os._exit(0)

    asyncio.run(main())
