"""A Triton beside the service that it serves: started with it, and stopped with it.

It is the `rialto triton` of this environment in a process of its own, so it is supervised as any
other; `rialto serve --engine triton` needs no second terminal.
"""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address

from rialto.commands.triton_server import WITH_ITS_PARENT
from rialto.commands.triton_wheel import Wheel
from service.settings import Settings

STOP_SECONDS = 30.0


@contextmanager
def triton_beside(settings: Settings) -> Iterator[None]:
    """A Triton at `settings.triton_url`, where that is on this machine and nobody listens yet.

    HTTP and metrics are on the two ports behind gRPC's. A Triton that dies is started anew, and
    where that fails the service says that it is not ready. Raises TritonError where none is
    installed.
    """
    host, _, port = settings.triton_url.rpartition(":")
    if not _is_here(host) or _listens(host, int(port)):
        yield
        return
    Wheel.find()
    ports = {"grpc": int(port), "metrics": int(port) + 1, "http": int(port) + 2}
    options = [f"--{door}-port={number}" for door, number in ports.items()]
    command = ["rialto.cli", "triton", f"--host={host}", f"--threads={settings.threads}", *options]
    repository = f"--model-repo={settings.model_repo_folder()}"
    ours = [*WITH_ITS_PARENT, sys.executable, "-m", *command, repository]
    child = subprocess.Popen(ours)  # noqa: S603 -- our own command
    try:
        yield
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _listens(host: str, port: int) -> bool:
    try:
        socket.create_connection((host.strip("[]"), port), timeout=1).close()
    except OSError:
        return False
    return True
