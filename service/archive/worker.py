"""A worker: takes photos from the queue, restores a few at once, keeps their leases alive.

Killed at any moment it loses nothing: its leases run out and others take the photos over.
Asked to stop it takes no more, gives what runs the grace period, and hands the rest back.
"""

import asyncio
import logging
from dataclasses import dataclass
from functools import partial

from service.archive.queue import Lease, NoSuchJob, Queue
from service.archive.records import OutputBlob
from service.archive.sources import Sources
from service.archive.work import PartAway, Refused, work_off
from service.ending import ended
from service.restore import Restorer
from service.telemetry import Telemetry
from service.valkey import ValkeyAway

log = logging.getLogger("rialto.archive")

AWAY_S = 2.0  # pause after a part of the service was found away
IDLE_S = 2.0  # longest wait for news of work, so that retries that fall due are seen


@dataclass
class _Running:
    """A photo in work: its task, and how far it is."""

    task: asyncio.Task[None]
    progress: float = 0.0


class Worker:
    """`places` photos at once. `name` is seen in the photos' records."""

    def __init__(
        self,
        queue: Queue,
        sources: Sources,
        restorer: Restorer,
        telemetry: Telemetry,
        *,
        name: str,
        places: int,
    ) -> None:
        self._queue, self._sources, self._restorer = queue, sources, restorer
        self._telemetry, self._name, self._places = telemetry, name, places
        self._running: dict[Lease, _Running] = {}
        for outcome in ("restored", "failed", "retried", "lost"):
            telemetry.archive.photos.labels(outcome)  # told as 0, or a rate would miss the first
        self._freed = asyncio.Event()
        self._draining = asyncio.Event()

    async def run(self) -> None:
        """Work until drained or cancelled; an outage of Redis is waited out."""
        beats = asyncio.create_task(self._keep_leases())
        try:
            while not self._draining.is_set():
                try:
                    await self._take()
                except ValkeyAway as error:
                    log.warning("the queue is away: %s", error.detail)
                    await self._pause(AWAY_S)
            await self._until_ended()
        finally:
            await self._hand_back()
            await ended(beats)

    def drain(self) -> None:
        """Take no more; `run` ends when what is in work has ended. Cancel it to hand that back."""
        self._draining.set()
        self._freed.set()

    async def _take(self) -> None:
        free = self._places - len(self._running)
        if free <= 0:
            self._freed.clear()
            await self._freed.wait()
            return
        leases = await self._queue.take(self._name, free)
        for lease in leases:
            task = asyncio.create_task(self._work(lease), name=f"archive {lease.name}")
            self._running[lease] = _Running(task)
            task.add_done_callback(partial(self._ended, lease))
        if not leases:
            await self._pause_for_work()

    async def _pause_for_work(self) -> None:
        """Until work is added, a photo ends (its job may be at its cap), or a while passes."""
        self._freed.clear()
        waits = [
            asyncio.create_task(self._queue.wait_for_work(IDLE_S)),
            asyncio.create_task(self._freed.wait()),
        ]
        done, late = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        for task in done:
            task.result()

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._draining.wait()
        except TimeoutError:
            pass

    def _ended(self, lease: Lease, task: asyncio.Task[None]) -> None:
        self._running.pop(lease, None)
        self._freed.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("the archive's photo %s was dropped", lease.name, exc_info=error)

    async def _work(self, lease: Lease) -> None:
        """One photo, in the trace of the request that brought it."""
        span = self._telemetry.traces.span("rialto.work", "consumer", parent=lease.trace)
        with span as told:
            told.set(rialto__job=lease.job_id, rialto__attempt=lease.attempt)
            await self._work_off(lease)

    async def _work_off(self, lease: Lease) -> None:
        """Whatever cannot be told to the queue is told by the lease running out."""
        try:
            made = await work_off(lease, self._restorer, self._sources, partial(self._at, lease))
            if isinstance(made, Refused):
                kept = await self._queue.fail(lease, made.failure, retry_in_s=made.retry_in_s)
                outcome = "failed" if made.retry_in_s is None else "retried"
            else:
                kept = await self._queue.done(lease, made)
                outcome = "restored"
                if not kept:
                    await self._forget_if_deleted(lease, made)
            self._telemetry.archive.photos.labels(outcome if kept else "lost").inc()
            if not kept:
                self._telemetry.archive.leases_lost.inc()
        except PartAway as error:
            log.warning("photo %s waits: %s", lease.name, error)
            await self._pause(AWAY_S)
            await self._queue.release(lease)
        except ValkeyAway as error:
            log.warning("photo %s is left to its lease: %s", lease.name, error.detail)

    async def _forget_if_deleted(self, lease: Lease, made: tuple[OutputBlob, ...]) -> None:
        """Results of a job that was deleted meanwhile are nobody's. Others' are left alone: a
        photo with the same content may have the same blob, and the caretaker sweeps the rest.
        """
        try:
            await self._queue.job(lease.job_id)
        except NoSuchJob:
            await self._sources.own.delete([output.key for output in made])

    def _at(self, lease: Lease, share: float) -> None:
        if lease in self._running:
            self._running[lease].progress = share

    async def _keep_leases(self) -> None:
        """Renew every third of a lease; a lease that is lost ends its work."""
        while True:
            await asyncio.sleep(self._queue.lease_s / 3)
            running = dict(self._running)
            if not running:
                continue
            try:
                held = await self._queue.beat({lease: at.progress for lease, at in running.items()})
            except ValkeyAway as error:
                log.warning("leases cannot be renewed: %s", error.detail)
                continue
            for (lease, at), mine in zip(running.items(), held, strict=True):
                if not mine:
                    log.info("the lease on %s was lost", lease.name)
                    self._telemetry.archive.leases_lost.inc()
                    at.task.cancel()

    async def _until_ended(self) -> None:
        while self._running:
            await asyncio.wait([at.task for at in self._running.values()])

    async def _hand_back(self) -> None:
        """What is still in work waits again, at the front, for another worker."""
        running = dict(self._running)
        for at in running.values():
            await ended(at.task)
        for lease in running:
            try:
                await self._queue.release(lease)
            except ValkeyAway as error:
                log.warning("%s is left to its lease: %s", lease.name, error.detail)
                return
