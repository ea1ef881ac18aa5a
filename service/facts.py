"""The doors for facts: tasks, limits, health, metrics, what each problem means, and the page."""

from html import escape
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from prometheus_client.exposition import choose_encoder
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response

from service.engine import Engine
from service.errors import NotFound, every_problem
from service.photo.formats import FORMATS
from service.restore import Restorer
from service.restore.infer import EngineAway
from service.settings import Settings

WEB = Path(__file__).parent / "web"

_DOCS_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline';"
    " img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'"
)

router = APIRouter()


@router.get("/tasks")
async def tasks(request: Request) -> dict[str, Any]:
    """What can be restored, by which networks, and how well each preset was measured to do.

    `runtime` computes them here: `onnxruntime`, by which they were measured, or another.
    """
    restorer: Restorer = request.state.restorer
    return {**restorer.tasks.document(), "runtime": restorer.engine.runtime}


@router.get("/limits")
async def limits(request: Request) -> dict[str, Any]:
    """What an upload may be."""
    settings: Settings = request.state.settings
    return {
        "max_body_bytes": settings.max_body_bytes,
        "max_input_megapixels": settings.max_input_megapixels,
        "max_output_megapixels": settings.max_output_megapixels,
        "input_formats": list(FORMATS),
        "output_formats": list(FORMATS),
    }


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """The process lives."""
    return {"status": "alive"}


@router.get("/readyz")
async def readyz(request: Request) -> JSONResponse:
    """200 where a photo would be restored now: the networks answer, and the line has room."""
    restorer: Restorer = request.state.restorer
    engine: Engine = restorer.engine
    restorer.line.check()
    if not await engine.ready():
        raise EngineAway("A tiny evaluation of each network did not succeed.")
    return JSONResponse({"status": "ready"})


@router.get("/metrics", response_class=Response)
async def metrics(request: Request) -> Response:
    """Counters and timings as Prometheus' text, or, where it is asked for, OpenMetrics."""
    registry = request.state.restorer.telemetry.registry
    try:
        encode, media_type = choose_encoder(request.headers.get("accept", ""))
    except (TypeError, ValueError):  # a version that is none
        encode, media_type = choose_encoder("")
    return Response(encode(registry), media_type=media_type)


@router.get("/problems/{slug}", response_class=HTMLResponse)
async def problem(slug: str) -> HTMLResponse:
    """What a problem's `type` means."""
    kind = every_problem().get(slug)
    if kind is None:
        raise NotFound(f"No problem is called {slug}.")
    meaning = escape((kind.__doc__ or "").strip())
    return HTMLResponse(
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(kind.title)}</title>"
        f"<h1>{escape(kind.title)}</h1><p>{kind.status}, <code>{escape(slug)}</code></p>"
        f"<p>{meaning}</p>"
    )


@router.get("/docs", response_class=FileResponse, include_in_schema=False)
async def docs() -> FileResponse:
    """The OpenAPI description, to read and to try; Swagger UI draws with `data:` images."""
    return FileResponse(WEB / "api.html", headers={"Content-Security-Policy": _DOCS_POLICY})


@router.get("/archive", response_class=FileResponse, include_in_schema=False)
async def archive_page() -> FileResponse:
    """The page of the archive's jobs."""
    return FileResponse(WEB / "archive" / "index.html")


@router.get("/", response_class=FileResponse, include_in_schema=False)
async def page() -> FileResponse:
    """The page."""
    return FileResponse(WEB / "index.html")
