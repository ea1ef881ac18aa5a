"""Requests that no honest client makes: each is answered by one clean problem, and harms nobody."""

import json
import socket

import httpx2
import pytest

from tests.conftest import LiveService

JSON = "Content-Type: application/json"
SPEC = b'{"outputs":[{"task":"jpeg"}]}'
DIGITS = "9" * 5000  # Python makes no number of that many

# Method and address, header lines as they go over the wire, body; status and slug.
# JOB stands for the id of an open job.
HOSTILE: dict[str, tuple[str, list[str | bytes], bytes, int, str]] = {
    "a host that is none": ("GET /nowhere", ["Host: [::1"], b"", 404, "not-found"),
    "no redirect to another's host": ("GET /tasks/", ["Host: evil"], b"", 404, "not-found"),
    "a path of control characters": ("GET /jobs/%0d%0aX:1", [], b"", 422, "bad-parameter"),
    "out of the page's folder": ("GET /web/..%2fsettings.py", [], b"", 404, "not-found"),
    "a method of other services": ("PROPFIND /restore", [], b"", 405, "method-not-allowed"),
    "no address": ("OPTIONS *", [], b"", 404, "not-found"),
    "a tunnel": ("CONNECT evil:443", [], b"", 400, "bad-request"),
    "a seed of other digits": ("POST /restore?task=jpeg&seed=NaN", [], b"x", 422, "bad-parameter"),
    "a seed of 5000 digits": (
        f"POST /restore?task=jpeg&seed={DIGITS}",
        [],
        b"x",
        422,
        "bad-parameter",
    ),
    "eta of nan": ("POST /restore?task=jpeg&eta=nan", [], b"x", 422, "bad-parameter"),
    "jobs before nan": ("GET /jobs?before=nan", [], b"", 422, "bad-parameter"),
    "a page of Arabic digits": (
        "GET /jobs/JOB/photos?cursor=%D9%A1",
        [],
        b"",
        422,
        "bad-parameter",
    ),
    "an event id beyond 64 bits": (
        "GET /jobs/JOB/events",
        ["Last-Event-ID: 99999999999999999999-1"],
        b"",
        422,
        "bad-parameter",
    ),
    "a digest of other letters": (
        "PUT /jobs/JOB/photos/a.png",
        [b"Content-Digest: sha-256=:\xff:"],
        b"x",
        422,
        "bad-checksum",
    ),
    "a name that leaves": ("PUT /jobs/JOB/photos/..%2fa.png", [], b"x", 422, "bad-name"),
    "JSON without an end": ("POST /jobs", [JSON], b"[" * 100_000, 400, "bad-request"),
    "half a surrogate pair": (
        "POST /jobs",
        [JSON],
        b'{"outputs":[{"task":"\\udfff"}]}',
        404,
        "no-such-task",
    ),
    "an idempotency key too long": (
        "POST /jobs",
        [JSON, f"Idempotency-Key: {'a' * 201}"],
        SPEC,
        422,
        "bad-parameter",
    ),
    "a webhook that is no address": (
        "POST /jobs",
        [JSON],
        b'{"outputs":[{"task":"jpeg"}],"webhook":"http://[::1"}',
        422,
        "bad-webhook",
    ),
    "a form without a boundary": (
        "POST /restore?task=jpeg",
        ["Content-Type: multipart/form-data"],
        b"x",
        422,
        "bad-form",
    ),
    "a form that never ends": (
        "POST /restore?task=jpeg",
        ["Content-Type: multipart/form-data; boundary=B"],
        b'--B\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\nabc',
        422,
        "bad-form",
    ),
    "two lengths": ("POST /restore?task=jpeg", ["Content-Length: 9"], b"x", 400, "bad-request"),
    "a length and chunks": (
        "POST /restore?task=jpeg",
        ["Transfer-Encoding: chunked"],
        b"x",
        400,
        "bad-request",
    ),
    "a line break within a header": ("GET /tasks", [b"X: a\rb"], b"", 400, "bad-request"),
    "a header of a megabyte": ("GET /tasks", ["X: " + "a" * 70_000], b"", 431, "head-too-large"),
}


def said(service: LiveService, wire: bytes) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of the answer to bytes."""
    host, port = service.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as caller:
        caller.sendall(wire)
        stream = caller.makefile("rb")
        status = int(stream.readline().split()[1])
        lines = iter(lambda: stream.readline().decode().strip(), "")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        return status, headers, stream.read(int(headers["content-length"]))


@pytest.fixture(scope="module")
def job(live_service: LiveService) -> str:
    opened = httpx2.post(f"{live_service.url}/jobs", json={"outputs": [{"task": "jpeg"}]})
    return str(opened.raise_for_status().json()["id"])


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_request_has_one_problem_for_an_answer(
    live_service: LiveService, job: str, name: str
) -> None:
    line, given, body, status, slug = HOSTILE[name]
    lines = [line.encode() if isinstance(line, str) else line for line in given]
    if not any(one.startswith(b"Host:") for one in lines):
        lines.insert(0, b"Host: x")
    lines = [line.replace("JOB", job).encode() + b" HTTP/1.1", *lines]
    lines.append(b"Content-Length: %d" % len(body))
    told, headers, content = said(live_service, b"\r\n".join(lines) + b"\r\n\r\n" + body)
    assert told == status, content
    assert headers["content-type"] == "application/problem+json"
    problem = json.loads(content)
    assert (problem["status"], problem["type"]) == (status, f"/problems/{slug}")
    assert problem["request_id"] == headers["x-request-id"]
    assert len(problem["detail"]) > 10
    assert httpx2.get(f"{live_service.url}/healthz").status_code == 200


@pytest.mark.parametrize("version", ["1.x.0", '"x\xff', "99", ""])
def test_metrics_are_told_whatever_version_of_them_is_asked_for(
    live_service: LiveService, version: str
) -> None:
    accept = f"application/openmetrics-text;version={version};escaping=allow-utf-8".encode(
        "latin-1"
    )
    told = httpx2.get(f"{live_service.url}/metrics", headers={b"Accept": accept})
    assert told.status_code == 200
    assert "rialto_http_requests" in told.text
