"""`rialto serve`: the whole service in one process."""

import logging

import uvicorn

from service.app import create_app
from service.settings import Settings


def serve(settings: Settings) -> None:
    """Serve until stopped; running photos get `grace_s` seconds to finish."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        log_level="info",
        access_log=False,  # the service's own line has the request id and the duration
        timeout_graceful_shutdown=round(settings.grace_s),
        timeout_keep_alive=30,
    )
