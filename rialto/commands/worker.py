"""`rialto worker`: restores the archive's photos, without HTTP; many may share a queue."""

import asyncio
import logging
import signal

from service.app import open_restorer
from service.archive.opening import open_archive
from service.observe import logs
from service.observe.traces import open_traces
from service.settings import Settings
from service.telemetry import Telemetry

log = logging.getLogger("rialto.worker")


METRICS_PORT = 9400  # where the settings name none


def work(settings: Settings) -> None:
    """Work until SIGTERM or Ctrl-C; photos in work get `grace_s` seconds, the rest go back.

    Raises ValueError where the settings would start a private queue, or name a port for metrics
    that cannot be had.
    """
    if not settings.redis_url:
        raise ValueError("a worker needs RIALTO_REDIS_URL, the queue that it shares")
    if not settings.archive_places:
        raise ValueError("RIALTO_ARCHIVE_PLACES=0 leaves a worker nothing to do")
    logs.set_up(settings.log_format)
    asyncio.run(_work(settings))


async def _work(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    telemetry = Telemetry()
    port = METRICS_PORT if settings.metrics_port is None else settings.metrics_port
    if port:
        telemetry.expose(settings.host, port)
    endpoint, ratio = settings.otlp_endpoint, settings.trace_ratio
    async with (
        open_traces(endpoint, ratio, "rialto-worker") as telemetry.traces,
        open_restorer(settings, telemetry) as restorer,
        open_archive(settings, restorer),
    ):
        log.info("working; stop with SIGTERM")
        await stop.wait()
        log.info("draining")
