"""A job of the archive and its photos, as the service tells of them; unknown fields are ignored."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

JobState = Literal["open", "running", "paused", "finished", "cancelled"]
PhotoState = Literal["waiting", "active", "delayed", "restored", "failed", "cancelled"]


class Told(BaseModel):
    """What the service says; immutable, and open to fields of a newer service."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class JobCounts(Told):
    """Photos by state."""

    total: int
    waiting: int
    active: int
    delayed: int
    restored: int
    failed: int
    cancelled: int

    @property
    def ended(self) -> int:
        """Photos that will not change any more."""
        return self.restored + self.failed + self.cancelled


class JobFailure(Told):
    """Why a photo was not restored, or a bag not written."""

    slug: str
    detail: str


class Job(Told):
    """A job as it stands; rates and `eta_seconds` where the service was asked for one job."""

    id: str
    state: JobState
    counts: JobCounts
    megapixels: float
    created_at: float
    ended_at: float | None = None
    photos_per_second: float | None = None
    megapixels_per_second: float | None = None
    eta_seconds: float | None = None
    target_failure: JobFailure | None = None

    @property
    def ended(self) -> bool:
        """Whether every photo has ended and no more will come."""
        return self.state in ("finished", "cancelled")


class JobList(Told):
    """A page of jobs, newest first."""

    jobs: tuple[Job, ...]
    next: float | None = None


class SentPhoto(Told):
    """What the service holds of a photo that was sent."""

    key: str
    bytes: int
    sha256: str


class JobOutput(Told):
    """A restored photo of a job."""

    name: str
    bytes: int
    sha256: str
    content_type: str
    network: str
    plan: str
    seed: int


class JobPhoto(Told):
    """One photo of a job."""

    name: str
    state: PhotoState
    input: SentPhoto
    outputs: tuple[JobOutput, ...] = ()
    failure: JobFailure | None = None
    attempts: int = 0


class PhotoPage(Told):
    """A page of photos; `next` is the cursor of the one behind it."""

    photos: tuple[JobPhoto, ...]
    next: str | None = None
