"""What became of photos that were sent: new, there already, or not taken and why."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from service.archive.archive import Archive
from service.archive.names import fold, rivals
from service.archive.queue import Added, NewPhoto
from service.archive.records import InputBlob, Job
from service.observe.context import traceparent
from service.problems import Problem

MOST_TOLD = 1000  # skipped entries that an answer lists


class NameTaken(Problem):
    """Another photo of the job has this name, or would write the same file."""

    status = 409
    slug = "name-taken"
    title = "Another photo has this name"


class Tally:
    """What became of many photos sent at once."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._skipped: list[dict[str, str]] = []

    @contextmanager
    def told(self) -> Iterator[None]:
        """A problem that ends the sending carries what had become of the photos before it."""
        try:
            yield
        except Problem as problem:
            problem.members.update(self.answer())
            raise

    async def add(self, archive: Archive, job: Job, photos: list[NewPhoto]) -> None:
        """Tell the queue, and count what it says."""
        for photo, added in zip(photos, await archive.queue.add(job.id, photos), strict=True):
            if added in ("new", "same"):
                self._counts[added] += 1
            else:
                self.skip(photo.name, NameTaken.slug, taken_detail(photo.name, added))

    def skip(self, name: str, slug: str, detail: str) -> None:
        """One that was not taken; the first thousand are told."""
        self._counts["skipped"] += 1
        if len(self._skipped) < MOST_TOLD:
            self._skipped.append({"name": name, "slug": slug, "detail": detail})

    def answer(self) -> dict[str, Any]:
        """The body of the answer."""
        counts = {kind: self._counts[kind] for kind in ("new", "same", "skipped")}
        return {**counts, "skipped_entries": self._skipped}


def new_photo(name: str, blob: InputBlob, job: Job) -> NewPhoto:
    """A photo as the queue takes it."""
    return NewPhoto(name, fold(name), rivals(name, job.spec), blob, traceparent.get())


def taken_detail(name: str, added: Added) -> str:
    """Why a name was not taken, and what to do."""
    if added == "other-bytes":
        return f"{name} is in the job with other bytes. Send it under another name."
    return (
        f"{name} differs from another photo's name only in case or Unicode form, or its result"
        " would, or one is called as a folder of the other is. Send it under another name."
    )
