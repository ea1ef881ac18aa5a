"""The herald: what is done when a job has ended.

Its bag is written where the job asked for it, then its webhook is told. A herald that is killed in
between is soon followed by another, which begins again: both are done at least once, and the second
time changes nothing.
"""

import asyncio
import logging
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from service.archive.blobs import Blobs, BlobsAway, NoSuchBlob
from service.archive.bundle import BrokenBundle, bag_entries
from service.archive.queue import NoSuchJob, Queue
from service.archive.records import Failure, Job
from service.archive.sources import Sources
from service.archive.walk import walk
from service.archive.webhooks import WebhookStore, job_event
from service.ending import ended
from service.problems import Problem
from service.telemetry import Telemetry
from service.valkey import ValkeyAway

log = logging.getLogger("rialto.archive")

LOOK_S = 1.0
TURN_S = 30.0  # renewed while its herald lives; then another may take the job up
AWAY_S = 5.0  # pause after storage was found away, in which others have their turn
AT_ONCE = 8  # jobs: a bag of a hundred thousand photos holds up no other job's webhook


class Herald:
    """One of any number; each ended job is one's at a time."""

    def __init__(
        self, queue: Queue, sources: Sources, hooks: WebhookStore, telemetry: Telemetry
    ) -> None:
        self._queue, self._sources, self._hooks = queue, sources, hooks
        self._at: set[str] = set()
        self._ended = telemetry.archive.jobs_ended
        for outcome in ("finished", "cancelled"):
            self._ended.labels(outcome)  # told as 0, or a rate would miss the first

    async def run(self) -> None:
        """Until cancelled; an outage is waited out."""
        async with asyncio.TaskGroup() as group:
            while True:
                try:
                    jobs = await self._queue.untold()
                    random.shuffle(jobs)  # those whose storage is away take nobody's turn for ever
                    for job in jobs:
                        await self._begin(job.id, group)
                except ValkeyAway as error:
                    log.warning("the herald waits: %s", error.detail)
                await asyncio.sleep(LOOK_S)

    async def _begin(self, job_id: str, group: asyncio.TaskGroup) -> None:
        if job_id in self._at or len(self._at) >= AT_ONCE:
            return
        if await self._queue.my_turn(_turn(job_id), TURN_S):
            self._at.add(job_id)
            group.create_task(self._take_up(job_id), name=f"herald of {job_id}")

    async def _take_up(self, job_id: str) -> None:
        """Whatever goes wrong is told to the log, and the job taken up again after a pause."""
        try:
            async with self._having(_turn(job_id)):
                if await self._queue.is_untold(job_id):  # else another had the turn just before us
                    await self._tell_or_say_why(job_id)
        except ValkeyAway as error:
            log.warning("the end of job %s is told later: %s", job_id, error.detail)
        finally:
            self._at.discard(job_id)

    async def _tell_or_say_why(self, job_id: str) -> None:
        try:
            await self._tell(await self._queue.job(job_id))
            return
        except NoSuchJob:
            log.info("job %s was deleted before its end was told", job_id)
        except (ValkeyAway, BlobsAway) as error:
            log.warning("the end of job %s is told later: %s", job_id, error.detail)
        except Exception:
            log.exception("the end of job %s could not be told", job_id)
        await asyncio.sleep(AWAY_S)

    @asynccontextmanager
    async def _having(self, turn: str) -> AsyncIterator[None]:
        """Renew the turn while the block runs, and give it back however that ends."""
        keeping = asyncio.create_task(self._keep(turn))
        try:
            yield
        finally:
            await ended(keeping)
            with suppress(ValkeyAway):
                await self._queue.give_turn_back(turn)

    async def _keep(self, turn: str) -> None:
        while True:
            await asyncio.sleep(TURN_S / 3)
            with suppress(ValkeyAway):
                await self._queue.keep_turn(turn, TURN_S)

    async def _tell(self, job: Job) -> None:
        failure = await self._hand_over(job)
        event = job_event(job.model_copy(update={"target_failure": failure}))
        if event is not None:
            await self._hooks.enqueue(event)
        await self._queue.told(job, failure)
        self._ended.labels(job.state).inc()

    async def _hand_over(self, job: Job) -> Failure | None:
        """The bag to where the job asked for it; what another try would not mend is the answer.

        Raises BlobsAway where a storage is, NoSuchJob, ValkeyAway.
        """
        if job.spec.target is None:
            return None
        try:
            await self._write(job, await asyncio.to_thread(Blobs.open, job.spec.target))
        except (BlobsAway, NoSuchJob, ValkeyAway):
            raise
        except Problem as problem:
            return _lost(job, Failure(slug=problem.slug, detail=problem.detail))
        except (NoSuchBlob, BrokenBundle):
            log.exception("the bag of job %s is broken", job.id)
            told = "A result is not in storage as it was put there; the log says which."
            return _lost(job, Failure(slug="broken-bag", detail=told))
        except ValueError as error:
            return _lost(job, Failure(slug="bad-target", detail=f"{error}"))
        return None

    async def _write(self, job: Job, target: Blobs) -> None:
        """The bag as a folder. Payload comes first and the tag manifest last, so a bag that was
        broken off is not taken for a whole one.
        """
        async for entry in bag_entries(job, walk(self._queue, job.id), self._sources.own):
            if not entry.is_folder:
                content = b"".join([chunk async for chunk in entry.chunks])
                await target.put(entry.name, content)


def _turn(job_id: str) -> str:
    return f"herald:{job_id}"


def _lost(job: Job, failure: Failure) -> Failure:
    log.error("job %s cannot be written to %s: %s", job.id, job.spec.target, failure.detail)
    return failure
