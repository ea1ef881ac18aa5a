"""A soak: the real service and a real Triton, everything that happens in a year, in half an hour.

Ten callers send photos of many sizes and plans without a pause: some wait, some listen to
events, some give up, some are killed, some send what is no photo. Meanwhile Triton, or a
network's process in it, is killed at random. At the end the counts must sum up, the callers'
against each other and against the service's own, and nothing may be left in /dev/shm, among
the temporary files, or among the processes; else the exit code is 1.

    make triton && python -m benchmarks.soak [SECONDS]
"""

import asyncio
import os
import re
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import httpx2

from benchmarks.machine import machine_line
from benchmarks.memory import family
from benchmarks.soak_callers import Caller, Tally
from benchmarks.soak_report import Soak
from benchmarks.soak_watch import Killer, Memory, left_behind
from deploy.ports import free_ports
from tests.conftest import ROOT, start_service

SECONDS = 1800.0
CALLERS = 10
SETTLE_S = 60.0  # for work whose caller has left to end
TRITON_PREFIX = "rialto-triton-"


async def outcomes(client: httpx2.AsyncClient) -> dict[str, float]:
    """Photos by how they ended, as the service counted them, and those that have not."""
    text = (await client.get("/metrics")).text
    told = {"in progress": 0.0}
    for outcome, value in re.findall(
        r'^rialto_restorations_total\{outcome="(\w+)".*\} (\S+)', text, re.MULTILINE
    ):
        told[outcome] = told.get(outcome, 0) + float(value)
    told["in progress"] = float(re.findall(r"^rialto_photos_in_progress (\S+)", text, re.M)[0])
    return told


async def settled(url: str) -> dict[str, float]:
    """`outcomes`, once nothing is in progress, or SETTLE_S later."""
    end = time.monotonic() + SETTLE_S
    async with httpx2.AsyncClient(base_url=url, timeout=60) as client:
        while (told := await outcomes(client))["in progress"] and time.monotonic() < end:
            await asyncio.sleep(0.2)
        return told


async def soak(seconds: float, folder: Path) -> Soak:
    """Start everything, let it run, stop it, count."""
    temporary = folder / "tmp"
    temporary.mkdir()
    os.environ["TMPDIR"] = str(temporary)  # of every process that is started from here
    with ExitStack() as stack:
        triton, url = start_triton()
        stack.callback(ended, triton)
        service = start_service(
            folder,
            engine="triton",
            triton_url=url,
            max_waiting="2",
            kept_mb="16",
            triton_start_s="600",
        )
        stack.callback(ended, service.process)
        tritons = {path.name for path in temporary.glob(f"{TRITON_PREFIX}*")}
        roots = [service.process.pid, triton.pid]
        tally, memory = Tally(), Memory(roots)
        killer = Killer(triton.pid, service.url)
        await crowd(service.url, time.monotonic() + seconds, folder, tally, killer, memory)
        told = await settled(service.url)
        everyone = [process for root in roots for process in family(root)]
    codes = service.process.returncode, triton.returncode
    orphans = [process for process in everyone if Path(f"/proc/{process}").exists()]
    left = left_behind(tritons, temporary)
    return Soak(seconds, tally, told, killer, memory, left, orphans, codes)


async def crowd(
    url: str, end: float, folder: Path, tally: Tally, killer: Killer, memory: Memory
) -> None:
    """Callers and killer until `end`, and until the last photo is answered."""
    watching = asyncio.create_task(memory.watch())
    async with asyncio.TaskGroup() as group:
        group.create_task(killer.kill_until(end))
        for number in range(CALLERS):
            group.create_task(Caller(number, url, tally, folder).call_until(end))
    watching.cancel()


def start_triton() -> tuple[subprocess.Popen[bytes], str]:
    """`rialto triton` on free ports, and its gRPC address."""
    ports = free_ports(3)
    named = zip(("--grpc-port", "--metrics-port", "--http-port"), ports, strict=True)
    words = [str(word) for pair in named for word in pair]
    command = [sys.executable, "-m", "rialto.cli", "triton", *words]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, cwd=ROOT, stdout=quiet, stderr=quiet), f"127.0.0.1:{ports[0]}"


def ended(process: subprocess.Popen[Any]) -> None:
    """End a process as an operator would."""
    process.terminate()
    process.wait(90)


def main() -> int:
    """Print the table; 1 where something does not hold."""
    seconds = float(sys.argv[1]) if sys.argv[1:] else SECONDS
    print(machine_line(), flush=True)
    with tempfile.TemporaryDirectory(prefix="rialto-soak-") as name:
        seen = asyncio.run(soak(seconds, Path(name)))
    seen.report(CALLERS)
    return 0 if all(check.holds for check in seen.checks()) else 1


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        sys.exit(main())
