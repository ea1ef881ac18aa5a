"""The caretaker: what must happen though nobody asks for it.

Expired leases and due retries go back in line every second. What there is to do is told to the
metrics, whatever process looked. Every minute the manifests are held
against the queue, blobs that no record names are deleted, and jobs beyond their retention go.
Any number of processes may run one: each move is atomic, and the slow rounds take turns.
"""

import asyncio
import logging
import time
from typing import get_args

from service.archive.blobs import BlobsAway
from service.archive.keys import job_folder
from service.archive.queue import NoSuchJob, Queue
from service.archive.records import Job, JobState
from service.archive.sources import Sources
from service.archive.walk import walk
from service.archive.webhooks import WebhookStore
from service.telemetry import Telemetry
from service.valkey import ValkeyAway

log = logging.getLogger("rialto.archive")

REAP_S, BACKLOG_S, ROUND_S = 1.0, 5.0, 60.0
JOB_STATES: tuple[JobState, ...] = get_args(JobState)
YOUNG_S = 600.0  # a blob this young may be about to be named by a record
PAGE = 200


class Caretaker:
    """`retention_s` counts from a job's end; its photos, results and records go then."""

    def __init__(
        self,
        queue: Queue,
        sources: Sources,
        hooks: WebhookStore,
        telemetry: Telemetry,
        *,
        retention_s: float,
    ) -> None:
        self._queue, self._blobs, self._hooks = queue, sources.own, hooks
        self._telemetry, self._retention_s = telemetry, retention_s

    async def run(self) -> None:
        """Until cancelled; an outage is waited out."""
        next_round = time.monotonic() + ROUND_S
        next_look = time.monotonic()
        self._telemetry.archive.caretaker_round.set_to_current_time()
        while True:
            try:
                await self._reap()
                if time.monotonic() >= next_look:
                    next_look = time.monotonic() + BACKLOG_S
                    await self._look()
                if time.monotonic() >= next_round:
                    next_round = time.monotonic() + ROUND_S
                    if await self._queue.my_turn("caretaker", ROUND_S / 2):
                        await self.round()
            except (ValkeyAway, BlobsAway) as error:
                log.warning("the caretaker waits: %s", error.detail)
            await asyncio.sleep(REAP_S)

    async def round(self) -> None:
        """One slow round over all jobs."""
        before = None
        while jobs := await self._queue.jobs(before, PAGE):
            for job in jobs:
                await self._care_for(job)
            before = jobs[-1].created_at
        self._telemetry.archive.caretaker_round.set_to_current_time()

    async def _reap(self) -> None:
        reaped = await self._queue.reap()
        self._telemetry.archive.reaped.labels("lease-expired").inc(reaped.leases)
        self._telemetry.archive.reaped.labels("retry-due").inc(reaped.retries)

    async def _look(self) -> None:
        """Tell the metrics what there is to do: the same in every process."""
        backlog = await self._queue.backlog(BACKLOG_S)
        for priority, states in backlog.photos.items():
            for state, photos in states.items():
                self._telemetry.archive.backlog.labels(state, priority).set(photos)
        for job_state in JOB_STATES:
            self._telemetry.archive.jobs.labels(job_state).set(backlog.jobs.get(job_state, 0))
        self._telemetry.archive.backlog_megapixels.set(backlog.megapixels)
        self._telemetry.archive.backlog_seconds.set(backlog.seconds)

    async def _care_for(self, job: Job) -> None:
        try:
            if job.ended_at is None:
                mended = await self._queue.mend(job.id)
                if mended:
                    log.warning("%d photos of job %s were in no line; they are now", mended, job.id)
                self._telemetry.archive.mended.inc(mended)
            elif time.time() - job.ended_at > self._retention_s:
                await self.forget(job.id)
            else:
                await self.sweep(job)
        except NoSuchJob:
            return

    async def forget(self, job_id: str) -> None:
        """Delete a job: its records first, so that nothing names a blob that is gone.

        A worker that has one of its photos just now learns it by its lease, and cleans up.
        """
        await self._queue.delete(job_id)
        await self._hooks.forget(job_id)
        await self._blobs.delete_prefix(job_folder(job_id))

    async def sweep(self, job: Job) -> int:
        """Delete blobs of an ended job that no record names; returns how many."""
        named = await self._named(job.id)
        orphans = [
            blob.key
            async for blob in self._blobs.list(job_folder(job.id))
            if blob.key not in named and time.time() - blob.modified > YOUNG_S
        ]
        await self._blobs.delete(orphans)
        return len(orphans)

    async def _named(self, job_id: str) -> set[str]:
        named: set[str] = set()
        async for photo in walk(self._queue, job_id):
            named.add(photo.input.key)
            named.update(output.key for output in photo.outputs)
        return named
