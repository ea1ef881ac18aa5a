"""Whatever is sent, the answer is a photo or one problem, and the next photo is restored."""

import io
import socket
import struct
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from PIL import Image

from tests.conftest import EXAMPLES, LiveService

PHOTO = (EXAMPLES / "market-q10.jpg").read_bytes()


def image(mode: str, size: tuple[int, int], form: str, **options: object) -> bytes:
    file = io.BytesIO()
    Image.new(mode, size).save(file, form, **options)
    return file.getvalue()


def huge_png() -> bytes:
    """A header of 65,500 x 65,500 pixels, and nothing behind it."""
    head = struct.pack(">IIBBBBB", 65_500, 65_500, 8, 2, 0, 0, 0)
    checksum = struct.pack(">I", zlib.crc32(b"IHDR" + head))
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", len(head)) + b"IHDR" + head + checksum


def animation(form: str) -> bytes:
    frames = [Image.new("RGB", (32, 32), colour) for colour in ("red", "blue")]
    file = io.BytesIO()
    frames[0].save(file, form, save_all=True, append_images=frames[1:])
    return file.getvalue()


BAD_BODIES = {
    "empty": (b"", 422, "empty-body"),
    "html": (b"<!doctype html><title>no</title>", 415, "not-a-photo"),
    "truncated jpeg": (PHOTO[: len(PHOTO) // 2], 422, "broken-photo"),
    "truncated png": (image("RGB", (64, 64), "PNG")[:-40], 422, "broken-photo"),
    "truncated webp": (image("RGB", (640, 640), "WEBP")[:-30], 422, "broken-photo"),
    "truncated tiff": (image("RGB", (64, 64), "TIFF")[:-500], 422, "broken-photo"),
    "huge header": (huge_png(), 413, "too-many-pixels"),
    "animated gif": (animation("GIF"), 415, "not-a-photo"),
    "animated webp": (animation("WEBP"), 422, "too-many-frames"),
    "float tiff": (image("F", (16, 16), "TIFF"), 422, "unsupported-colour"),
    "result too large": (image("L", (3000, 3000), "PNG"), 413, "too-many-pixels"),
}

BAD_QUERIES = {
    "unknown task": ("task=colourise", 404, "no-such-task"),
    "no task": ("", 422, "bad-parameter"),
    "steps of 0": ("task=sr4x&steps=0", 422, "bad-parameter"),
    "steps of 5000": ("task=sr4x&steps=5000", 422, "bad-parameter"),
    "negative seed": ("task=sr4x&seed=-1", 422, "bad-parameter"),
    "quality of 101": ("task=sr4x&format=jpeg&quality=101", 422, "bad-parameter"),
    "eta of 2": ("task=sr4x&eta=2", 422, "bad-parameter"),
    "unknown preset": ("task=sr4x&preset=turbo", 422, "bad-parameter"),
    "unknown format": ("task=sr4x&format=gif", 422, "bad-parameter"),
    "a sampler the network never saw": ("task=sr4x&sampler=ot-ode", 422, "bad-plan"),
}


@pytest.fixture
async def client(live_service: LiveService) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=live_service.url, timeout=300) as made:
        yield made


def assert_problem(answer: httpx2.Response, status: int, slug: str) -> None:
    """The one shape of every error answer (RFC 9457)."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert set(body) == {"type", "title", "status", "detail", "instance", "request_id"}
    assert body["type"] == f"/problems/{slug}"
    assert body["status"] == status
    assert body["request_id"] == answer.headers["x-request-id"]
    assert len(body["detail"]) > 10
    if status == 503:
        assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize("name", BAD_BODIES)
async def test_a_bad_body_is_one_problem_and_the_service_lives(
    client: httpx2.AsyncClient, name: str
) -> None:
    body, status, slug = BAD_BODIES[name]
    assert_problem(await client.post("/restore?task=sr4x", content=body), status, slug)
    assert (await client.get("/readyz")).status_code == 200
    meaning = await client.get(f"/problems/{slug}")
    assert meaning.status_code == 200
    assert slug in meaning.text


@pytest.mark.parametrize("name", BAD_QUERIES)
async def test_a_bad_query_is_one_problem(client: httpx2.AsyncClient, name: str) -> None:
    query, status, slug = BAD_QUERIES[name]
    assert_problem(await client.post(f"/restore?{query}", content=PHOTO), status, slug)


GOOD = {
    "cmyk jpeg": image("CMYK", (48, 32), "JPEG"),
    "1-bit": image("1", (48, 32), "PNG"),
    "palette": image("P", (48, 32), "PNG"),
    "16-bit grey": image("I;16", (48, 32), "PNG"),
    "grey with alpha": image("LA", (48, 32), "PNG"),
    "orientation 9": image(
        "RGB",
        (48, 32),
        "JPEG",
        exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x09\0\0\0\0\0\0",
    ),
    "corrupt profile": image("RGB", (48, 32), "JPEG", icc_profile=b"not a profile" * 20),
    "one pixel": image("RGB", (1, 1), "PNG"),
}


@pytest.mark.parametrize("name", GOOD)
async def test_an_unusual_photo_is_restored(client: httpx2.AsyncClient, name: str) -> None:
    answer = await client.post("/restore?task=sr4x", content=GOOD[name])
    assert answer.status_code == 200, answer.text
    restored = Image.open(io.BytesIO(answer.content))
    with Image.open(io.BytesIO(GOOD[name])) as given:
        assert restored.size == (given.width * 4, given.height * 4)


async def test_a_mask_for_a_task_without_one_is_refused_unread(
    client: httpx2.AsyncClient,
) -> None:
    files = {"image": PHOTO, "mask": b"no photo at all"}
    assert_problem(await client.post("/restore?task=jpeg", files=files), 422, "mask-not-used")


async def test_a_form_without_the_photo_is_refused(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/restore?task=jpeg", files={"picture": PHOTO})
    assert_problem(answer, 422, "bad-form")


def peak_mib(process: int) -> float:
    """The most memory that a process has held so far."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


async def test_too_many_bytes_are_refused_and_never_held(
    client: httpx2.AsyncClient, live_service: LiveService
) -> None:
    """A caller that announces nothing and sends a gigabyte still hears why it is refused."""
    before = peak_mib(live_service.process.pid)

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(1000):
            yield bytes(2**20)

    answer = await client.post("/restore?task=jpeg", content=endless())
    assert_problem(answer, 413, "body-too-large")
    assert peak_mib(live_service.process.pid) - before < 600


async def test_an_address_that_is_not_there_and_a_wrong_method_are_problems(
    client: httpx2.AsyncClient,
) -> None:
    assert_problem(await client.get("/nowhere"), 404, "not-found")
    assert_problem(await client.get("/restore"), 405, "method-not-allowed")
    assert_problem(await client.get("/restorations/none"), 404, "no-such-restoration")
    assert_problem(await client.get("/problems/none"), 404, "not-found")


async def test_a_client_that_leaves_in_mid_upload_harms_nobody(
    client: httpx2.AsyncClient, live_service: LiveService
) -> None:
    host, port = live_service.url.removeprefix("http://").split(":")
    for _ in range(20):
        with socket.create_connection((host, int(port))) as caller:
            head = (
                f"POST /restore?task=jpeg HTTP/1.1\r\nHost: {host}\r\nContent-Length: 90000\r\n\r\n"
            )
            caller.sendall(head.encode() + PHOTO[:1000])
    assert (await client.post("/restore?task=jpeg", content=PHOTO)).status_code == 200


async def test_a_body_longer_than_announced_is_refused_or_cut(live_service: LiveService) -> None:
    host, port = live_service.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as caller:
        head = f"POST /restore?task=jpeg HTTP/1.1\r\nHost: {host}\r\nContent-Length: 10\r\n\r\n"
        caller.sendall(head.encode() + PHOTO)
        status = caller.makefile("rb").readline().split()[1]
    assert status in (b"415", b"422", b"400")


async def test_work_that_no_request_could_wait_for_is_refused_at_once(
    client: httpx2.AsyncClient,
) -> None:
    steps = {"task": "jpeg", "steps": 8}
    await client.post("/restore", params=steps, content=PHOTO)  # the pace is learnt
    large = image("RGB", (3000, 3000), "JPEG")
    answer = await client.post("/restore", params={"task": "jpeg", "steps": 999}, content=large)
    assert_problem(answer, 413, "too-much-work")
    assert "Ask for at most" in answer.json()["detail"]
