"""Memory of the service while 100 megapixels of output are made, children included.

python -m benchmarks.memory
"""

import io
import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx2
from PIL import Image

from benchmarks.machine import machine_line, photo

Image.MAX_IMAGE_PIXELS = None
LIMIT_MIB = 1536


def family(root: int) -> list[int]:
    """A process and all below it."""
    children: dict[int, list[int]] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(status.parent.name))
    found = [root]
    for process in found:
        found += children.get(process, [])
    return found


def resident_mib(root: int) -> float:
    """Proportional set size of the family: pages that two processes share count once."""
    total = 0
    for process in family(root):
        try:
            text = Path(f"/proc/{process}/smaps_rollup").read_text()
        except OSError:
            continue
        total += int(re.search(r"^Pss:\s+(\d+)", text, re.MULTILINE)[1])  # type: ignore[index]
    return total / 1024


class Peak(threading.Thread):
    """The highest resident memory of a family while it runs."""

    def __init__(self, root: int) -> None:
        super().__init__(daemon=True)
        self.root, self.mib, self.done = root, 0.0, threading.Event()

    def run(self) -> None:
        """Look ten times a second, until `done`."""
        while not self.done.wait(0.1):
            self.mib = max(self.mib, resident_mib(self.root))


def jpeg_bytes(width: int, height: int) -> bytes:
    """A JPEG of quality 30 of this size."""
    file = io.BytesIO()
    photo(width, height).save(file, "JPEG", quality=30)
    return file.getvalue()


def main() -> None:
    """Print the table."""
    environment = {**os.environ, "RIALTO_PORT": "8037", "RIALTO_DEADLINE_S": "3600"}
    service = subprocess.Popen(
        [sys.executable, "-m", "rialto.cli", "serve"], env=environment, stderr=subprocess.PIPE
    )
    assert service.stderr is not None
    while b"running on" not in service.stderr.readline():
        pass
    threading.Thread(target=service.stderr.read, daemon=True).start()
    print(machine_line())
    print("| photo | seconds | MiB idle | MiB at the peak | above idle |\n|---|---|---|---|---|")
    try:
        with httpx2.Client(base_url="http://127.0.0.1:8037", timeout=3600) as client:
            client.get("/readyz")
            for task, side in (("sr4x", 2500), ("jpeg", 10_000)):
                body = jpeg_bytes(side, side)
                idle, peak, start = resident_mib(service.pid), Peak(service.pid), time.monotonic()
                peak.start()
                answer = client.post(f"/restore?task={task}&format=jpeg", content=body)
                peak.done.set()
                answer.raise_for_status()
                above = peak.mib - idle
                seconds = time.monotonic() - start
                print(
                    f"| {task}, {side}x{side}, 1 step | {seconds:.0f} | {idle:.0f} |"
                    f" {peak.mib:.0f} | {above:.0f} (at most {LIMIT_MIB} wanted) |"
                )
    finally:
        service.terminate()
        service.wait()


if __name__ == "__main__":
    main()
