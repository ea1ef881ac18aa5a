"""The queue alone, without photos: claims and endings a second, bytes a waiting photo, adding.

One process, N tasks of one event loop that each take a photo and end it, on a Valkey of our own;
streaq and taskiq-redis do the same number of empty tasks on the same server in the same minute, if
`benchmarks/peers/queue.sh` has installed them. Rounds alternate; the table has their medians.

    python -m benchmarks.queue_rates [--peers FOLDER] [--photos 5000] [--rounds 3]
"""

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from redis.asyncio import Redis

from benchmarks.machine import machine_line
from service.archive.queue import NewPhoto, Queue
from service.archive.records import InputBlob, JobSpec, OutputBlob, OutputSpec
from service.valkey import embedded_valkey, open_redis

PLACES = (1, 4, 16)
PEERS = ("streaq", "taskiq")
MANY = 100_000
Rates = dict[str, float]

OUTPUT = OutputBlob(
    name="box/scan-000000.jpg.png",
    key=f"jobs/{'0' * 32}/out/{'0' * 64}",
    bytes=2_000_000,
    sha256="0" * 64,
    sha512="0" * 128,
    content_type="image/png",
    width=1600,
    height=1200,
    task="sr4x",
    network="sr4x@0123456789ab",
    plan="dbim;steps=1;grid=quadratic;eta=1",
    seed=0,
    seconds=1.0,
)


def photos(job_id: str, how_many: int) -> list[NewPhoto]:
    """Names of 19 letters, checksums of 64."""
    made = []
    for number in range(how_many):
        name, sha256 = f"box/scan-{number:06}.jpg", f"{number:064x}"
        blob = InputBlob(key=f"jobs/{job_id}/in/{sha256}", bytes=1_000_000, sha256=sha256)
        made.append(NewPhoto(name, name, (f"{name}.png",), blob))
    return made


async def empty(redis: Redis) -> None:
    """Forget all, and wait until its memory is free."""
    await redis.execute_command("FLUSHALL", "SYNC")


async def filled(redis: Redis, how_many: int) -> tuple[str, Rates]:
    """An empty server, then a closed job of waiting photos; how fast they went in."""
    await empty(redis)
    queue = Queue(redis)
    job = await queue.open_job(JobSpec(outputs=(OutputSpec(task="sr4x"),)))
    before = (await redis.info("memory"))["used_memory"]
    new, start = photos(job.id, how_many), time.perf_counter()
    assert set(await queue.add(job.id, new)) == {"new"}
    added = how_many / (time.perf_counter() - start)
    held = (await redis.info("memory"))["used_memory"] - before
    await queue.close_job(job.id)
    return job.id, {"added": added, "bytes": held / how_many}


async def ours(redis: Redis, how_many: int, places: int) -> Rates:
    """Work a job off: every photo is claimed and ended by itself."""
    job_id, rates = await filled(redis, how_many)
    queue = Queue(redis)

    async def place(name: str) -> None:
        while leases := await queue.take(name):
            assert await queue.done(leases[0], (OUTPUT,))

    start = time.perf_counter()
    await asyncio.gather(*(place(f"place-{number}") for number in range(places)))
    worked_s = time.perf_counter() - start
    ended = await queue.job(job_id)
    assert (ended.state, ended.counts.restored) == ("finished", how_many)
    return rates | {"ended": how_many / worked_s}


async def theirs(redis: Redis, url: str, python: Path, peer: str, how_many: int) -> Rates:
    """The same by a peer, in its own environment."""
    await empty(redis)
    script = Path(__file__).parent / "peers" / "queue_rates.py"
    process = await asyncio.create_subprocess_exec(
        python, script, peer, url, str(how_many), str(PLACES[-1]), stdout=asyncio.subprocess.PIPE
    )
    told, _ = await asyncio.wait_for(process.communicate(), 300)
    assert process.returncode == 0, f"{peer} failed"
    rates: Rates = json.loads(told)
    return rates


def table(found: dict[str, list[Rates]]) -> None:
    """Medians over the rounds, and the spread of the rate that matters."""
    print("\nBytes hold the buffers of the connections that add: 1, or of taskiq 50.\n")
    print("| queue | claimed and ended /s (least-most) | added /s | bytes a waiting task |")
    print("|---|---|---|---|")
    for who, rounds in found.items():
        ended, added, held = (
            statistics.median(rates[key] for rates in rounds) for key in ("ended", "added", "bytes")
        )
        least, most = (pick(rates["ended"] for rates in rounds) for pick in (min, max))
        print(f"| {who} | {ended:.0f} ({least:.0f}-{most:.0f}) | {added:.0f} | {held:.0f} |")


async def main(peers: Path, how_many: int, rounds: int) -> None:
    """Print the table, and what a hundred thousand names take."""
    print(machine_line())
    python, found = peers / "venv/bin/python", defaultdict[str, list[Rates]](list)
    with tempfile.TemporaryDirectory() as folder:
        async with embedded_valkey(Path(folder)) as url, open_redis(url) as redis:
            for _ in range(rounds):
                for places in PLACES:
                    rates = await ours(redis, how_many, places)
                    found[f"Rialto, {places} at once"].append(rates)
                for peer in PEERS if python.exists() else ():
                    rates = await theirs(redis, url, python, peer, how_many)
                    found[f"{peer}, {PLACES[-1]} at once"].append(rates)
            table(found)
            start = time.perf_counter()
            _, rates = await filled(redis, MANY)
            took_s = time.perf_counter() - start
    print(f"\n{MANY} names: {took_s:.1f} s, {rates['bytes']:.0f} bytes of Redis each, all counted")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    cache = Path(os.environ.get("RIALTO_CACHE", Path.home() / ".cache/rialto"))
    parser.add_argument("--peers", type=Path, default=cache / "peers-queue")
    parser.add_argument("--photos", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    asyncio.run(main(given.peers, given.photos, given.rounds))
