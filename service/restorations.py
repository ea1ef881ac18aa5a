"""The doors for one restoration by its id: the photo or how far it is, its events, its end."""

from math import ceil
from typing import Annotated, Final

from fastapi import APIRouter, Header, Path, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from service.auth.owners import only_owner
from service.restore.reply import Restored, photo_reply
from service.restore.run import Run
from service.restore.runs import Runs

router = APIRouter()

EVENT_STREAM: Final = "text/event-stream"
_SOON_S, _LATE_S = 2, 60  # bounds of Retry-After
_NOT_STORED = {"Cache-Control": "no-store"}
_NO_BUFFERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}

Key = Annotated[str, Path(alias="id", description="As the `accepted` event tells it.")]


class EventStream(StreamingResponse):
    """A run's events behind `after`, as long as they come; sending them is to watch it."""

    def __init__(self, run: Run, after: int = 0) -> None:
        headers = {**_NO_BUFFERS, "Content-Location": f"{run.href}/events"}
        super().__init__(run.journal.after(after), headers=headers, media_type=EVENT_STREAM)
        self._run = run

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events."""
        with self._run.watched():
            await super().__call__(scope, receive, send)


@router.get("/restorations/{id}", response_class=Response)
async def restoration(request: Request, key: Key, download: bool = False) -> Response:
    """The photo, for as long as it is kept; 202 while it is being restored; else its problem."""
    run = _run_of(request, key)
    made = _made(run)
    return under_way(run) if made is None else photo_reply(made, download=download)


@router.get("/restorations/{id}/consistency", response_class=Response)
async def consistency(request: Request, key: Key) -> Response:
    """Whether the result, damaged again, is the photo that came, and how much was invented.

    Grey levels of 255; `consistency` is null where the task's damage cannot be done again.
    """
    run = _run_of(request, key)
    made = _made(run)
    return under_way(run) if made is None else JSONResponse(made.insight, headers=_NOT_STORED)


@router.get("/restorations/{id}/invention", response_class=Response)
async def invention(request: Request, key: Key) -> Response:
    """A WebP to lay over the photo: clear where the one-step estimate was kept, coloured elsewhere.

    Amber to magenta by the distance from it; upright, 1024 pixels at most.
    """
    run = _run_of(request, key)
    made = _made(run)
    if made is None:
        return under_way(run)
    return Response(made.invention, headers=_NOT_STORED, media_type="image/webp")


@router.get("/restorations/{id}/events", response_class=Response)
async def events(
    request: Request,
    key: Key,
    last_event_id: Annotated[int, Header(ge=0, description="Of the last one that came.")] = 0,
) -> Response:
    """The events behind `Last-Event-ID`, then those to come; 204 where none will."""
    run = _run_of(request, key)
    if run.journal.closed and last_event_id >= run.journal.last:
        return Response(status_code=204)
    if last_event_id:
        request.state.restorer.telemetry.photos.resumed_streams.inc()
    return EventStream(run, last_event_id)


@router.delete("/restorations/{id}", status_code=204)
async def cancel(request: Request, key: Key) -> None:
    """Stop a restoration within one step, or forget one that has ended."""
    runs: Runs = request.state.runs
    await runs.delete(key, only_owner(request))


def _made(run: Run) -> Restored | None:
    """What the run has made; None before its end. Raises the problem that ended it."""
    if run.problem is not None:
        raise type(run.problem)(run.problem.detail)
    return run.restored


def under_way(run: Run) -> JSONResponse:
    """202: how far it is, and when to ask again."""
    state = run.state()
    wait = min(max(ceil(state["eta_seconds"] or _SOON_S), 1), _LATE_S)
    return JSONResponse(state, 202, {"Retry-After": str(wait), "Cache-Control": "no-store"})


def _run_of(request: Request, key: str) -> Run:
    """The run of this id. Raises NoSuchRestoration, also where it is another caller's."""
    runs: Runs = request.state.runs
    return runs.get(key, only_owner(request))
