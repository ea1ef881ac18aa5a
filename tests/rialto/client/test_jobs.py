"""Both clients' `jobs`: filled, watched over connections that break, read."""

import asyncio
import hashlib
import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from rialto import AsyncClient, Client
from rialto.client import Job, UnexpectedAnswerError

COUNTS = {"waiting": 0, "active": 0, "delayed": 0, "restored": 0, "failed": 0, "cancelled": 0}


def job(state: str, restored: int) -> dict[str, object]:
    counts = COUNTS | {"total": 2, "restored": restored, "waiting": 2 - restored}
    return {"id": "j1", "state": state, "counts": counts, "megapixels": 1.5, "created_at": 1.0}


def photo(name: str, content: bytes) -> dict[str, object]:
    output = {
        "name": f"{name}.png",
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "content_type": "image/png",
        "network": "jpeg@0",
        "plan": "dbim;steps=1",
        "seed": 0,
    }
    sent = {"key": "k", "bytes": 1, "sha256": "0"}
    return {"name": name, "state": "restored", "input": sent, "outputs": [output]}


@pytest.fixture(params=["Client", "AsyncClient"])
def jobs(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Calls one method of either client's jobs; what it yields becomes a list."""

    def blocking(url: str, method: str, *args: Any, **keywords: Any) -> Any:
        with Client(url) as client:
            made = getattr(client.jobs, method)(*args, **keywords)
            return list(made) if method == "photos" else made

    def awaited(url: str, method: str, *args: Any, **keywords: Any) -> Any:
        async def run() -> Any:
            async with AsyncClient(url) as client:
                made = getattr(client.jobs, method)(*args, **keywords)
                return [one async for one in made] if method == "photos" else await made

        return asyncio.run(run())

    return blocking if request.param == "Client" else awaited


def test_a_job_is_opened_once_however_often_it_is_said(service: Any, acts: Any, jobs: Any) -> None:
    lost = acts.problem(503, "queue-unavailable", "wait", retry_after="0")
    service.play(lost, acts.document(job("open", 0), 201))
    opened = jobs(service.url, "open", [{"task": "jpeg"}], title="box 1", idempotency_key="k1")
    assert (opened.id, opened.state, opened.ended) == ("j1", "open", False)
    assert [asked.headers["idempotency-key"] for asked in service.asked] == ["k1", "k1"]
    assert json.loads(service.asked[1].body) == {"outputs": [{"task": "jpeg"}], "title": "box 1"}


def test_a_photo_is_sent_with_its_checksum_under_a_name_with_folders(
    service: Any, acts: Any, jobs: Any
) -> None:
    service.play(acts.document({}, 201))
    jobs(service.url, "put", "j1", "box 1/scan?.jpg", io.BytesIO(b"scan"))
    (asked,) = service.asked
    assert (asked.method, asked.path, asked.body) == (
        "PUT",
        "/jobs/j1/photos/box 1/scan?.jpg",
        b"scan",
    )
    assert asked.headers["content-digest"].startswith("sha-256=:")


def test_waiting_tells_each_change_and_outlives_broken_connections(
    service: Any, acts: Any, jobs: Any
) -> None:
    first = acts.events(("progress", job("running", 0)), ("restored", {"name": "a"}, "5-0"))
    last = acts.events(("progress", job("running", 1)), ("progress", job("finished", 2)))
    service.play(first, acts.problem(503, "queue-unavailable", "wait", retry_after="0"), last)
    seen: list[Job] = []
    ended = jobs(service.url, "wait", "j1", seen.append)
    assert [one.counts.ended for one in seen] == [0, 1, 2]
    assert (ended.state, ended.ended) == ("finished", True)
    assert [one.headers.get("last-event-id") for one in service.asked] == [None, "5-0", "5-0"]


def test_every_page_of_photos_is_read(service: Any, acts: Any, jobs: Any) -> None:
    one = {"photos": [photo("a", b"A")], "next": "7"}
    two = {"photos": [photo("b", b"B"), photo("c", b"C")], "next": None}
    service.play(acts.document(one), acts.document(two))
    assert [found.name for found in jobs(service.url, "photos", "j1", "restored")] == [
        "a",
        "b",
        "c",
    ]
    assert [asked.query["cursor"] for asked in service.asked] == ["0", "7"]
    assert {asked.query["state"] for asked in service.asked} == {"restored"}


def test_a_result_is_held_to_its_checksum(service: Any, acts: Any, jobs: Any) -> None:
    service.play(acts.document({"photos": [photo("a", b"A")], "next": None}))
    (output,) = jobs(service.url, "photos", "j1")[0].outputs
    service.play(acts.answer(200, b"A"), acts.answer(200, b"changed on the way"))
    assert jobs(service.url, "result", "j1", output) == b"A"
    with pytest.raises(UnexpectedAnswerError, match="sha256"):
        jobs(service.url, "result", "j1", output)


@pytest.mark.parametrize("verb", ["close", "pause", "resume", "cancel"])
def test_a_verb_answers_the_job_as_it_then_stands(
    service: Any, acts: Any, jobs: Any, verb: str
) -> None:
    service.play(acts.document(job("cancelled", 1)))
    assert jobs(service.url, "tell", "j1", verb).counts.ended == 1
    assert (service.asked[0].method, service.asked[0].path) == ("POST", f"/jobs/j1/{verb}")
