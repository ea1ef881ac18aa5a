"""The composition root: settings in, an application out, every part made once and handed down."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles
from swagger_ui_bundle import swagger_ui_path
from threadpoolctl import threadpool_limits

from service import edits, errors, facts, restorations, routes
from service.archive import doors
from service.archive.opening import open_archive
from service.auth.audit import Audited, AuditLog
from service.auth.gate import Gate
from service.auth.guard import open_guard
from service.auth.policy import keys_wanted
from service.description import describe
from service.engine import Engine
from service.engine.local import Loaded, LocalEngine, load_networks
from service.engine.runtimes.opening import open_runtime
from service.observe.traces import open_traces
from service.photo.codec import Codec
from service.requests import Requests
from service.restore import Restorer
from service.restore.enqueue import Line
from service.restore.kept import Kept
from service.restore.run import Run
from service.restore.runs import Runs
from service.settings import Settings
from service.tasks import Tasks
from service.telemetry import Telemetry


async def open_engine(settings: Settings, telemetry: Telemetry) -> Engine:
    """The engine that the settings name.

    Raises RepositoryError where it has no networks, RuntimeUnfit where they cannot be computed so.
    """
    if settings.engine == "triton":
        from service.engine.triton import Patience, TritonEngine  # noqa: PLC0415 -- gRPC, if used

        patience = Patience(
            settings.triton_timeout_s, settings.triton_away_s, settings.triton_start_s
        )
        return await TritonEngine.open(settings.triton_url, telemetry, patience)
    engine = LocalEngine(await asyncio.to_thread(_load, settings), telemetry)
    engine.follow(settings.model_repo_folder())
    return engine


def _load(settings: Settings) -> Loaded:
    """The embedded engine's networks; blocks."""
    runtime = open_runtime(settings.runtime, settings.engine_threads())
    store = settings.cache.expanduser() / "batch-sizes.json"
    return load_networks(settings.model_repo_folder(), runtime, store, settings.max_batch or None)


@asynccontextmanager
async def open_restorer(settings: Settings, telemetry: Telemetry) -> AsyncIterator[Restorer]:
    """Start the codec's children and the engine; stop them in reverse order."""
    async with AsyncExitStack() as stack:
        # The cores are the engine's. BLAS' own threads spin beside it while they wait, and took a
        # quarter of its throughput; the steps' arithmetic is fast enough on the photo's thread.
        stack.enter_context(threadpool_limits(1, "blas"))
        codec = Codec(settings.codec_limits())
        stack.push_async_callback(codec.close)
        codec_ready = asyncio.create_task(codec.start())
        # Loading and measuring take a second or more: beside the start of the decoders.
        engine = await open_engine(settings, telemetry)
        stack.push_async_callback(engine.close)
        await codec_ready
        yield Restorer(
            tasks=Tasks(engine.cards),
            codec=codec,
            line=Line(settings.max_active, settings.max_waiting, settings.max_held_mb * 2**20),
            engine=engine,
            telemetry=telemetry,
            max_output_megapixels=settings.max_output_megapixels,
            deadline_s=settings.deadline_s,
        )


@asynccontextmanager
async def open_parts(settings: Settings, telemetry: Telemetry) -> AsyncIterator[dict[str, Any]]:
    """What a request finds in its state, open for as long as the service runs."""
    loop = asyncio.get_running_loop()
    kept_bytes, journal_bytes = settings.kept_mb * 2**20, settings.events_mb * 2**20
    kept = Kept[Run](settings.kept_seconds, kept_bytes, loop.time, loop.call_later)
    async with (
        open_traces(settings.otlp_endpoint, settings.trace_ratio, "rialto") as telemetry.traces,
        open_restorer(settings, telemetry) as restorer,
        open_archive(settings, restorer) as archive,
        open_guard(archive.redis, settings) as guard,
        Runs(kept, settings.resume_s, journal_bytes) as runs,
    ):
        yield {
            "restorer": restorer,
            "archive": archive,
            "settings": settings,
            "runs": runs,
            "guard": guard,
        }


def create_app(settings: Settings) -> FastAPI:
    """The service, ready for an ASGI server.

    Raises AuthUndecided where it would be reached from outside and nobody said by whom.
    """
    telemetry = Telemetry()
    guarded = keys_wanted(settings.auth, settings.host)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
        async with open_parts(settings, telemetry) as parts:
            app.state.tasks = parts["restorer"].tasks
            yield parts

    app = FastAPI(
        title="Rialto",
        version=version("rialto"),
        description="Restores photographs with image-to-image Schrödinger bridges.",
        lifespan=lifespan,
        docs_url=None,  # the framework's page takes its scripts from elsewhere; see facts
        redoc_url=None,
        redirect_slashes=False,  # its Location would be what the caller's Host says
    )
    app.state.telemetry = telemetry
    app.state.stopping = asyncio.Event()  # set by the server when it is told to stop
    errors.install(app)
    describe(app, guarded=guarded)
    app.include_router(routes.router)
    app.include_router(restorations.router)
    app.include_router(edits.router)
    app.include_router(facts.router)
    app.include_router(doors.router)
    app.mount("/web", StaticFiles(directory=facts.WEB))
    app.mount("/swagger", StaticFiles(directory=swagger_ui_path))
    # The last one added is the outermost.
    if guarded:
        app.add_middleware(Gate)
    if settings.audit_log:
        app.add_middleware(Audited, log=AuditLog(settings.audit_log))
    app.add_middleware(Requests, telemetry=telemetry)
    return app
