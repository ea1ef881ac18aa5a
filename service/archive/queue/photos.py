"""Photos: added to a job, read one by one or page by page, in the order in which they came."""

from collections.abc import Sequence

from service.archive.queue.jobs import Jobs
from service.archive.queue.refusals import NoSuchPhoto
from service.archive.queue.stored import Added, NewPhoto, photo_of, words_of
from service.archive.records import Job, PhotoRecord, PhotoState

ADDED_AT_ONCE = 500
READ_MOST = 20_000  # names that one page looks through for photos in a state


class Photos(Jobs):
    """What concerns the photos of a job. Every call raises NoSuchJob."""

    async def add(self, job_id: str, photos: Sequence[NewPhoto]) -> list[Added]:
        """Put photos in line; returns of each what became of it. A repeat changes nothing.

        Raises JobClosed or JobEnded where one is new and the job takes no more.
        """
        added: list[Added] = []
        for start in range(0, len(photos), ADDED_AT_ONCE):
            given: list[str | int] = []
            for photo in photos[start : start + ADDED_AT_ONCE]:
                given += words_of(job_id, photo)
            added += await self._run("add", job_id, *given)
        return added

    async def photo(self, job_id: str, name: str) -> PhotoRecord:
        """One photo. Raises NoSuchPhoto."""
        job = await self.job(job_id)
        text = await self._send("HGET", self._rules.key("job", job_id, "photos"), name)
        if text is None:
            raise NoSuchPhoto(f"Job {job_id} has no photo {name}.")
        return photo_of(job_id, name, text, _cancelled_at(job))

    async def photos(
        self,
        job_id: str,
        *,
        state: PhotoState | None = None,
        cursor: str = "0",
        limit: int = 1000,
    ) -> tuple[list[PhotoRecord], str | None]:
        """Up to `limit` photos, of one state or all, and the next page's cursor, None at the end.

        A walk meets every photo once, also those added meanwhile; a page may be empty before the
        last. Raises ValueError where the cursor is none of ours.
        """
        job, start, found = await self.job(job_id), int(cursor), list[PhotoRecord]()
        for first in range(start, start + READ_MOST, limit):
            page = await self._page(job, first, limit)
            for place, photo in enumerate(page, first + 1):
                if state in (None, photo.state):
                    found.append(photo)
                    if len(found) == limit:
                        return found, str(place)
            if len(page) < limit:
                return found, None
        return found, str(first + limit)

    async def _page(self, job: Job, start: int, limit: int) -> list[PhotoRecord]:
        names_key, photos_key = (
            self._rules.key("job", job.id, part) for part in ("names", "photos")
        )
        names = await self._send("LRANGE", names_key, start, start + limit - 1)
        if not names:
            return []
        texts = await self._send("HMGET", photos_key, *names)
        cancelled_at = _cancelled_at(job)
        return [
            photo_of(job.id, name, text, cancelled_at)
            for name, text in zip(names, texts, strict=True)
            if text is not None  # the job is being deleted
        ]


def _cancelled_at(job: Job) -> float | None:
    return job.ended_at if job.state == "cancelled" else None
