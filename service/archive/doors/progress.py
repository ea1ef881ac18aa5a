"""Progress: a job's photos by state, and its events as they happen."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import StreamingResponse

from service.archive.archive import Archive
from service.archive.doors.jobs import JobId, archive_of
from service.archive.names import clean_name
from service.archive.queue import NoSuchJob
from service.archive.records import PhotoRecord, PhotoState
from service.valkey import ValkeyAway

router = APIRouter()

BEAT_S = 2.0  # between two `progress` events while nothing else happens


@router.get("/jobs/{id}/photos")
async def list_photos(
    request: Request,
    job_id: JobId,
    state: PhotoState | None = None,
    cursor: Annotated[str, Query(pattern=r"^[0-9]{1,12}$")] = "0",
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
) -> dict[str, Any]:
    """Photos by state, in no order; every one is on exactly one page."""
    queue = archive_of(request).queue
    photos, following = await queue.photos(job_id, state=state, cursor=cursor, limit=limit)
    return {"photos": [photo.model_dump(mode="json") for photo in photos], "next": following}


@router.get("/jobs/{id}/photos/{name:path}", response_model=PhotoRecord)
async def show_photo(request: Request, job_id: JobId, name: str) -> PhotoRecord:
    """One photo: its state, and its outputs or the reason why there are none."""
    return await archive_of(request).queue.photo(job_id, clean_name(name))


@router.get("/jobs/{id}/events")
async def watch(
    request: Request,
    job_id: JobId,
    last_event_id: Annotated[str, Header(pattern=r"^[0-9]{1,19}(-[0-9]{1,19})?$")] = "0",
) -> StreamingResponse:
    """Server-sent events: what happened since `Last-Event-ID`, then what happens, with progress.

    The stream ends after `finished` or `cancelled`, and with a deleted job; also when the service
    stops or the queue is away: come again.
    """
    archive = archive_of(request)
    await archive.queue.job(job_id)
    return StreamingResponse(
        _while_there(_events(archive, job_id, last_event_id, request.app.state.stopping)),
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        media_type="text/event-stream",
    )


async def _while_there(events: AsyncGenerator[bytes]) -> AsyncIterator[bytes]:
    """What is told until the job is deleted or the queue away, which the next request is told."""
    with suppress(NoSuchJob, ValkeyAway):
        async with aclosing(events):
            async for event in events:
                yield event


async def _events(
    archive: Archive, job_id: str, after: str, stopping: asyncio.Event
) -> AsyncGenerator[bytes]:
    yield b"retry: 2000\n\n"
    yield await _progress(archive, job_id)
    while not stopping.is_set():
        events = await archive.queue.events(job_id, after, block_s=BEAT_S)
        for event in events:
            after = event.id
            yield _told(event.kind, event.data, event.id)
        job = await archive.queue.job(job_id)
        yield _told("progress", {**job.model_dump(mode="json"), **archive.pace_of(job)})
        if job.ended_at is not None and not events:
            return
        await asyncio.sleep(0)


async def _progress(archive: Archive, job_id: str) -> bytes:
    job = await archive.queue.job(job_id)
    return _told("progress", {**job.model_dump(mode="json"), **archive.pace_of(job)})


def _told(kind: str, data: dict[str, Any], key: str | None = None) -> bytes:
    head = f"id: {key}\n" if key is not None else ""
    return f"{head}event: {kind}\ndata: {json.dumps(data)}\n\n".encode()
