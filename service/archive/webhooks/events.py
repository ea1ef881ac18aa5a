"""Events: a job that ended, into what its webhook is told."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from service.archive.records import Job


@dataclass(frozen=True)
class JobEvent:
    """What is told, and to where. The same end of the same job has the same id."""

    id: str
    kind: str
    job_id: str
    url: str
    body: bytes


def job_event(job: Job) -> JobEvent | None:
    """The end of a job, as `job.finished` or `job.cancelled`; None where nobody waits for it.

    A job whose failed photos were retried ends again, which is another event.
    """
    if job.spec.webhook is None or job.ended_at is None:
        return None
    kind = "cancelled" if job.state == "cancelled" else "finished"
    at = datetime.fromtimestamp(job.ended_at, UTC)
    told = {
        "type": f"job.{kind}",
        "timestamp": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "data": job.model_dump(mode="json"),
    }
    return JobEvent(
        id=f"evt_{job.id}_{kind}_{round(job.ended_at * 1000)}",
        kind=f"job.{kind}",
        job_id=job.id,
        url=job.spec.webhook,
        body=json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode(),
    )
