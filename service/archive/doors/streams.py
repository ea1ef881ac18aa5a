"""A zip or tar of photos as one stream, into an open job."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request

from service.archive.archive import Archive
from service.archive.doors.groups import groups
from service.archive.doors.jobs import JobId, archive_of
from service.archive.doors.tally import Tally, new_photo
from service.archive.intake import Entry, IntakeLimits, Skipped, entries
from service.archive.keys import input_key
from service.archive.queue import NewPhoto
from service.archive.records import InputBlob, Job
from service.settings import Settings

router = APIRouter()

PUTS_AT_ONCE, PUTS_HELD_BYTES = 16, 32 * 2**20


@router.put("/jobs/{id}/archive")
async def put_archive(
    request: Request,
    job_id: JobId,
    format: Annotated[Literal["zip", "tar"], Query()],  # noqa: A002
) -> dict[str, Any]:
    """Send a zip or tar of photos as one stream; a tar may be compressed by gzip, bzip2 or xz.

    What is no photo's name, or cannot be taken, is skipped and told; the rest is in the job.
    """
    archive, settings = archive_of(request), request.state.settings
    job = await archive.queue.job(job_id)
    tally = Tally()
    with tally.told():
        async with archive.upload(None):
            stream = entries(request.stream(), format, limits_of(settings))
            async with aclosing(groups(stream, _is_full)) as some:
                async for group in some:
                    stored = [entry for entry in group if isinstance(entry, Entry)]
                    for skipped in group:
                        if isinstance(skipped, Skipped):
                            tally.skip(skipped.name, skipped.slug, skipped.detail)
                    await tally.add(archive, job, await _stored(stored, archive, job))
    return tally.answer()


def _is_full(group: Sequence[Entry | Skipped]) -> bool:
    """What is stored together: each write waits for the disk, and need not wait alone."""
    held = sum(len(entry.data) for entry in group if isinstance(entry, Entry))
    return held >= PUTS_HELD_BYTES or len(group) == PUTS_AT_ONCE


async def _stored(group: list[Entry], archive: Archive, job: Job) -> list[NewPhoto]:
    photos = [
        new_photo(
            entry.name,
            InputBlob(
                key=input_key(job.id, entry.sha256), bytes=len(entry.data), sha256=entry.sha256
            ),
            job,
        )
        for entry in group
    ]
    puts = zip(group, photos, strict=True)
    await asyncio.gather(
        *(archive.sources.own.put(photo.input.key, entry.data) for entry, photo in puts)
    )
    return photos


def limits_of(settings: Settings) -> IntakeLimits:
    """What one archive stream may hold."""
    return IntakeLimits(
        max_entry_bytes=settings.max_body_bytes,
        max_entries=settings.archive_max_photos,
        max_total_bytes=settings.archive_max_bytes,
        max_ratio=settings.archive_max_ratio,
    )
