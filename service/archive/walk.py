"""Every photo of a job, page by page."""

from collections.abc import AsyncIterator

from service.archive.queue import Queue
from service.archive.records import PhotoRecord


async def walk(queue: Queue, job_id: str) -> AsyncIterator[PhotoRecord]:
    """Each photo once, in the order they came."""
    cursor: str | None = "0"
    while cursor is not None:
        photos, cursor = await queue.photos(job_id, cursor=cursor)
        for photo in photos:
            yield photo
