"""Attend: a photo's walk through the rooms, its outcome counted and its failures logged."""

import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing

from service.problems import Problem
from service.restore import Made, Order, Restorer, Show
from service.restore.accept import Upload
from service.restore.preview import Preview
from service.restore.reply import Restored

log = logging.getLogger("rialto.restore")


async def attended(
    restorer: Restorer, upload: Upload, order: Order, show: Show | None = None
) -> AsyncGenerator[Made]:
    """What `Restorer.restore` yields; its problems and other failures pass through."""
    counted = restorer.telemetry.photos

    def show_counted(preview: Preview) -> None:
        if show is not None:
            counted.previews.labels(preview.kind).inc()
            show(preview)

    outcome = "cancelled"
    counted.in_progress.inc()
    try:
        async with aclosing(restorer.restore(upload, order, show and show_counted)) as walk:
            async for made in walk:
                if isinstance(made, Restored):
                    outcome = "restored"
                yield made
    except Problem as problem:
        outcome = "refused" if problem.status < 500 else "failed"
        log.info("%s", problem.detail, exc_info=problem.__cause__)
        raise
    except Exception:
        outcome = "failed"
        raise
    finally:
        counted.in_progress.dec()
        counted.outcomes.labels(order.choice.task, outcome).inc()


async def finished(restorer: Restorer, upload: Upload, order: Order) -> Restored:
    """The restored photo, with nobody told of the way there."""
    async with aclosing(attended(restorer, upload, order)) as walk:
        async for made in walk:
            if isinstance(made, Restored):
                return made
    raise RuntimeError("the walk ended without a photo")
