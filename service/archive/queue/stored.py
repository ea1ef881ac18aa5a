"""Stored: jobs and photos as Redis holds them, compact, into the records that all others read.

A photo's record is JSON under its name: what is as usual is left out, so that a waiting photo
takes a few hundred bytes. A job is a hash of words; its times are milliseconds.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from service.archive.keys import input_key
from service.archive.records import (
    ENDED,
    Failure,
    InputBlob,
    Job,
    JobCounts,
    JobPriority,
    JobSpec,
    JobState,
    PhotoRecord,
)

Added = Literal["new", "same", "other-bytes", "collides"]
WEIGHTS: dict[JobPriority, int] = {"low": 1, "normal": 4, "high": 16}
COUNTERS = tuple(JobCounts.model_fields)


@dataclass(frozen=True)
class NewPhoto:
    """A photo to be added. `rivals` are folded names that exclude it (`names.rivals`).

    trace   traceparent of the request that brought it; empty where nothing is traced
    """

    name: str
    fold: str
    rivals: tuple[str, ...]
    input: InputBlob
    trace: str = ""


def words_of(job_id: str, photo: NewPhoto) -> list[str | int]:
    """A photo as the script `add` takes it."""
    blob = photo.input
    key = "" if blob.key == input_key(job_id, blob.sha256) else blob.key
    record: dict[str, Any] = {"state": "waiting", "bytes": blob.bytes}
    if blob.sha256:
        record["sha256"] = blob.sha256
    if key:
        record["key"] = key
    if photo.trace:
        record["trace"] = photo.trace
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
    names: list[str | int] = [photo.name, photo.fold, len(photo.rivals), *photo.rivals]
    return [*names, blob.sha256, key, blob.bytes, text]


def input_of(job_id: str, record: Mapping[str, Any]) -> InputBlob:
    """A stored record's blob."""
    sha256 = record.get("sha256", "")
    key = record.get("key") or input_key(job_id, sha256)
    return InputBlob(key=key, bytes=record["bytes"], sha256=sha256)


def photo_of(job_id: str, name: str, text: str, cancelled_at: float | None) -> PhotoRecord:
    """A stored record. Cancelling a job cancels every photo of it that has not ended."""
    record = json.loads(text)
    blob = input_of(job_id, record)
    known = {key: record[key] for key in record.keys() & PhotoRecord.model_fields.keys()}
    if cancelled_at is not None and record["state"] not in ENDED:
        known |= {"state": "cancelled", "ended_at": cancelled_at, "worker": "", "progress": 0.0}
    if known["state"] == "restored":
        known["progress"] = 1.0
    return PhotoRecord.model_validate(known | {"name": name, "input": blob})


@lru_cache(maxsize=256)
def spec_of(text: str) -> JobSpec:
    """A job's spec; the same one is read for each of its photos."""
    return JobSpec.model_validate_json(text)


def job_of(job_id: str, stored: Mapping[str, str]) -> Job:
    """A stored job."""
    return Job(
        id=job_id,
        state=_state_of(stored),
        spec=spec_of(stored["spec"]),
        owner=stored.get("owner", ""),
        counts=JobCounts(**{name: int(stored[name]) for name in COUNTERS}),
        megapixels=int(stored["pixels"]) / 1e6,
        seconds=int(stored.get("milliseconds", 0)) / 1000,  # a job opened by an older version
        bytes_in=int(stored["bytes_in"]),
        bytes_out=int(stored["bytes_out"]),
        created_at=int(stored["created"]) / 1000,
        closed_at=_seconds(stored, "closed"),
        ended_at=_seconds(stored, "ended"),
        target_failure=_failure(stored.get("target_failure")),
    )


def _state_of(stored: Mapping[str, str]) -> JobState:
    if "cancelled_at" in stored:
        return "cancelled"
    if "ended" in stored:
        return "finished"
    if "paused" in stored:
        return "paused"
    return "running" if "closed" in stored else "open"


def _failure(text: str | None) -> Failure | None:
    return None if text is None else Failure.model_validate_json(text)


def _seconds(stored: Mapping[str, str], name: str) -> float | None:
    return int(stored[name]) / 1000 if name in stored else None
