"""One photo through the real service: what comes back, and what is refused."""

import asyncio
import hashlib
import io
from pathlib import Path

import httpx2
import numpy as np
import pytest
from PIL import Image

from tests.conftest import EXAMPLES, LiveService, start_service

SMALL = (EXAMPLES / "parrots-small.png").read_bytes()
JPEG = (EXAMPLES / "market-q10.jpg").read_bytes()
PATIENCE = 300.0  # seconds; a machine that trains beside the tests is slow


def client_of(service: LiveService) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(base_url=service.url, timeout=PATIENCE)


def pixels_of(answer: httpx2.Response) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(answer.content)))


def digest(answer: httpx2.Response) -> str:
    return hashlib.sha256(pixels_of(answer).tobytes()).hexdigest()


async def metric(client: httpx2.AsyncClient, name: str) -> float:
    """The sum of one metric over its labels."""
    lines = (await client.get("/metrics")).text.splitlines()
    return sum(
        float(line.rsplit(" ", 1)[1])
        for line in lines
        if line.startswith((f"{name}{{", f"{name} "))
    )


async def test_a_photo_comes_back_four_times_larger(live_service: LiveService) -> None:
    async with client_of(live_service) as client:
        answer = await client.post("/restore?task=sr4x&seed=7", content=SMALL)
    assert answer.status_code == 200
    assert pixels_of(answer).shape == (512, 768, 3)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-rialto-seed"] == "7"
    assert answer.headers["x-rialto-network"].startswith("sr4x@")
    assert answer.headers["x-rialto-plan"] == "dbim;steps=1;grid=quadratic;eta=1"
    stages = [part.split(";")[0].strip() for part in answer.headers["server-timing"].split(",")]
    assert sorted(stages) == ["decode", "infer", "pack", "wait"]
    assert len(answer.headers["x-request-id"]) == 32


async def test_a_restored_photo_is_nearer_the_original_than_bicubic(
    live_service: LiveService,
) -> None:
    """On the example itself: the original is what its small copy was made of."""
    async with client_of(live_service) as client:
        answer = await client.post("/restore?task=sr4x", content=SMALL)
    small = Image.open(io.BytesIO(SMALL))
    bicubic = small.resize((768, 512), Image.Resampling.BICUBIC)
    shrunk = Image.fromarray(pixels_of(answer)).resize(small.size, Image.Resampling.BICUBIC)
    # Without the original at hand: the result must shrink to the input, and be sharper.
    assert np.abs(np.asarray(shrunk).astype(int) - np.asarray(small)).mean() < 2.5
    sharpness = [
        np.abs(np.diff(np.asarray(p).astype(int), axis=1)).mean()
        for p in (pixels_of(answer), bicubic)
    ]
    assert sharpness[0] > 1.1 * sharpness[1]


@pytest.mark.parametrize("concurrency", [2, 8])
async def test_the_pixels_do_not_depend_on_who_else_is_served(
    live_service: LiveService, concurrency: int
) -> None:
    """The same photo, seed and plan; beside it, other photos, plans and seeds."""
    path = "/restore?task=jpeg&steps=3&eta=0.6&sampler=dbim&seed=11"
    async with client_of(live_service) as client:
        alone = digest(await client.post(path, content=JPEG))
        crowd = [
            client.post(f"/restore?task={'sr4x' if i % 2 else 'jpeg'}&seed={i}", content=SMALL)
            for i in range(concurrency - 1)
        ]
        together, *_ = await asyncio.gather(client.post(path, content=JPEG), *crowd)
    assert digest(together) == alone


async def test_the_pixels_do_not_depend_on_the_size_of_batches(
    live_service: LiveService, cache: Path
) -> None:
    path = "/restore?task=jpeg&steps=2&seed=4"
    other = start_service(cache, max_batch="4")
    try:
        async with client_of(live_service) as one, client_of(other) as many:
            first, second = await asyncio.gather(
                one.post(path, content=JPEG), many.post(path, content=JPEG)
            )
    finally:
        other.stop()
    assert digest(first) == digest(second)


async def test_a_multipart_photo_is_the_same_photo(live_service: LiveService) -> None:
    async with client_of(live_service) as client:
        raw = await client.post("/restore?task=jpeg", content=JPEG)
        form = await client.post("/restore?task=jpeg", files={"image": ("a b.jpg", JPEG)})
    assert digest(raw) == digest(form)
    assert "a%20b.rialto.png" in form.headers["content-disposition"]


@pytest.mark.parametrize(
    ("name", "kind"), [("jpeg", "JPEG"), ("webp", "WEBP"), ("tiff", "TIFF"), ("avif", "AVIF")]
)
async def test_the_answer_has_the_format_that_was_asked_for(
    live_service: LiveService, name: str, kind: str
) -> None:
    async with client_of(live_service) as client:
        answer = await client.post(f"/restore?task=jpeg&format={name}&quality=80", content=JPEG)
    assert Image.open(io.BytesIO(answer.content)).format == kind
    assert answer.headers["content-type"] == f"image/{name}"


async def test_progress_comes_as_events_and_ends_in_a_link(live_service: LiveService) -> None:
    async with client_of(live_service) as client:
        stream = await client.post(
            "/restore?task=jpeg&steps=3", content=JPEG, headers={"Accept": "text/event-stream"}
        )
        events = [block.split("\n")[0] for block in stream.text.strip().split("\n\n")]
        assert events == ["event: progress"] * 3 + ["event: done"]
        href = stream.text.split('"href": "')[1].split('"')[0]
        linked = await client.get(href)
        plain = await client.post("/restore?task=jpeg&steps=3", content=JPEG)
    assert linked.content == plain.content
    assert linked.headers["x-rialto-plan"] == plain.headers["x-rialto-plan"]


async def test_work_stops_within_one_step_when_the_client_leaves(
    live_service: LiveService,
) -> None:
    async with client_of(live_service) as client:
        path = "/restore?task=jpeg&steps=500"
        headers = {"Accept": "text/event-stream"}
        async with client.stream("POST", path, content=JPEG, headers=headers) as stream:
            async for _ in stream.aiter_text():
                break  # one event: the work is under way
        plain = asyncio.create_task(client.post(path, content=JPEG))
        while await metric(client, "rialto_photos_in_progress") < 1:
            pass
        plain.cancel()
        while await metric(client, "rialto_photos_in_progress") > 0:
            pass
        before = await metric(client, "rialto_engine_evaluations_total")
        await client.post("/restore?task=jpeg", content=JPEG)
        after = await metric(client, "rialto_engine_evaluations_total")
        cancelled = (await client.get("/metrics")).text
    tiles = 6  # of one step of this photo
    assert after - before <= tiles
    assert 'rialto_restorations_total{outcome="cancelled",task="jpeg"} 2.0' in cancelled


async def test_a_full_line_refuses_at_once_and_says_when_to_come_back(cache: Path) -> None:
    service = start_service(cache, max_active="1", max_waiting="0")
    try:
        async with client_of(service) as client:
            path = "/restore?task=jpeg&steps=500"
            async with client.stream(
                "POST", path, content=JPEG, headers={"Accept": "text/event-stream"}
            ) as first:
                events = first.aiter_text()
                await anext(events)  # the work is under way, and the connection stays
                second = await client.post("/restore?task=jpeg", content=JPEG)
                ready = await client.get("/readyz")
    finally:
        service.stop()
    assert second.status_code == 503
    assert second.json()["type"] == "/problems/line-full"
    assert second.headers["retry-after"] == "2"
    assert ready.status_code == 503


async def test_a_deadline_that_passes_is_told(cache: Path) -> None:
    service = start_service(cache, deadline_s="0.5")
    try:
        async with client_of(service) as client:
            answer = await client.post("/restore?task=jpeg&steps=900", content=JPEG)
    finally:
        service.stop()
    assert answer.status_code == 504
    assert answer.json()["type"] == "/problems/deadline-passed"
