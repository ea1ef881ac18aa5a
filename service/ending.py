"""The end of a background task: cancelled until it has really ended, its failure logged."""

import asyncio
import logging
from typing import Any

log = logging.getLogger("rialto.service")

AGAIN_S = 1.0


async def ended(task: asyncio.Task[Any], again_s: float = AGAIN_S) -> None:
    """Cancel every `again_s` seconds until it has ended.

    On Python 3.11 `asyncio.wait_for`, by which redis-py sends, may swallow a cancellation that
    comes together with its result.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=again_s)
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("%s ended early", task.get_name(), exc_info=error)
