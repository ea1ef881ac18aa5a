"""One photo through the real service: what comes back, and what is refused."""

import asyncio
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import LiveService, start_service
from tests.journeys.hands import (
    JPEG,
    SMALL,
    TINY,
    client_of,
    digest,
    listening,
    metric,
    pixels_of,
    told,
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
        async with listening(client, "/restore?task=jpeg&steps=3") as stream:
            events = [event async for event in stream]
        assert [event.event for event in events] == ["accepted", *["progress"] * 3, "done"]
        assert [event.id for event in events] == ["1", "2", "3", "4", "5"]
        linked = await client.get(told(events[-1])["href"])
        plain = await client.post("/restore?task=jpeg&steps=3", content=TINY)
    assert linked.content == plain.content
    assert linked.headers["x-rialto-plan"] == plain.headers["x-rialto-plan"]


async def test_work_stops_within_one_step_when_the_client_leaves(
    live_service: LiveService,
) -> None:
    async with client_of(live_service) as client:
        counter = {"outcome": "cancelled", "task": "jpeg"}
        before = await metric(client, "rialto_restorations_total", **counter)
        plain = asyncio.create_task(client.post("/restore?task=jpeg&steps=500", content=JPEG))
        while await metric(client, "rialto_photos_in_progress") < 1:
            pass
        plain.cancel()
        while await metric(client, "rialto_photos_in_progress") > 0:
            pass
        assert await metric(client, "rialto_restorations_total", **counter) == before + 1
        evaluated = await metric(client, "rialto_engine_evaluations_total")
        await client.post("/restore?task=jpeg", content=JPEG)
        tiles = 6  # of one step of this photo
        assert await metric(client, "rialto_engine_evaluations_total") <= evaluated + tiles


async def test_a_full_line_refuses_at_once_and_says_when_to_come_back(cache: Path) -> None:
    service = start_service(cache, max_active="1", max_waiting="0")
    try:
        async with client_of(service) as client:
            path = "/restore?task=jpeg&steps=500"
            async with listening(client, path, JPEG) as events:
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
