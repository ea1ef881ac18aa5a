"""Backlog: what all jobs have still to do, in photos, megapixels and seconds, by what was done.

The size of a photo that waits is not known before it is decoded. It is taken to be like the photos
of its job that were restored, else like those of all jobs, else like a phone's.
"""

from collections import Counter
from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict

from service.archive.estimate import UNKNOWN_S_PER_MEGAPIXEL
from service.archive.records import Job, JobPriority, JobState

UNKNOWN_MEGAPIXELS = 12.0  # of one output, before anything was restored
OPEN = ("waiting", "active", "delayed")


class Backlog(BaseModel):
    """`seconds` are those of one worker's place; they and `megapixels` leave paused jobs out.

    photos  of jobs that have not ended, by priority and by state
    jobs    by state, those that have ended and are kept included
    """

    model_config = ConfigDict(frozen=True)  # a later version's further fields are passed over

    photos: dict[JobPriority, dict[str, int]]
    jobs: dict[JobState, int]
    megapixels: float
    seconds: float


def backlog_of(jobs: Iterable[Job]) -> Backlog:
    """The backlog of all jobs that there are."""
    jobs = list(jobs)
    all_restored = sum(job.counts.restored for job in jobs)
    all_megapixels = sum(job.megapixels for job in jobs)
    usual = all_megapixels / all_restored if all_restored else None
    pace = sum(job.seconds for job in jobs) / all_megapixels if all_megapixels else 0.0
    photos: dict[JobPriority, Counter[str]] = {
        priority: Counter(dict.fromkeys(OPEN, 0)) for priority in ("low", "normal", "high")
    }
    megapixels = seconds = 0.0
    for job in jobs:
        if job.ended_at is not None:
            continue
        left = {state: getattr(job.counts, state) for state in OPEN}
        photos[job.spec.priority].update(left)
        if job.state != "paused":
            of_each, takes = _of_a_photo(job, usual, pace)
            megapixels += of_each * sum(left.values())
            seconds += takes * sum(left.values())
    return Backlog(
        photos={priority: dict(states) for priority, states in photos.items()},
        jobs=dict(Counter(job.state for job in jobs)),
        megapixels=round(megapixels, 3),
        seconds=round(seconds, 3),
    )


def _of_a_photo(job: Job, usual: float | None, pace: float) -> tuple[float, float]:
    """Megapixels and seconds of one of the job's photos, all its outputs together."""
    if job.counts.restored:
        megapixels = job.megapixels / job.counts.restored
        seconds = job.seconds / job.counts.restored
    else:
        megapixels = usual or UNKNOWN_MEGAPIXELS * len(job.spec.outputs)
        seconds = 0.0
    return megapixels, seconds or megapixels * (pace or UNKNOWN_S_PER_MEGAPIXEL)
