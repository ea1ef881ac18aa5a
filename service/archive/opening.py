"""The archive opened: Valkey, storage, worker, caretaker and webhooks for as long as we serve."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import uuid4

from service.archive.archive import Archive
from service.archive.blobs import Blobs
from service.archive.caretaker import Caretaker
from service.archive.herald import Herald
from service.archive.queue import Queue
from service.archive.sources import Sources
from service.archive.webhooks import Guard, Signer, WebhookStore, deliver_forever
from service.archive.worker import Worker
from service.ending import ended
from service.restore import Restorer
from service.restore.enqueue import Line
from service.settings import Settings
from service.valkey import embedded_valkey, open_redis

DAY_S = 86_400


@asynccontextmanager
async def open_archive(settings: Settings, restorer: Restorer) -> AsyncIterator[Archive]:
    """Open every part, and close them in reverse; the worker drains for `grace_s`.

    Raises ValueError where a webhook's secret or an allowed host cannot be read, ValkeyFailed
    where the embedded server cannot start.
    """
    telemetry = restorer.telemetry
    async with AsyncExitStack() as stack:
        folder = settings.data_folder()
        url = settings.redis_url or await stack.enter_async_context(
            embedded_valkey(folder / "valkey")
        )
        redis = open_redis(url)
        stack.push_async_callback(redis.aclose)
        queue = Queue(
            redis,
            lease_s=settings.lease_s,
            max_attempts=settings.max_attempts,
            observe=telemetry.storage.redis_call,
        )
        own = replace(
            Blobs.open(settings.blobs or folder / "blobs"), observe=telemetry.storage.blob_operation
        )
        sources = Sources(own, _listed(settings.archive_sources))
        retention_s = settings.retention_days * DAY_S
        hooks = WebhookStore(redis)
        guard = Guard(allowed=_listed(settings.webhook_hosts))
        secrets = _listed(settings.webhook_secrets)
        Signer(secrets)  # a secret that cannot be read is told at start
        caretaker = Caretaker(queue, sources, hooks, telemetry, retention_s=retention_s)
        await stack.enter_async_context(_running(caretaker.run()))
        await stack.enter_async_context(_running(Herald(queue, sources, hooks, telemetry).run()))
        await stack.enter_async_context(_running(deliver_forever(hooks, guard, secrets)))
        if settings.archive_places:
            worker = _worker(queue, sources, restorer, settings)
            await stack.enter_async_context(_draining(worker, settings.grace_s))
        yield Archive(
            redis=redis,
            queue=queue,
            sources=sources,
            targets=_listed(settings.archive_targets),
            caretaker=caretaker,
            hooks=hooks,
            guard=guard if secrets else None,
            tasks=restorer.tasks,
            codec=restorer.codec,
            pace=restorer.pace,
        )


def _worker(queue: Queue, sources: Sources, restorer: Restorer, settings: Settings) -> Worker:
    return Worker(
        queue,
        sources,
        for_archive(restorer, settings),
        restorer.telemetry,
        name=f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:6]}",
        places=settings.archive_places,
    )


def for_archive(restorer: Restorer, settings: Settings) -> Restorer:
    """The same rooms with a line and a time limit of the archive's own: nobody waits for it."""
    places = settings.archive_places
    line = Line(places, places, settings.max_held_mb * 2**20)
    return replace(restorer, line=line, deadline_s=settings.archive_deadline_s)


def _listed(setting: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in setting.split(",") if part.strip())


@asynccontextmanager
async def _running(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """`work` in the background, until the block ends."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        await ended(task)


@asynccontextmanager
async def _draining(worker: Worker, grace_s: float) -> AsyncIterator[None]:
    """A worker in the background; at the end it may finish what it has for `grace_s` seconds."""
    task = asyncio.create_task(worker.run(), name="archive worker")
    try:
        yield
    finally:
        worker.drain()
        await asyncio.wait([task], timeout=grace_s)
        await ended(task)
