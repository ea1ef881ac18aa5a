"""The archive's parts, put together for the doors: queue, storage, worker, caretaker, webhooks."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import time

from redis.asyncio import Redis

from service.archive.caretaker import Caretaker
from service.archive.estimate import SAMPLE, Estimate, estimate
from service.archive.queue import Queue
from service.archive.records import Job, OutputBlob
from service.archive.sources import Sources, root_of
from service.archive.webhooks import BadWebhook, Guard, WebhookStore
from service.photo.codec import Codec
from service.problems import Problem
from service.restore.pace import Pace
from service.tasks import Tasks

SMALL_BODY = 2**20  # bytes; an upload below it needs no place among the large ones
LINK_S = 3600  # that a link to a result is good for


@dataclass(frozen=True)
class Archive:
    """What the doors need; nothing here knows HTTP."""

    redis: Redis
    queue: Queue
    sources: Sources
    targets: tuple[str, ...]
    caretaker: Caretaker
    hooks: WebhookStore
    guard: Guard | None
    tasks: Tasks
    codec: Codec
    pace: Pace
    _uploads: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(8))

    @asynccontextmanager
    async def upload(self, content_length: str | None) -> AsyncIterator[None]:
        """A place for a body that is held in memory; small ones need none."""
        announced = content_length or ""
        if announced.isdigit() and int(announced) < SMALL_BODY:
            yield
            return
        async with self._uploads:
            yield

    async def check_webhook(self, url: str) -> None:
        """Raises BadWebhook, also where the service has no secret to sign by."""
        if self.guard is None:
            raise BadWebhook("This service signs no webhooks. Leave it out, and watch the job.")
        await self.guard.check(url)

    def check_target(self, url: str) -> None:
        """Raises SourceNotAllowed where results may not be written to `url`."""
        root_of(url, self.targets, "RIALTO_ARCHIVE_TARGETS")

    async def link(self, output: OutputBlob) -> str | None:
        """An address of the storage's own that expires; None where it gives none."""
        name = output.name.rpartition("/")[2]
        return await self.sources.own.link(output.key, LINK_S, name)

    async def estimate(self, job_id: str) -> Estimate:
        """By the sizes of the first photos that are met; what is no photo is left out."""
        job = await self.queue.job(job_id)
        photos, _ = await self.queue.photos(job_id, limit=SAMPLE)
        sizes = []
        for photo in photos[:SAMPLE]:
            try:
                decoded = await self.codec.decode(await self.sources.get(photo.input.key))
            except Problem:
                continue
            sizes.append(decoded.megapixels)
        return estimate(job.counts.total, sizes, job.spec, self.tasks, self.pace)

    @staticmethod
    def pace_of(job: Job) -> dict[str, float | None]:
        """Photos and megapixels a second since the job was opened, and seconds that are left."""
        ended = job.counts.ended
        seconds = (job.ended_at or time()) - job.created_at
        rate = ended / seconds if seconds > 0 else 0.0
        left = job.counts.total - ended
        return {
            "photos_per_second": round(rate, 3),
            "megapixels_per_second": round(job.megapixels / seconds, 3) if seconds > 0 else 0.0,
            "eta_seconds": round(left / rate, 1) if rate > 0 else None,
        }
