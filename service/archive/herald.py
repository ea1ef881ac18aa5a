"""The herald: what is done when a job has ended.

Its bag is written where the job asked for it, then its webhook is told. A herald that is killed in
between begins again: both are done at least once, and the second time changes nothing.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from service.archive.blobs import BlobRefused, Blobs, BlobsAway
from service.archive.bundle import BrokenBundle, bag_entries
from service.archive.queue import Queue
from service.archive.records import Job
from service.archive.sources import Sources
from service.archive.walk import walk
from service.archive.webhooks import WebhookStore, job_event
from service.telemetry import Telemetry
from service.valkey import ValkeyAway

log = logging.getLogger("rialto.archive")

LOOK_S = 1.0
TURN_S = 600.0  # after which another herald may take up a job that this one has not finished


class Herald:
    """One of any number; each ended job is one's at a time."""

    def __init__(
        self, queue: Queue, sources: Sources, hooks: WebhookStore, telemetry: Telemetry
    ) -> None:
        self._queue, self._sources, self._hooks = queue, sources, hooks
        self._ended = telemetry.archive.jobs_ended
        for outcome in ("finished", "cancelled"):
            self._ended.labels(outcome)  # told as 0, or a rate would miss the first

    async def run(self) -> None:
        """Until cancelled; an outage is waited out."""
        while True:
            try:
                for job in await self._queue.untold():
                    turn = f"herald:{job.id}"
                    if await self._queue.my_turn(turn, TURN_S):
                        async with self._given_back_in_an_outage(turn):
                            await self._tell(job)
            except (ValkeyAway, BlobsAway) as error:
                log.warning("the herald waits: %s", error.detail)
            await asyncio.sleep(LOOK_S)

    @asynccontextmanager
    async def _given_back_in_an_outage(self, turn: str) -> AsyncIterator[None]:
        """An outage in mid-work costs a moment, not the whole turn."""
        try:
            yield
        except (ValkeyAway, BlobsAway):
            with suppress(ValkeyAway):
                await self._queue.give_turn_back(turn)
            raise

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
        self._ended.labels(job.state).inc()

    async def _hand_over(self, job: Job, target: Blobs) -> None:
        """The bag as a folder. Payload comes first and the tag manifest last, so a bag that was
        broken off is not taken for a whole one.
        """
        async for entry in bag_entries(job, walk(self._queue, job.id), self._sources.own):
            if not entry.is_folder:
                content = b"".join([chunk async for chunk in entry.chunks])
                await target.put(entry.name, content)
