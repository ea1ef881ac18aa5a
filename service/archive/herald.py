"""The herald: what is done when a job has ended.

Its bag is written where the job asked for it, then its webhook is told. A herald that is killed in
between begins again: both are done at least once, and the second time changes nothing.
"""

import asyncio
import logging

from service.archive.blobs import BlobRefused, Blobs, BlobsAway
from service.archive.bundle import BrokenBundle, bag_entries
from service.archive.queue import Queue, QueueAway
from service.archive.records import Job
from service.archive.sources import Sources
from service.archive.walk import walk
from service.archive.webhooks import WebhookStore, job_event

log = logging.getLogger("rialto.archive")

LOOK_S = 1.0
TURN_S = 600.0  # after which another herald may take up a job that this one has not finished


class Herald:
    """One of any number; each ended job is one's at a time."""

    def __init__(self, queue: Queue, sources: Sources, hooks: WebhookStore) -> None:
        self._queue, self._sources, self._hooks = queue, sources, hooks

    async def run(self) -> None:
        """Until cancelled; an outage is waited out."""
        while True:
            try:
                for job in await self._queue.untold():
                    if await self._queue.my_turn(f"herald:{job.id}", TURN_S):
                        await self._tell(job)
            except (QueueAway, BlobsAway) as error:
                log.warning("the herald waits: %s", error.detail)
            await asyncio.sleep(LOOK_S)

    async def _tell(self, job: Job) -> None:
        if job.spec.target is not None:
            try:
                await self._hand_over(job, Blobs.open(job.spec.target))
            except (BlobRefused, BrokenBundle, OSError, ValueError) as error:
                log.error("job %s cannot be written to %s: %s", job.id, job.spec.target, error)
        event = job_event(job)
        if event is not None:
            await self._hooks.enqueue(event)
        await self._queue.told(job.id)

    async def _hand_over(self, job: Job, target: Blobs) -> None:
        """The bag as a folder. Payload comes first and the tag manifest last, so a bag that was
        broken off is not taken for a whole one.
        """
        async for entry in bag_entries(job, walk(self._queue, job.id), self._sources.own):
            if not entry.is_folder:
                content = b"".join([chunk async for chunk in entry.chunks])
                await target.put(entry.name, content)
