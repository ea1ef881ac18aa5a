"""`rialto serve`: the whole service in one process."""

import signal
import socket
import sys
from contextlib import suppress

import uvicorn
from fastapi import FastAPI

from service.app import create_app
from service.observe import logs
from service.settings import Settings
from service.wire import Wire


class Server(uvicorn.Server):
    """A server that tells its application when it stops, so that endless answers can end."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let what runs end, within the grace time."""
        self._app.state.stopping.set()
        await super().shutdown(sockets)


def serve(settings: Settings) -> None:
    """Serve until stopped; running photos get `grace_s` seconds to finish. Told by SIGTERM, exit 0.

    Raises AuthUndecided where it would be reached from outside and nobody said by whom, and
    PortTaken where that of its metrics cannot be had.
    """
    logs.set_up(settings.log_format)
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=Wire,
        ws="none",
        log_config=None,  # its lines go where ours go
        log_level="info",
        access_log=False,  # the service's own line has the request id and the duration
        timeout_graceful_shutdown=round(settings.grace_s),
        timeout_keep_alive=30,
    )
    # The server raises the signal anew when it has ended, for whoever was to handle it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if settings.metrics_port:
        app.state.telemetry.expose(settings.host, settings.metrics_port)
    server = Server(config, app)
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(3)
