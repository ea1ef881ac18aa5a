"""`rialto triton`: the wheel's Triton on a model repository, supervised until it is stopped.

A tritonserver that dies, or whose model process dies, is started anew; a version that appears
in the repository can be loaded at once (`rialto models load`).
"""

import logging
import signal
import threading
import time
from pathlib import Path

from rialto.commands.triton_server import Ports, TritonServer
from rialto.commands.triton_wheel import TritonError, Wheel

log = logging.getLogger("rialto.triton")

WATCH_SECONDS = 0.5
START_TRIES = 10  # in a row, a second longer between them each time


def run_triton(
    model_repo: Path,
    ports: Ports,
    threads: int = 0,
    venv: Path | None = None,
    variant: str = "python",
) -> None:
    """Serve until SIGTERM or Ctrl-C. Raises TritonError where Triton does not start.

    `variant` is the config of each network that is read: `configs/<variant>.pbtxt`.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # it tells of every look at Triton
    if not any(model_repo.glob("*/config.pbtxt")):
        raise TritonError(f"no networks below {model_repo}: mend --model-repo")
    for config in model_repo.glob("*/config.pbtxt"):
        if not (config.parent / "configs" / f"{variant}.pbtxt").exists():
            raise TritonError(f"{config.parent} has no configs/{variant}.pbtxt: export it again")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with TritonServer(model_repo, Wheel.find(venv), ports, threads, variant=variant) as server:
        server.start()
        server.wait_ready(stop)
        log.info("Triton serves gRPC on %s:%s", ports.host, ports.grpc)
        keep(server, stop)


def keep(server: TritonServer, stop: threading.Event) -> None:
    """Start Triton anew where it died, and show it what the repository holds, until `stop`.

    Raises TritonError where it does not start again however often it is tried.
    """
    while not stop.wait(WATCH_SECONDS):
        if reason := server.failing():
            log.error("%s; starting it anew", reason)
            died = time.monotonic()
            _start_again(server, stop)
            log.info("Triton serves again after %.1f s", time.monotonic() - died)
        server.refresh()


def _start_again(server: TritonServer, stop: threading.Event) -> None:
    """What killed it may kill it again while it loads, so it is tried more than once.

    Raises TritonError where it ended START_TRIES times in a row.
    """
    for tries in range(1, START_TRIES + 1):
        server.kill()
        server.start()
        try:
            server.wait_ready(stop)
            return
        except TritonError as error:
            if tries == START_TRIES:
                raise
            log.warning("%s; tried %d times", error, tries)
            stop.wait(tries)
