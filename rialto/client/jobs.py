"""`AsyncClient.jobs`: the archive's jobs, filled photo by photo and read result by result."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

from rialto.client import job_talk as talk
from rialto.client.conversation import Conversation
from rialto.client.job_records import Job, JobOutput, JobPhoto, PhotoState
from rialto.client.retry import Retry

Hold = Callable[[Conversation[Any]], Awaitable[Any]]


class AsyncJobs:
    """Every call may be repeated and is, as the client's other calls are; errors are theirs."""

    def __init__(self, hold: Hold, retry: Callable[[], Retry]) -> None:
        self._hold, self._retry = hold, retry

    async def open(
        self,
        outputs: Sequence[dict[str, Any]],
        *,
        idempotency_key: str | None = None,
        title: str | None = None,
        priority: str | None = None,
        webhook: str | None = None,
    ) -> Job:
        """Open a job whose photos each end in `outputs`: task, preset, format, label and so on.

        The same key and outputs answer the same job, so that a lost answer costs nothing.
        """
        fields = {"title": title, "priority": priority, "webhook": webhook}
        opened: Job = await self._hold(
            talk.open_job(outputs, idempotency_key, self._retry(), **fields)
        )
        return opened

    async def list(self, *, limit: int = 50) -> tuple[Job, ...]:
        """The newest jobs."""
        page = await self._hold(talk.jobs(None, limit, self._retry()))
        jobs: tuple[Job, ...] = page.jobs
        return jobs

    async def show(self, job_id: str) -> Job:
        """A job as it stands."""
        job: Job = await self._hold(talk.job(job_id, self._retry()))
        return job

    async def tell(self, job_id: str, verb: talk.Verb) -> Job:
        """Close it, when all photos are sent; pause, resume or cancel it."""
        job: Job = await self._hold(talk.tell(job_id, verb, self._retry()))
        return job

    async def retry_failed(self, job_id: str) -> int:
        """Put the failed photos in line again; returns how many."""
        retried: int = await self._hold(talk.retry_failed(job_id, self._retry()))
        return retried

    async def delete(self, job_id: str) -> None:
        """Forget it, and its results."""
        await self._hold(talk.delete(job_id, self._retry()))

    async def put(self, job_id: str, name: str, photo: bytes) -> None:
        """Send one photo under `name`, which may have folders."""
        await self._hold(talk.put_photo(job_id, name, photo, self._retry()))

    async def photos(self, job_id: str, state: PhotoState | None = None) -> AsyncIterator[JobPhoto]:
        """Every photo, in no order."""
        cursor: str | None = "0"
        while cursor is not None:
            page = await self._hold(talk.photos(job_id, state, cursor, self._retry()))
            for photo in page.photos:
                yield photo
            cursor = page.next

    async def result(self, job_id: str, output: JobOutput) -> bytes:
        """A restored photo's bytes, held to the checksum that the service told."""
        content: bytes = await self._hold(talk.result(job_id, output, self._retry()))
        return content

    async def tag_files(self, job_id: str) -> bytes:
        """What makes a folder of results a BagIt bag, as a tar."""
        content: bytes = await self._hold(talk.tag_files(job_id, self._retry()))
        return content
