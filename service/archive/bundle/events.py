"""What happened to one photo, as a line of a bag's `metadata/events.jsonl` tells it.

Written to be read in years, without Rialto: names, checksums and sizes of what came in and went
out, the network by its hash, the plan and seed that make the same bytes again, and the reason
where there is no result. Fields are only added.
"""

from datetime import UTC, datetime
from typing import Any

from service.archive.names import bag_name
from service.archive.records import Job, OutputBlob, PhotoRecord


def event_record(photo: PhotoRecord, job: Job) -> dict[str, Any]:
    """A photo's end as JSON's types; times are RFC 3339, in UTC, with milliseconds.

    `outcome` is the photo's state: restored, failed or cancelled. `reason` is None where it was
    restored. An input whose sha256 or size was never told has "" or 0 there.
    """
    return {
        "job": job.id,
        "photo": photo.name,
        "outcome": photo.state,
        "time": None if photo.ended_at is None else rfc3339(photo.ended_at),
        "attempts": photo.attempts,
        "reason": photo.failure and photo.failure.model_dump(),
        "input": {
            "name": photo.name,
            "bytes": photo.input.bytes,
            "sha256": photo.input.sha256,
        },
        "outputs": [_output(output) for output in photo.outputs],
    }


def rfc3339(seconds: float) -> str:
    """Seconds since 1970 as `2026-11-24T10:50:25.055Z`."""
    moment = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    return f"{moment.isoformat(timespec='milliseconds')}Z"


def payload_path(output: OutputBlob) -> str:
    """Where in a bag an output lies."""
    return f"data/{bag_name(output.name)}"


def _output(output: OutputBlob) -> dict[str, Any]:
    """All that is known of an output but the key it has in our storage, and its file in the bag."""
    return {"path": payload_path(output), **output.model_dump(mode="json", exclude={"key"})}
