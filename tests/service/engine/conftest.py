"""A real Triton for this folder's tests, started once; `make triton` installs it."""

import asyncio
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from threading import Event, Thread

import pytest

from deploy.ports import free_ports
from export.model_repo import write_network
from rialto.commands.triton import keep
from rialto.commands.triton_server import Ports, TritonServer
from rialto.commands.triton_wheel import TritonError, Wheel
from tests.bridge.cards import card
from tests.service.engine.tiny import tiny_network

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class LiveTriton:
    """A running Triton, the repository it serves, and where it listens."""

    server: TritonServer
    repository: Path
    ports: Ports

    @property
    def url(self) -> str:
        """Of gRPC, as RIALTO_TRITON_URL takes it."""
        return f"127.0.0.1:{self.ports.grpc}"


@contextmanager
def triton_on(repository: Path, *options: str, variant: str = "python") -> Iterator[LiveTriton]:
    """Start a Triton on free ports by `options`; its log is shown where it does not start."""
    ports = Ports(*free_ports(3))
    with (
        TritonServer(repository, Wheel.find(), ports, 1, *options, variant=variant) as server,
        TemporaryFile() as log,
    ):
        server.start(log)
        try:
            server.wait_ready()
        except TritonError as error:
            log.seek(0)
            raise RuntimeError(log.read().decode()) from error
        yield LiveTriton(server, repository, ports)


@contextmanager
def supervised(repository: Path) -> Iterator[LiveTriton]:
    """A Triton as `rialto triton` keeps it: started anew when it dies, its links kept fresh."""
    stop = Event()
    with triton_on(repository) as live:
        keeper = Thread(target=keep, args=(live.server, stop))
        keeper.start()
        try:
            yield live
        finally:
            stop.set()
            keeper.join()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what another process does, which no event of ours tells of."""
    async with asyncio.timeout(120):  # a busy machine is no failure
        while not condition():  # noqa: ASYNC110 -- see above
            await asyncio.sleep(0.01)


def tiny_repository(folder: Path) -> Path:
    """A repository with the tiny network alone."""
    write_network(tiny_network(card()), card(), folder)
    return folder


@pytest.fixture(scope="session")
def both_repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny network and the project's own for JPEG: what both engines are tried on."""
    folder = tiny_repository(tmp_path_factory.mktemp("networks") / "repo")
    shutil.copytree(ROOT / "model_repo" / "jpeg", folder / "jpeg")
    return folder


@pytest.fixture(scope="session")
def triton(both_repository: Path) -> Iterator[LiveTriton]:
    """One Triton for all tests that leave it as it is."""
    with triton_on(both_repository) as live:
        yield live
