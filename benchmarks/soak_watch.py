"""What a soak watches and does to the processes: memory by part, kills, and what is left behind."""

import asyncio
import fcntl
import os
import random
import re
import signal
import time
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from benchmarks.memory import family

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 -- where POSIX shared memory is, not a place of ours
LOOK_S = 2.0
POLL_S = 0.1
FIRST_KILL_S, MEAN_GAP_S = 20.0, 40.0
NOTICED_S, BACK_S = 30.0, 180.0  # at most
PARTS = {  # by what a process is called with, first match
    "valkey": "valkey",
    "triton_python_backend_stub": "network processes",
    "rialto.cli triton": "rialto triton",
    "tritonserver": "tritonserver",
    "rialto.cli serve": "service",
    "rialto.cli worker": "service",
    "": "decoders",
}


@dataclass
class Memory:
    """Resident MiB of each part, over time; parts of many processes are summed."""

    roots: list[int]
    seen: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    async def watch(self) -> None:
        """Look every LOOK_S, until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(LOOK_S)

    def look(self) -> None:
        """One look at every process below the roots."""
        now: dict[str, float] = defaultdict(float)
        for root in self.roots:
            for process in family(root):
                with suppress(OSError):
                    now[part_of(process)] += resident_mib(process)
        for part, mib in now.items():
            self.seen[part].append(mib)

    def grown(self, part: str) -> float:
        """MiB from the second quarter's median to the last quarter's."""
        values = self.seen[part]
        quarter = max(1, len(values) // 4)
        early, late = sorted(values[quarter : 2 * quarter]), sorted(values[-quarter:])
        return late[len(late) // 2] - early[len(early) // 2] if early else 0.0


def part_of(process: int) -> str:
    """Which part of the service a process is."""
    words = Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return next(part for text, part in PARTS.items() if text in words)


def resident_mib(process: int) -> float:
    """Of one process, pages shared with others included."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@dataclass
class Kill:
    """What was killed, and seconds from then until no photo was evaluated, and until one was."""

    what: str
    noticed_s: float
    back_s: float


@dataclass
class Killer:
    """Kills Triton, or a network's process in it, at random; learns how long it is away."""

    triton: int  # the process of `rialto triton`
    url: str
    kills: list[Kill] = field(default_factory=list)

    async def kill_until(self, end: float) -> None:
        """One kill after another, each once the last is mended; the last before `end`."""
        rng = random.Random(0)  # noqa: S311 -- a trace, no secret
        pause = FIRST_KILL_S
        async with httpx2.AsyncClient(base_url=self.url, timeout=60) as client:
            while time.monotonic() + pause < end:
                await asyncio.sleep(pause)
                what = rng.choice(["tritonserver", "network processes"])
                victims = [pid for pid in family(self.triton) if _is(pid, what)]
                start = time.monotonic()
                os.kill(rng.choice(victims), signal.SIGKILL)
                noticed = await self._until(client, start, NOTICED_S, up=False)
                back = await self._until(client, start, BACK_S, up=True)
                self.kills.append(Kill(what, noticed, back))
                pause = rng.expovariate(1 / MEAN_GAP_S)

    @staticmethod
    async def _until(
        client: httpx2.AsyncClient, start: float, at_most: float, *, up: bool
    ) -> float:
        """Seconds until the service evaluates every network again, or does not; NaN: never."""
        while (passed := time.monotonic() - start) < at_most:
            text = (await client.get("/metrics")).text
            gauges = re.findall(r"^rialto_triton_up\{.*\} (\S+)", text, re.MULTILINE)
            if all(float(value) for value in gauges) == up:
                return passed
            await asyncio.sleep(POLL_S)
        return float("nan")


def _is(process: int, part: str) -> bool:
    with suppress(OSError):
        return part_of(process) == part
    return False


def left_behind(tritons: set[str], temporary: Path) -> list[str]:
    """Shared memory of our Tritons, tiles' memory that no process holds, temporary files."""
    names = [path.name for path in SHARED_MEMORY.iterdir()]
    left = [name for name in names if name.startswith(tuple(tritons))] if tritons else []
    left += [name for name in names if name.startswith("rialto-tile-") and _unheld(name)]
    return left + [path.name for path in temporary.iterdir()]


def _unheld(name: str) -> bool:
    """Whether a tile's memory belongs to nobody; its owner holds a lock on the file."""
    with suppress(OSError), (SHARED_MEMORY / name).open() as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False
