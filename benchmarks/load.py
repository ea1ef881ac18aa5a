"""200 uploads of 2 megapixels at once, for a minute: what the gateway refuses, and how quickly.

python -m benchmarks.load [seconds]

The network answers at once (benchmarks.load_service), so that the gateway is all there is. Who is
refused comes again when it was told to, as our client does. Beside it: the bare route GET /healthz,
asked meanwhile; memory of the whole family; and first, with few senders and so without refusals,
CPU a megapixel, gateway and decoders apart.
"""

import asyncio
import io
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from tempfile import mkdtemp

from benchmarks.machine import machine_line, percentile, photo
from benchmarks.memory import family, resident_mib
from rialto.client.retry import JITTER

PORT, MEGAPIXELS = 8038, 1600 * 1250 / 1e6
FEW, MANY, FEW_S = 4, 200, 15.0
TICK = os.sysconf("SC_CLK_TCK")
IMGPROXY_MS = 21 / 2.7  # a megapixel of JPEG in and out, as imgproxy publishes it


class Tally:
    """What came of the requests: statuses, seconds of each kind, megabytes over time."""

    def __init__(self) -> None:
        self.statuses: Counter[str] = Counter()
        self.restored: list[float] = []
        self.refused: list[float] = []
        self.bare: list[float] = []
        self.memory: list[float] = []


def request(method: str, path: str, body: bytes = b"") -> bytes:
    """A request as it goes over the wire."""
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class Connection:
    """One kept-alive connection; opened again where the service closed it."""

    def __init__(self) -> None:
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, wire: bytes) -> tuple[int, dict[str, str]]:
        """Status and headers of the answer, which is read to its end."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", PORT)
        reader, writer = self._streams
        writer.write(wire)
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        await reader.readexactly(int(headers["content-length"]))
        if headers.get("connection") == "close":
            writer.close()
            self._streams = None
        return int(head[0].split()[1]), headers

    async def drop(self) -> None:
        """Forget a connection that failed."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def send_photos(wire: bytes, tally: Tally, until: float) -> None:
    """One sender: a photo after the other; a refusal is waited out as it says."""
    connection = Connection()
    while (start := time.monotonic()) < until:
        try:
            status, headers = await connection.ask(wire)
        except (OSError, asyncio.IncompleteReadError) as error:
            tally.statuses[type(error).__name__] += 1
            await connection.drop()
            continue
        seconds = time.monotonic() - start
        tally.statuses[str(status)] += 1
        if status == 200:
            tally.restored.append(seconds)
        elif status == 503:
            tally.refused.append(seconds)
            late = 1 + JITTER * random.random()  # noqa: S311
            await asyncio.sleep(float(headers["retry-after"]) * late)
    await connection.drop()


async def ask_bare(tally: Tally, until: float) -> None:
    """The cheapest route there is, ten times a second: what the machine makes of any request."""
    connection, wire = Connection(), request("GET", "/healthz")
    while (start := time.monotonic()) < until:
        await connection.ask(wire)
        tally.bare.append(time.monotonic() - start)
        await asyncio.sleep(0.1)
    await connection.drop()


def watch_memory(process: int, tally: Tally, until: float) -> None:
    """Proportional set size of the family, once a second."""
    while time.monotonic() < until:
        tally.memory.append(resident_mib(process))
        time.sleep(1)  # between samples: what is measured is not to be disturbed


def cpu_seconds(process: int) -> float:
    """Of one process so far, its waited-for children included."""
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(int(field) for field in fields[11:15]) / TICK


async def load(process: int, senders: int, seconds: float) -> Tally:
    """Senders, the bare route and the watch on memory, at once."""
    file = io.BytesIO()
    photo(1600, 1250).save(file, "JPEG", quality=90)
    wire = request("POST", "/restore?task=jpeg&format=jpeg", file.getvalue())
    tally, until = Tally(), time.monotonic() + seconds
    watch = threading.Thread(target=watch_memory, args=(process, tally, until))
    watch.start()
    sending = [send_photos(wire, tally, until) for _ in range(senders)]
    await asyncio.gather(*sending, ask_bare(tally, until))
    watch.join()
    return tally


def milliseconds(values: list[float]) -> str:
    """Median, 99th percentile and worst."""
    if not values:
        return "none"
    p50, p99 = (1000 * percentile(values, share) for share in (0.5, 0.99))
    return f"{p50:.1f} / {p99:.1f} / {1000 * max(values):.1f}"


def family_cpu(process: int) -> tuple[float, float]:
    """CPU seconds of the gateway, and of its children that live."""
    children = sum(cpu_seconds(child) for child in family(process)[1:])
    return cpu_seconds(process), children


def report_cost(process: int) -> None:
    """CPU a megapixel, with few senders."""
    before = family_cpu(process)
    tally = asyncio.run(load(process, FEW, FEW_S))
    spent = [now - then for now, then in zip(family_cpu(process), before, strict=True)]
    done = len(tally.restored) * MEGAPIXELS
    gateway_ms, children_ms = (1000 * seconds / done for seconds in spent)
    print(
        f"{FEW} senders, {len(tally.restored)} photos: CPU a megapixel {gateway_ms:.1f} ms in the"
        f" gateway, {children_ms:.1f} ms in its decoders; imgproxy publishes {IMGPROXY_MS:.1f} ms"
    )


def report_load(process: int, seconds: float) -> None:
    """Refusals, latencies and memory, with many senders."""
    tally = asyncio.run(load(process, MANY, seconds))
    errors = sum(tally.statuses.values()) - tally.statuses["200"] - tally.statuses["503"]
    third = len(tally.memory) // 3
    middle, last = max(tally.memory[third : 2 * third]), max(tally.memory[2 * third :])
    rate = len(tally.restored) * MEGAPIXELS / seconds
    print(f"{MANY} senders: {dict(tally.statuses)}; errors: {errors}; {rate:.1f} megapixels/s")
    print("| | ms: median / p99 / worst |\n|---|---|")
    print(f"| refusal (503) of a 2-megapixel upload | {milliseconds(tally.refused)} |")
    print(f"| GET /healthz meanwhile | {milliseconds(tally.bare)} |")
    print(f"| restoration, waiting included | {milliseconds(tally.restored)} |")
    print(f"memory: highest {middle:.0f} MiB in the second third, {last:.0f} MiB in the last")


def main() -> None:
    """Start the service, load it, print."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    print(machine_line())
    given = {"RIALTO_PORT": str(PORT), "RIALTO_DATA": mkdtemp(prefix="rialto-load-")}
    command = [sys.executable, "-m", "benchmarks.load_service"]
    service = subprocess.Popen(command, env={**os.environ, **given}, stderr=subprocess.PIPE)
    assert service.stderr is not None
    while b"running on" not in service.stderr.readline():
        pass
    threading.Thread(target=service.stderr.read, daemon=True).start()
    try:
        report_cost(service.pid)
        report_load(service.pid, seconds)
    finally:
        service.terminate()
        service.wait()


if __name__ == "__main__":
    main()
