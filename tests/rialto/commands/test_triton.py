"""`rialto triton` as an operator runs it: a process that keeps Triton, and leaves nothing."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import gettempdir

import httpx2
import pytest

from deploy.ports import free_ports
from rialto.commands.triton_links import MODEL, mirror
from rialto.commands.triton_server import PREFIX, SHARED_MEMORY, sweep
from rialto.commands.triton_wheel import TritonError, Wheel
from tests.service.engine.conftest import ROOT, tiny_repository, until

SERVES = "Triton serves gRPC"


@contextmanager
def rialto_triton(repository: Path) -> Iterator[subprocess.Popen[str]]:
    """The command on free ports, once it serves."""
    ports = [str(port) for port in free_ports(3)]
    named = zip(("--grpc-port", "--http-port", "--metrics-port"), ports, strict=True)
    options = [text for pair in named for text in pair]
    process = subprocess.Popen(
        [sys.executable, "-m", "rialto.cli", "triton", "--model-repo", str(repository), *options],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    with process:
        told(process, SERVES)
        yield process
        process.kill()


def told(process: subprocess.Popen[str], text: str) -> str:
    """Read the log until it says `text`; returns the line that does."""
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line)
        if text in line:
            return line
    pytest.fail("".join(lines))


def server_of(process: subprocess.Popen[str]) -> int:
    """The tritonserver that it started."""
    return int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0])


def leavings() -> list[str]:
    """What a Triton of ours left in /dev/shm and among the temporary folders."""
    places = SHARED_MEMORY, Path(gettempdir())
    return [path.name for place in places for path in place.glob(f"{PREFIX}*")]


def test_a_killed_triton_is_started_anew_and_a_stopped_one_leaves_nothing(tmp_path: Path) -> None:
    before = set(leavings())
    with rialto_triton(tiny_repository(tmp_path / "repo")) as process:
        os.kill(server_of(process), signal.SIGKILL)
        told(process, "tritonserver ended with -9; starting it anew")
        told(process, '"loading: ')
        os.kill(server_of(process), signal.SIGKILL)  # once more, while it loads
        told(process, "tried 1 times")
        told(process, "Triton serves again")
        process.terminate()
        assert process.stderr is not None
        process.stderr.read()
        assert process.wait() == 0
    assert set(leavings()) <= before


async def test_triton_ends_with_a_killed_parent_and_the_next_one_sweeps_up(tmp_path: Path) -> None:
    before = set(leavings())
    with rialto_triton(tiny_repository(tmp_path / "repo")) as process:
        server = Path(f"/proc/{server_of(process)}")
        process.kill()
    await until(lambda: not server.exists())
    assert set(leavings()) - before
    sweep()
    assert not set(leavings()) - before


def test_a_version_that_appears_is_linked_and_one_that_goes_is_not(tmp_path: Path) -> None:
    repository, links = tiny_repository(tmp_path / "repo"), tmp_path / "links"
    links.mkdir()
    mirror(repository, links)
    (repository / "test" / "1").rename(repository / "test" / "7")
    mirror(repository, links)
    assert {path.name for path in (links / "test").iterdir()} == {"7", "config.pbtxt", "configs"}
    assert (links / "test" / "7" / "model.py").resolve() == MODEL
    assert (links / "test" / "7" / "model.onnx").exists()


def test_without_the_wheel_the_error_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(TritonError, match=re.escape("run `make triton`")):
        Wheel.find(tmp_path)


def three_ports() -> int:
    """The first of three neighbours that are free: gRPC, metrics, HTTP."""
    while True:
        (first,) = free_ports(1)
        with suppress(OSError), ExitStack() as taken:
            for port in range(first, first + 3):
                taken.enter_context(socket.create_server(("127.0.0.1", port)))
            return first


def test_serve_starts_a_triton_beside_it_and_stops_it_again(tmp_path: Path) -> None:
    port = three_ports()
    environment = os.environ | {
        "RIALTO_PORT": "0",
        "RIALTO_DATA": str(tmp_path / "data"),
        "RIALTO_TRITON_URL": f"127.0.0.1:{port}",
        "RIALTO_MODEL_REPO": str(tiny_repository(tmp_path / "networks")),
    }
    with subprocess.Popen(
        [sys.executable, "-m", "rialto.cli", "serve", "--engine", "triton"],
        cwd=ROOT,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        url = re.search(r"http://\S+", told(process, "running on "))
        assert url is not None
        assert httpx2.get(f"{url[0]}/readyz", timeout=30).status_code == 200
        counted = httpx2.get(f"http://127.0.0.1:{port + 1}/metrics", timeout=30).text
        assert "nv_inference_exec_count" in counted
        process.terminate()
        assert process.wait(60) == 0
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
