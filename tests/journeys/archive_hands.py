"""What the journeys through the archive share: small damaged photos, and a job's life by HTTP."""

import base64
import hashlib
import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
from PIL import Image

from tests.conftest import EXAMPLES, LiveService, start_service

PATIENCE_S = 120
OUTPUT = {"task": "jpeg", "format": "png"}


def scans(count: int, side: int = 64) -> dict[str, bytes]:
    """Different JPEGs of a real photograph's pieces, by names in two folders."""
    with Image.open(EXAMPLES / "market-q10.jpg") as photo:
        pieces = [
            photo.crop((x, y, x + side, y + side))
            for y in range(0, photo.height - side, 16)
            for x in range(0, photo.width - side, 16)
        ]
    made = {}
    for number in range(count):
        file = io.BytesIO()
        pieces[number % len(pieces)].save(file, "JPEG", quality=10 + number // len(pieces))
        made[f"box {number % 2}/scan {number:04d}.jpg"] = file.getvalue()
    return made


def content_digest(data: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(data).digest()).decode()}:"


def opened(client: httpx2.Client, **fields: Any) -> str:
    answer = client.post("/jobs", json={"outputs": [OUTPUT], **fields})
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"/jobs/{answer.json()['id']}"
    job_id: str = answer.json()["id"]
    return job_id


def put(client: httpx2.Client, job: str, name: str, data: bytes) -> httpx2.Response:
    headers = {"Content-Digest": content_digest(data)}
    return client.put(f"/jobs/{job}/photos/{name}", content=data, headers=headers)


def ended(client: httpx2.Client, job: str) -> dict[str, Any]:
    """Follow the job's events to the last one; returns the job."""
    limit = time.monotonic() + PATIENCE_S
    for kind, _ in events(client, job):
        assert time.monotonic() < limit
        if kind == "finished":
            break
    document: dict[str, Any] = client.get(f"/jobs/{job}").json()
    assert document["ended_at"] is not None
    return document


def events(client: httpx2.Client, job: str, after: str = "0") -> Iterator[tuple[str, str]]:
    """Kind and id of each event."""
    headers = {"Last-Event-ID": after}
    with client.stream("GET", f"/jobs/{job}/events", headers=headers) as answer:
        assert answer.status_code == 200
        for event in httpx2.EventSource(answer):
            if event.data:  # a `retry` alone is no event
                yield event.event, event.id


def photos(client: httpx2.Client, job: str) -> dict[str, dict[str, Any]]:
    """Every photo's record by name; each comes once."""
    found: list[dict[str, Any]] = []
    cursor = "0"
    while cursor is not None:
        page = client.get(f"/jobs/{job}/photos", params={"cursor": cursor, "limit": 7}).json()
        found += page["photos"]
        cursor = page["next"]
    by_name = {photo["name"]: photo for photo in found}
    assert len(by_name) == len(found)
    return by_name


def result(client: httpx2.Client, job: str, output: dict[str, Any]) -> bytes:
    """A result, held to its checksum and opened."""
    answer = client.get(f"/jobs/{job}/results/{output['name']}")
    assert answer.status_code == 200, answer.text
    assert hashlib.sha256(answer.content).hexdigest() == output["sha256"]
    with Image.open(io.BytesIO(answer.content)) as image:
        image.load()
        assert image.size == (output["width"], output["height"])
    return answer.content


@contextmanager
def served(cache: Path, **settings: str) -> Iterator[tuple[LiveService, httpx2.Client]]:
    service = start_service(cache, **settings)
    try:
        with httpx2.Client(base_url=service.url, timeout=120) as client:
            yield service, client
    finally:
        service.stop()
