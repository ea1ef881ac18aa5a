"""The door for one photo: `POST /restore`, answered by the photo, by events, or by an address."""

from collections.abc import Mapping
from contextlib import ExitStack
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import JSONResponse, Response

from bridge.contract import GridName, PresetName, SamplerName
from service.auth.owners import owner_of
from service.errors import problem_body
from service.photo.formats import Format
from service.problems import Problem
from service.requests import unless_gone
from service.restorations import EVENT_STREAM, EventStream, under_way
from service.restore import Order, Restorer
from service.restore.accept import Upload, upload_of
from service.restore.attend import attended, finished
from service.restore.pack import Wrapping
from service.restore.preview import Previews
from service.restore.reply import photo_reply
from service.restore.run import Asked, Run
from service.restore.runs import Runs
from service.tasks import Choice, Chosen

router = APIRouter()


async def order_of(  # async: no thread for what only reads
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
    deadline_ms: Annotated[
        int | None,
        Query(ge=1, le=86_400_000, description="After it, the best estimate so far is answered."),
    ] = None,
    previews: Annotated[
        Previews, Query(description="Small pictures among the events; walk: x_0 and x_t of all.")
    ] = "none",
) -> Order:
    """The caller's wishes, checked for type and range."""
    return Order(
        Choice(task, preset, steps, sampler, grid, eta),
        seed,
        Wrapping(format, quality, metadata),
        previews=previews,
        deadline_ms=deadline_ms,
    )


@router.post("/restore", response_class=Response)
async def restore(request: Request, order: Annotated[Order, Depends(order_of)]) -> Response:
    """Restore the photo in the body (raw, or a form's `image`); answer the restored photo.

    With `Accept: text/event-stream` the answer is events and a link to the photo; with `Prefer:
    respond-async` it is 202 and the address where the photo will be.
    """
    restorer: Restorer = request.state.restorer
    chosen = restorer.tasks.choose(order.choice)  # refused before the photo is read
    request.state.task = order.choice.task
    later = "respond-async" in preferences(request)
    with ExitStack() as place:
        place.enter_context(restorer.line.place())
        upload = await upload_of(request)
        if later or EVENT_STREAM in request.headers.get("accept", ""):
            run = _begin(request, upload, order, chosen, place.pop_all(), detached=later)
            return _promised(run) if later else EventStream(run)
        return await unless_gone(request, _whole(restorer, upload, order))


def preferences(request: Request) -> set[str]:
    """The names of what the caller prefers (RFC 7240), in lower case."""
    said = ",".join(request.headers.getlist("prefer")).lower()
    return {part.partition(";")[0].partition("=")[0].strip() for part in said.split(",")}


async def _whole(restorer: Restorer, upload: Upload, order: Order) -> Response:
    return photo_reply(await finished(restorer, upload, order))


def _begin(
    request: Request,
    upload: Upload,
    order: Order,
    chosen: Chosen,
    place: ExitStack,
    *,
    detached: bool,
) -> Run:
    """Start a run, which outlives the request."""
    restorer: Restorer = request.state.restorer
    runs: Runs = request.state.runs
    path, request_id = request.url.path, request.state.request_id

    def tell(problem: Problem) -> Mapping[str, Any]:
        return problem_body(problem, path, request_id).model_dump()

    wish = order.choice
    steps, owner = chosen.plan.steps, owner_of(request)
    asked = Asked(wish.task, wish.preset, order.seed, steps, tell, owner)
    return runs.begin(
        lambda show: attended(restorer, upload, order, show), asked, place, detached=detached
    )


def _promised(run: Run) -> JSONResponse:
    reply = under_way(run)
    reply.headers["Location"] = run.href
    reply.headers["Preference-Applied"] = "respond-async"
    return reply
