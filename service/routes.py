"""The doors for photos: `POST /restore`, and `GET /restorations/{id}` for what it made."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from contextlib import ExitStack, aclosing
from time import monotonic
from typing import Annotated, Any, Literal
from uuid import uuid4

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from bridge.contract import GridName, PresetName, SamplerName
from bridge.restoration import Progress
from service.errors import InternalError, problem_body
from service.photo.formats import Format
from service.problems import Problem
from service.restore import Order, Restorer
from service.restore.accept import Upload, accept, upload_within
from service.restore.kept import Kept
from service.restore.pack import Wrapping
from service.restore.reply import Restored, event, photo_reply
from service.settings import Settings
from service.tasks import Choice

log = logging.getLogger("rialto.restore")
router = APIRouter()

EVENT_STREAM = "text/event-stream"
GONE = 499  # nobody reads it: the client has left


def order_of(
    task: Annotated[str, Query(description="What to do, such as sr4x; see GET /tasks.")],
    preset: Annotated[PresetName, Query(description="Network and plan.")] = "fast",
    steps: Annotated[
        int | None, Query(ge=1, le=999, description="Evaluations, instead of the preset's.")
    ] = None,
    sampler: Annotated[SamplerName | None, Query(description="Instead of the preset's.")] = None,
    grid: Annotated[GridName | None, Query(description="Instead of the preset's.")] = None,
    eta: Annotated[
        float | None, Query(ge=0, le=1, description="Share of fresh noise in each step.")
    ] = None,
    seed: Annotated[int, Query(ge=0, lt=2**53, description="Same seed, same pixels.")] = 0,
    format: Annotated[Format, Query(description="Of the answer.")] = "png",  # noqa: A002
    quality: Annotated[int, Query(ge=1, le=100, description="Of lossy formats.")] = 92,
    metadata: Annotated[
        Literal["keep", "strip"], Query(description="EXIF, XMP, IPTC; profiles always stay.")
    ] = "keep",
) -> Order:
    """The caller's wishes, checked for type and range."""
    return Order(
        Choice(task, preset, steps, sampler, grid, eta),
        seed,
        Wrapping(format, quality, metadata),
    )


@router.post("/restore", response_class=Response)
async def restore(request: Request, order: Annotated[Order, Depends(order_of)]) -> Response:
    """Restore the photo in the body (raw, or a form's `image`); answer the restored photo.

    With `Accept: text/event-stream` the answer is progress events and a link to the photo.
    """
    restorer: Restorer = request.state.restorer
    restorer.tasks.choose(order.choice)  # a wrong task is refused before the photo is read
    with ExitStack() as place:
        place.enter_context(restorer.line.place())
        upload = await _accepted(request)
        if EVENT_STREAM not in request.headers.get("accept", ""):
            return await _unless_gone(request, _whole(request, upload, order))
        return _Events(_events(request, upload, order), place.pop_all())


async def _accepted(request: Request) -> Upload:
    settings: Settings = request.state.settings
    async with upload_within(settings.upload_timeout_s):
        return await accept(request, settings.max_body_bytes)


class _Events(StreamingResponse):
    """Server-sent events that keep a place in line until the last of them is sent.

    Not the generator holds it: one that never starts never ends either.
    """

    def __init__(self, events: AsyncIterator[bytes], place: ExitStack) -> None:
        super().__init__(events, headers=_NO_BUFFERS, media_type=EVENT_STREAM)
        self._place = place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events; whatever ends them gives the place back."""
        with self._place:
            await super().__call__(scope, receive, send)


@router.get("/restorations/{id}", response_class=Response)
async def restoration(
    request: Request, key: Annotated[str, Path(alias="id")], download: bool = False
) -> Response:
    """A photo that `POST /restore` made, for as long as it is kept."""
    kept: Kept = request.state.kept
    return photo_reply(kept.get(key), download=download)


_NO_BUFFERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


async def _walk(
    request: Request, upload: Upload, order: Order
) -> AsyncGenerator[Progress | Restored]:
    """The restorer's walk, its outcome counted and its failures logged."""
    restorer: Restorer = request.state.restorer
    task, telemetry = order.choice.task, restorer.telemetry
    outcome = "cancelled"
    telemetry.photos_in_progress.inc()
    try:
        async with aclosing(restorer.restore(upload, order)) as walk:
            async for made in walk:
                if isinstance(made, Restored):
                    outcome = "restored"
                yield made
    except Problem as problem:
        outcome = "refused" if problem.status < 500 else "failed"
        log.info("%s: %s", request.state.request_id, problem.detail, exc_info=problem.__cause__)
        raise
    except Exception:
        outcome = "failed"
        raise
    finally:
        telemetry.photos_in_progress.dec()
        telemetry.restorations.labels(task, outcome).inc()


async def _whole(request: Request, upload: Upload, order: Order) -> Response:
    """Walk to the end and answer the photo."""
    async with aclosing(_walk(request, upload, order)) as walk:
        async for made in walk:
            if isinstance(made, Restored):
                return photo_reply(made)
    raise RuntimeError("the walk ended without a photo")


async def _events(request: Request, upload: Upload, order: Order) -> AsyncIterator[bytes]:
    """Progress after every step, then where the photo lies, or the problem."""
    kept: Kept = request.state.kept
    start = monotonic()
    try:
        async with aclosing(_walk(request, upload, order)) as walk:
            async for made in walk:
                if isinstance(made, Progress):
                    yield event("progress", _progress(made, monotonic() - start))
                    continue
                key = uuid4().hex
                kept.put(key, made)
                facts = {"id": key, "href": f"/restorations/{key}", **made.facts()}
                yield event("done", facts)
    except Problem as problem:
        yield event("problem", _told(request, problem))
    except Exception:
        log.exception("request %s failed", request.state.request_id)
        yield event("problem", _told(request, InternalError("The log knows more.")))


def _told(request: Request, problem: Problem) -> dict[str, object]:
    body = problem_body(problem, request.url.path, request.state.request_id)
    return body.model_dump()


def _progress(progress: Progress, seconds: float) -> dict[str, float]:
    left = seconds / progress.fraction - seconds
    return {
        "step": progress.step,
        "steps": progress.steps,
        "region": progress.region,
        "regions": progress.regions,
        "fraction": round(progress.fraction, 4),
        "seconds": round(seconds, 3),
        "eta_seconds": round(left, 3),
    }


async def _unless_gone(request: Request, work: Coroutine[Any, Any, Response]) -> Response:
    """`work`'s answer; should the client leave first, the work is cancelled."""
    answer = asyncio.create_task(work)
    gone = asyncio.create_task(_disconnect(request))
    try:
        await asyncio.wait({answer, gone}, return_when=asyncio.FIRST_COMPLETED)
        if answer.done():
            return answer.result()
        return Response(status_code=GONE)
    finally:
        for task in (answer, gone):
            task.cancel()
        await asyncio.gather(answer, gone, return_exceptions=True)
        # A failure's traceback holds this frame, which would hold the failure, and with it the
        # photo, until the cycle collector comes by.
        del answer, gone, task


async def _disconnect(request: Request) -> None:
    """Returns when the client has gone."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
