"""A real service for journeys: `rialto serve` in a process of its own, on a free port."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from threading import Thread

import pytest
from hypothesis import settings

# A busy machine is no failure: how long an example takes is not what these tests are about.
settings.register_profile("rialto", deadline=None, max_examples=60)
settings.load_profile("rialto")

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"


@dataclass(frozen=True)
class LiveService:
    """Where a running service listens, its process, and what it has logged so far."""

    url: str
    process: subprocess.Popen[str]
    log: list[str]

    def stop(self) -> None:
        """End it as an operator would, and wait until it has ended."""
        self.process.terminate()
        self.process.wait(60)


def start_service(cache: Path, command: str = "serve", **settings: str) -> LiveService:
    """Start `rialto serve` with data of its own; returns when it accepts connections."""
    named = {"data": mkdtemp(prefix="data-", dir=cache), **settings}
    process = subprocess.Popen(
        [sys.executable, "-m", "rialto.cli", command],
        cwd=ROOT,
        env=environment_of(cache, **named),
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line)
        if found := re.search(r"running on (http://\S+)", line):
            _drain(process, lines)
            return LiveService(found[1], process, lines)
    raise RuntimeError(f"the service ended with {process.wait()}:\n{''.join(lines)}")


def environment_of(cache: Path, **settings: str) -> dict[str, str]:
    """This process's environment with settings of the service."""
    named = {f"RIALTO_{name.upper()}": value for name, value in settings.items()}
    return {**os.environ, "RIALTO_PORT": "0", "RIALTO_CACHE": str(cache), **named}


def _drain(process: subprocess.Popen[str], lines: list[str]) -> None:
    """Read the log for as long as the service writes one, or it would block on a full pipe."""
    stream = process.stderr
    assert stream is not None

    def read() -> None:
        with stream:
            lines.extend(stream)

    Thread(target=read, daemon=True).start()


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the services of this session measured of this device."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def live_service(cache: Path) -> Iterator[LiveService]:
    """The service with its defaults and the repository's own networks."""
    service = start_service(cache)
    yield service
    service.stop()
