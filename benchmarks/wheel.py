"""The wheel's Triton on the shipped networks, for as long as a benchmark needs it."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.ports import free_ports
from rialto.commands.triton_server import Ports, TritonServer
from rialto.commands.triton_wheel import Wheel

MODEL_REPO = Path(__file__).parents[1] / "model_repo"


@contextmanager
def wheel_triton(variant: str = "python") -> Iterator[str]:
    """Its gRPC address, once every network is loaded; `variant` names the configs it reads."""
    ports = Ports(*free_ports(3))
    with (
        TritonServer(MODEL_REPO, Wheel.find(), ports, variant=variant) as server,
        tempfile.TemporaryFile() as log,
    ):
        server.start(log)
        server.wait_ready()
        yield f"127.0.0.1:{ports.grpc}"
