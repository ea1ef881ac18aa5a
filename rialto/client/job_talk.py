"""The conversations about jobs: one for each thing that can be asked of them."""

import base64
import hashlib
import json
from collections.abc import Sequence
from typing import Any, Literal, TypedDict, Unpack
from urllib.parse import quote

from rialto.client.answer import document
from rialto.client.call import Call, get
from rialto.client.conversation import Conversation, ask
from rialto.client.errors import UnexpectedAnswerError
from rialto.client.job_records import Job, JobList, JobOutput, PhotoPage, PhotoState
from rialto.client.job_watch import JobWatch, OnChange
from rialto.client.retry import Retry

Verb = Literal["close", "pause", "resume", "cancel"]


class JobOptions(TypedDict, total=False):
    """What may be said of a job beside its outputs.

    idempotency_key  the same key and outputs answer the same job
    title            for people                    priority  low | normal (default) | high
    webhook          told when it has ended        target    bucket or folder for its bag
    """

    idempotency_key: str
    title: str
    priority: Literal["low", "normal", "high"]
    webhook: str
    target: str


def open_job(
    outputs: Sequence[dict[str, Any]], retry: Retry, **options: Unpack[JobOptions]
) -> Conversation[Job]:
    """A new job, or the one that this key opened before."""
    headers = {"Content-Type": "application/json"}
    if key := options.pop("idempotency_key", None):
        headers["Idempotency-Key"] = key
    body = json.dumps({"outputs": list(outputs), **options}).encode()
    return document((yield from ask(Call("POST", "/jobs", headers=headers, body=body), retry)), Job)


def jobs(limit: int, retry: Retry) -> Conversation[JobList]:
    """The newest jobs."""
    return document((yield from ask(Call("GET", "/jobs", {"limit": str(limit)}), retry)), JobList)


def job(job_id: str, retry: Retry) -> Conversation[Job]:
    """One job as it stands."""
    return document((yield from ask(get(f"/jobs/{job_id}"), retry)), Job)


def tell(job_id: str, verb: Verb, retry: Retry) -> Conversation[Job]:
    """Close, pause, resume or cancel; each may be said twice."""
    return document((yield from ask(Call("POST", f"/jobs/{job_id}/{verb}"), retry)), Job)


def wait(job_id: str, on_change: OnChange | None, retry: Retry) -> Conversation[Job]:
    """The job once it has ended; on the way `on_change` is told."""
    watch = JobWatch(on_change)
    headers = {"Accept": "text/event-stream"}
    call = Call("GET", f"/jobs/{job_id}/events", headers=headers, listener=watch)
    return document((yield from ask(call, retry)), Job)


def retry_failed(job_id: str, retry: Retry) -> Conversation[int]:
    """How many failed photos wait again."""
    answer = yield from ask(Call("POST", f"/jobs/{job_id}/retry"), retry)
    return int(json.loads(answer.body)["retried"])


def delete(job_id: str, retry: Retry) -> Conversation[None]:
    """Forget the job and its results."""
    yield from ask(Call("DELETE", f"/jobs/{job_id}"), retry)


def put_photo(job_id: str, name: str, photo: bytes, retry: Retry) -> Conversation[None]:
    """Send one photo, with its checksum; it may be sent again."""
    digest = base64.b64encode(hashlib.sha256(photo).digest()).decode()
    headers = {"Content-Digest": f"sha-256=:{digest}:", "Content-Type": "application/octet-stream"}
    call = Call("PUT", f"/jobs/{job_id}/photos/{quote(name)}", headers=headers, body=photo)
    yield from ask(call, retry)


def photos(
    job_id: str, state: PhotoState | None, cursor: str, retry: Retry
) -> Conversation[PhotoPage]:
    """A page of the job's photos."""
    params = {"cursor": cursor} | ({} if state is None else {"state": state})
    answer = yield from ask(Call("GET", f"/jobs/{job_id}/photos", params), retry)
    return document(answer, PhotoPage)


def result(job_id: str, output: JobOutput, retry: Retry) -> Conversation[bytes]:
    """A restored photo's bytes. Raises UnexpectedAnswerError where its checksum is another."""
    answer = yield from ask(get(f"/jobs/{job_id}/results/{quote(output.name)}"), retry)
    found = hashlib.sha256(answer.body).hexdigest()
    if found != output.sha256:
        told = f"{output.name} has sha256 {found}, not {output.sha256}"
        raise UnexpectedAnswerError(told, answer.request_id)
    return answer.body


def tag_files(job_id: str, retry: Retry) -> Conversation[bytes]:
    """The bag's files beside its payload, as a tar."""
    params = {"format": "tar", "payload": "false"}
    return (yield from ask(Call("GET", f"/jobs/{job_id}/bag", params), retry)).body
