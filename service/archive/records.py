"""What is written down of a job and of each of its photos: the documents that outlive processes.

They go through Redis as JSON and, as event records, into every bag; fields are only added.
"""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, model_validator

from bridge.contract import GridName, PresetName, SamplerName
from service.photo.formats import Format
from service.tasks import Choice

PhotoState = Literal["waiting", "active", "delayed", "restored", "failed", "cancelled"]
JobState = Literal["open", "running", "paused", "finished", "cancelled"]
JobPriority = Literal["low", "normal", "high"]
ENDED: tuple[PhotoState, ...] = ("restored", "failed", "cancelled")


class Record(BaseModel):
    """Immutable; a field that is not known is an error, so that a typo is not ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class OutputSpec(Record):
    """One restored file that every photo of a job ends in.

    label   folder of this output where a job asks for several; unique within the job
    format  None keeps the photo's own format, and with it its name
    """

    task: str
    preset: PresetName = "fast"
    steps: int | None = Field(default=None, ge=1, le=999)
    sampler: SamplerName | None = None
    grid: GridName | None = None
    eta: float | None = Field(default=None, ge=0, le=1)
    seed: int = Field(default=0, ge=0, lt=2**53)
    format: Format | None = "png"
    quality: int = Field(default=92, ge=1, le=100)
    metadata: Literal["keep", "strip"] = "keep"
    label: str = Field(default="", pattern=r"^[a-z0-9][a-z0-9-]{0,31}$|^$")

    def choice(self) -> Choice:
        """The task and plan that it asks for."""
        return Choice(self.task, self.preset, self.steps, self.sampler, self.grid, self.eta)


class JobSpec(Record):
    """What a job asks of each of its photos."""

    outputs: tuple[OutputSpec, ...] = Field(min_length=1, max_length=8)
    title: str = Field(default="", max_length=200)
    priority: JobPriority = "normal"
    webhook: str | None = Field(default=None, max_length=2000)
    target: str | None = Field(default=None, max_length=1000)

    @model_validator(mode="after")
    def _labels_tell_outputs_apart(self) -> Self:
        labels = [output.label for output in self.outputs]
        if len(labels) > 1 and (not all(labels) or len(set(labels)) < len(labels)):
            raise ValueError("several outputs need a label each, all different")
        return self


class InputBlob(Record):
    """A photo as it was sent: where it lies, and what it is known by."""

    key: str
    bytes: NonNegativeInt
    sha256: str


class OutputBlob(Record):
    """A restored photo: where it lies, what it is known by, and how it was made."""

    name: str
    key: str
    bytes: NonNegativeInt
    sha256: str
    sha512: str
    content_type: str
    width: int
    height: int
    task: str
    network: str
    plan: str
    seed: int
    seconds: float
    notes: tuple[str, ...] = ()


class Failure(Record):
    """Why a photo was not restored: a problem's slug, and what it told."""

    slug: str
    detail: str


class PhotoRecord(Record):
    """One photo of a job. Times are seconds since 1970."""

    name: str
    state: PhotoState
    input: InputBlob
    attempts: int = 0
    progress: float = 0.0
    worker: str = ""
    outputs: tuple[OutputBlob, ...] = ()
    failure: Failure | None = None
    ended_at: float | None = None


class JobCounts(Record):
    """Photos of a job by state; they sum up to `total`."""

    total: int = 0
    waiting: int = 0
    active: int = 0
    delayed: int = 0
    restored: int = 0
    failed: int = 0
    cancelled: int = 0

    @property
    def ended(self) -> int:
        """Photos that will not change any more."""
        return self.restored + self.failed + self.cancelled


class Job(Record):
    """A job as it stands. `megapixels` are of the outputs made so far, `seconds` what they took.

    owner           the caller that opened it; empty where the service asks for no keys
    target_failure  why its bag could not be written to `spec.target`; None where it was, or will be
    """

    id: str
    state: JobState
    spec: JobSpec
    owner: str = ""
    counts: JobCounts
    megapixels: float = 0.0
    seconds: float = 0.0
    bytes_in: int = 0
    bytes_out: int = 0
    created_at: float
    closed_at: float | None = None
    ended_at: float | None = None
    target_failure: Failure | None = None
