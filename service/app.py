"""The composition root: settings in, an application out, every part made once and handed down."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles
from swagger_ui_bundle import swagger_ui_path

from service import errors, facts, routes
from service.archive import doors
from service.archive.opening import open_archive
from service.engine import Engine
from service.engine.local import LocalEngine, load_networks
from service.photo.codec import Codec
from service.requests import Requests
from service.restore import Restorer
from service.restore.enqueue import Line
from service.restore.kept import Kept
from service.settings import Settings
from service.tasks import Tasks
from service.telemetry import Telemetry


async def open_engine(settings: Settings, telemetry: Telemetry) -> Engine:
    """The engine that the settings name. Raises RepositoryError where it has no networks."""
    if settings.engine == "triton":
        from service.engine.triton import TritonEngine  # noqa: PLC0415 -- gRPC, for those who use it

        return await TritonEngine.open(settings.triton_url, telemetry)
    store = settings.cache.expanduser() / "batch-sizes.json"
    threads, batch = settings.engine_threads(), settings.max_batch or None
    networks = await asyncio.to_thread(
        load_networks, settings.model_repo_folder(), threads, store, batch
    )
    return LocalEngine(networks, telemetry)


@asynccontextmanager
async def open_restorer(settings: Settings, telemetry: Telemetry) -> AsyncIterator[Restorer]:
    """Start the codec's children and the engine; stop them in reverse order."""
    async with AsyncExitStack() as stack:
        codec = Codec(settings.codec_limits())
        stack.push_async_callback(codec.close)
        codec_ready = asyncio.create_task(codec.start())
        # Loading and measuring take a second or more: beside the start of the decoders.
        engine = await open_engine(settings, telemetry)
        stack.push_async_callback(engine.close)
        await codec_ready
        yield Restorer(
            tasks=Tasks(engine.cards()),
            codec=codec,
            line=Line(settings.max_active, settings.max_waiting, settings.max_held_mb * 2**20),
            engine=engine,
            telemetry=telemetry,
            max_output_megapixels=settings.max_output_megapixels,
            deadline_s=settings.deadline_s,
        )


def create_app(settings: Settings) -> FastAPI:
    """The service, ready for an ASGI server."""
    telemetry = Telemetry()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Any]]:
        loop = asyncio.get_running_loop()
        async with (
            open_restorer(settings, telemetry) as restorer,
            open_archive(settings, restorer) as archive,
        ):
            kept_bytes = settings.kept_mb * 2**20
            kept = Kept(settings.kept_seconds, kept_bytes, loop.time, loop.call_later)
            yield {"restorer": restorer, "archive": archive, "settings": settings, "kept": kept}

    app = FastAPI(
        title="Rialto",
        version=version("rialto"),
        description="Restores photographs with image-to-image Schrödinger bridges.",
        lifespan=lifespan,
        docs_url=None,  # the framework's page takes its scripts from elsewhere; see facts
        redoc_url=None,
    )
    errors.install(app)
    app.include_router(routes.router)
    app.include_router(facts.router)
    app.include_router(doors.router)
    app.mount("/web", StaticFiles(directory=facts.WEB))
    app.mount("/swagger", StaticFiles(directory=swagger_ui_path))
    app.add_middleware(Requests, telemetry=telemetry)
    return app
