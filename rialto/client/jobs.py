"""`Client.jobs` and `AsyncClient.jobs`: the archive's jobs, filled photo by photo, read result
by result.

What is said stands in `job_talk`; these two classes carry it, one blocking and one not.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterator, Sequence
from typing import Any, Protocol, TypeVar, Unpack

from rialto.client import job_talk as talk
from rialto.client.call import PhotoInput, read_photo
from rialto.client.conversation import Conversation
from rialto.client.job_records import Job, JobOutput, JobPhoto, PhotoState
from rialto.client.job_watch import OnChange
from rialto.client.retry import Retry

T = TypeVar("T")


class Hold(Protocol):
    """Holds a conversation and returns what came of it."""

    def __call__(self, conversation: Conversation[T]) -> T:
        """Send, wait, hear, until the end."""


class HoldLater(Protocol):
    """Holds a conversation beside other work."""

    def __call__(self, conversation: Conversation[T]) -> Awaitable[T]:
        """Send, await, hear, until the end."""


class Jobs:
    """Every call may be repeated and is, as the client's other calls are; errors are theirs."""

    def __init__(self, hold: Hold, retry: Retry) -> None:
        self._hold, self._retry = hold, retry

    def open(self, outputs: Sequence[dict[str, Any]], **options: Unpack[talk.JobOptions]) -> Job:
        """Open a job whose photos each end in `outputs`: task, preset, format, label and so on.

        options  title, priority (low, normal, high), webhook, target, and idempotency_key:
                 the same key and outputs answer the same job, so a lost answer costs nothing
        """
        return self._hold(talk.open_job(outputs, self._retry, **options))

    def list(self, *, limit: int = 50) -> tuple[Job, ...]:
        """The newest jobs."""
        return self._hold(talk.jobs(limit, self._retry)).jobs

    def show(self, job_id: str) -> Job:
        """A job as it stands."""
        return self._hold(talk.job(job_id, self._retry))

    def tell(self, job_id: str, verb: talk.Verb) -> Job:
        """Close it, when all photos are sent; pause, resume or cancel it."""
        return self._hold(talk.tell(job_id, verb, self._retry))

    def wait(self, job_id: str, on_change: OnChange | None = None) -> Job:
        """The job once it has ended; until then `on_change` is told how it stands.

        A job that was not closed ends never. Whatever `on_change` raises ends the waiting.
        """
        return self._hold(talk.wait(job_id, on_change, self._retry))

    def retry_failed(self, job_id: str) -> int:
        """Put the failed photos in line again; returns how many."""
        return self._hold(talk.retry_failed(job_id, self._retry))

    def delete(self, job_id: str) -> None:
        """Forget it, and its results."""
        self._hold(talk.delete(job_id, self._retry))

    def put(self, job_id: str, name: str, photo: PhotoInput) -> None:
        """Send one photo under `name`, which may have folders."""
        self._hold(talk.put_photo(job_id, name, read_photo(photo), self._retry))

    def photos(self, job_id: str, state: PhotoState | None = None) -> Iterator[JobPhoto]:
        """Every photo, in no order."""
        cursor: str | None = "0"
        while cursor is not None:
            page = self._hold(talk.photos(job_id, state, cursor, self._retry))
            yield from page.photos
            cursor = page.next

    def result(self, job_id: str, output: JobOutput) -> bytes:
        """A restored photo's bytes, held to the checksum that the service told."""
        return self._hold(talk.result(job_id, output, self._retry))

    def tag_files(self, job_id: str) -> bytes:
        """What makes a folder of results a BagIt bag, as a tar."""
        return self._hold(talk.tag_files(job_id, self._retry))


class AsyncJobs:
    """As `Jobs`, awaited."""

    def __init__(self, hold: HoldLater, retry: Retry) -> None:
        self._hold, self._retry = hold, retry

    async def open(
        self, outputs: Sequence[dict[str, Any]], **options: Unpack[talk.JobOptions]
    ) -> Job:
        """See `Jobs.open`."""
        return await self._hold(talk.open_job(outputs, self._retry, **options))

    async def list(self, *, limit: int = 50) -> tuple[Job, ...]:
        """See `Jobs.list`."""
        return (await self._hold(talk.jobs(limit, self._retry))).jobs

    async def show(self, job_id: str) -> Job:
        """See `Jobs.show`."""
        return await self._hold(talk.job(job_id, self._retry))

    async def tell(self, job_id: str, verb: talk.Verb) -> Job:
        """See `Jobs.tell`."""
        return await self._hold(talk.tell(job_id, verb, self._retry))

    async def wait(self, job_id: str, on_change: OnChange | None = None) -> Job:
        """See `Jobs.wait`; `on_change` runs in the event loop."""
        return await self._hold(talk.wait(job_id, on_change, self._retry))

    async def retry_failed(self, job_id: str) -> int:
        """See `Jobs.retry_failed`."""
        return await self._hold(talk.retry_failed(job_id, self._retry))

    async def delete(self, job_id: str) -> None:
        """See `Jobs.delete`."""
        await self._hold(talk.delete(job_id, self._retry))

    async def put(self, job_id: str, name: str, photo: PhotoInput) -> None:
        """See `Jobs.put`."""
        content = await asyncio.to_thread(read_photo, photo)
        await self._hold(talk.put_photo(job_id, name, content, self._retry))

    async def photos(self, job_id: str, state: PhotoState | None = None) -> AsyncIterator[JobPhoto]:
        """See `Jobs.photos`."""
        cursor: str | None = "0"
        while cursor is not None:
            page = await self._hold(talk.photos(job_id, state, cursor, self._retry))
            for photo in page.photos:
                yield photo
            cursor = page.next

    async def result(self, job_id: str, output: JobOutput) -> bytes:
        """See `Jobs.result`."""
        return await self._hold(talk.result(job_id, output, self._retry))

    async def tag_files(self, job_id: str) -> bytes:
        """See `Jobs.tag_files`."""
        return await self._hold(talk.tag_files(job_id, self._retry))
