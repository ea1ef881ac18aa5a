"""A restoration watched, left, taken up again, cancelled, and ended by its caller's deadline."""

import asyncio
import io
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import httpx2
import numpy as np
import pytest
from PIL import Image

from tests.conftest import LiveService, start_service
from tests.journeys.hands import (
    JPEG,
    TINY,
    client_of,
    digest,
    listening,
    metric,
    previews_of,
    psnr,
    resumed,
    told,
)
from tests.service.engine.conftest import tiny_repository

UNDER_WAY = 202
A_DAY = "86400"  # so that nothing is refused as too much for one request
TILES = 2  # of one step of TINY
ENDLESS = "/restore?task=test&steps=900"  # of a photo in many regions


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that costs nothing, whose estimate nears x_1 as the walk nears its end."""
    return tiny_repository(tmp_path_factory.mktemp("networks") / "repo")


@pytest.fixture(scope="module")
def service(cache: Path, repository: Path) -> Iterator[LiveService]:
    service = start_service(cache, model_repo=str(repository), deadline_s=A_DAY)
    yield service
    service.stop()


@pytest.fixture(scope="module")
def hasty_service(cache: Path, repository: Path) -> Iterator[LiveService]:
    """It waits for nobody to come back."""
    service = start_service(cache, model_repo=str(repository), deadline_s=A_DAY, resume_s="0.2")
    yield service
    service.stop()


async def test_the_first_event_says_what_will_come(service: LiveService) -> None:
    async with client_of(service) as client:
        async with listening(client, "/restore?task=test&seed=3") as stream:
            first = await anext(stream)
            await anext(stream)
        state = await client.get(f"/restorations/{told(first)['id']}")
    assert (first.id, first.event) == ("1", "accepted")
    assert told(first) == {
        "id": told(first)["id"],
        "task": "test",
        "preset": "fast",
        "seed": 3,
        "steps": 1,
        "width": 96,
        "height": 64,
        "input_width": 96,
        "input_height": 64,
    }
    assert state.status_code in (200, UNDER_WAY)


async def test_a_dropped_stream_goes_on_without_losing_or_doubling_an_event(
    service: LiveService,
) -> None:
    path = "/restore?task=test&steps=40&seed=5&previews=walk"
    async with client_of(service) as client:
        before = await metric(client, "rialto_resumed_streams_total")
        heard = []
        async with listening(client, path) as stream:
            async for event in stream:
                heard.append(event)
                if event.event == "progress":
                    break
        key = told(heard[0])["id"]
        rest = await resumed(client, key, heard[-1].id)
        again = await resumed(client, key)
        photo = await client.get(told(rest[-1])["href"])
        plain = await client.post("/restore?task=test&steps=40&seed=5", content=TINY)
        assert await metric(client, "rialto_resumed_streams_total") == before + 1
    whole = heard + rest
    assert [event.id for event in whole] == [str(n) for n in range(1, len(whole) + 1)]
    steps = [told(event)["step"] for event in whole if event.event == "progress"]
    assert steps == list(range(1, 41))
    assert [(e.id, e.event, e.data) for e in again] == [(e.id, e.event, e.data) for e in whole]
    assert photo.content == plain.content


async def test_who_does_not_come_back_has_the_work_cancelled(hasty_service: LiveService) -> None:
    async with client_of(hasty_service) as client:
        async with listening(client, ENDLESS, JPEG) as stream:
            first = await anext(stream)
        key = told(first)["id"]
        while (state := await client.get(f"/restorations/{key}")).status_code == UNDER_WAY:
            assert int(state.headers["retry-after"]) >= 1
        last = (await resumed(client, key))[-1]
        assert await metric(client, "rialto_photos_in_progress") == 0
        done = await metric(client, "rialto_engine_evaluations_total")
        await client.post("/restore?task=test", content=TINY)
        assert await metric(client, "rialto_engine_evaluations_total") == done + TILES
    assert state.status_code == 410
    assert state.json()["type"] == "/problems/restoration-cancelled"
    assert "0.2 seconds" in state.json()["detail"]
    assert (last.event, told(last)["type"]) == ("problem", "/problems/restoration-cancelled")


async def test_previews_converge_to_the_photo(service: LiveService) -> None:
    async with client_of(service) as client:
        path = "/restore?task=test&steps=300&eta=0&previews=x_0"
        async with listening(client, path) as stream:
            events = [event async for event in stream]
        photo = await client.get(told(events[-1])["href"])
    final = np.asarray(Image.open(io.BytesIO(photo.content)), float)
    shown = previews_of(events)
    assert 2 <= len(shown) < 300  # at most eight a second, and always the last
    assert all(preview.shape == final.shape for preview in shown)
    nearness = [psnr(preview, final) for preview in shown]
    assert nearness[-1] > nearness[0] + 6
    assert all(later > earlier - 0.5 for earlier, later in pairwise(nearness))
    assert nearness[-1] > 30  # WebP's own loss


async def test_the_walk_shows_the_bridge_and_the_estimate_of_every_step(
    service: LiveService,
) -> None:
    async with client_of(service) as client:
        path = "/restore?task=test&steps=4&seed=1&sampler=i2sb"
        async with listening(client, f"{path}&previews=walk") as stream:
            events = [event async for event in stream]
        photo = await client.get(told(events[-1])["href"])
        plain = await client.post(path, content=TINY)
    shown = [told(event) for event in events if event.event == "preview"]
    assert [(p["step"], p["kind"]) for p in shown] == [
        (step, kind) for step in (1, 2, 3, 4) for kind in ("x_t", "x_0")
    ]
    bridge = previews_of(events, "x_t")
    sent = np.asarray(Image.open(io.BytesIO(TINY)), float)
    assert psnr(bridge[0], sent) > 30  # the walk starts from the photo as it came
    assert psnr(bridge[1], sent) < 25  # and takes noise on
    assert digest(photo) == digest(plain)


async def test_who_prefers_to_wait_elsewhere_is_told_where(service: LiveService) -> None:
    path = "/restore?task=test&steps=4&format=webp"
    async with client_of(service) as client:
        promise = await client.post(
            path, content=TINY, headers={"Prefer": "handling=strict, respond-async; wait=1"}
        )
        where = promise.headers["location"]
        events = await resumed(client, where.rsplit("/", 1)[1])
        photo = await client.get(where)
        plain = await client.post(path, content=TINY)
        after_the_end = await client.get(
            f"{where}/events", headers={"Last-Event-ID": events[-1].id}
        )
    assert promise.status_code == UNDER_WAY
    assert promise.headers["preference-applied"] == "respond-async"
    assert int(promise.headers["retry-after"]) >= 1
    state = promise.json()
    assert (state["state"], state["step"], state["steps"]) == ("waiting", 0, 4)
    assert photo.content == plain.content
    assert after_the_end.status_code == 204


async def test_a_promise_is_kept_though_nobody_listens(hasty_service: LiveService) -> None:
    """Far beyond the time that a lost stream is given."""
    async with client_of(hasty_service) as client:
        promise = await client.post(
            "/restore?task=test&steps=60", content=TINY, headers={"Prefer": "respond-async"}
        )
        where = promise.headers["location"]
        while (answer := await client.get(where)).status_code == UNDER_WAY:
            pass
    assert answer.status_code == 200
    assert answer.headers["x-rialto-steps"] == "60/60"


async def test_a_restoration_is_cancelled_by_its_address(service: LiveService) -> None:
    async with client_of(service) as client:
        async with listening(client, ENDLESS, JPEG) as stream:
            key = told(await anext(stream))["id"]
            await anext(stream)  # it is being restored
            gone = await client.delete(f"/restorations/{key}")
            in_progress = await metric(client, "rialto_photos_in_progress")
            *_, last = [event async for event in stream]
        state = await client.get(f"/restorations/{key}")
        again = await client.delete(f"/restorations/{key}")
        forgotten = await client.get(f"/restorations/{key}")
        unknown = await client.delete(f"/restorations/{key}")
    assert (gone.status_code, in_progress) == (204, 0)
    assert (last.event, told(last)["status"]) == ("problem", 410)
    assert state.status_code == 410
    assert again.status_code == 204
    assert forgotten.status_code == unknown.status_code == 404


async def test_what_cannot_be_restored_is_told_at_its_address_too(service: LiveService) -> None:
    async with client_of(service) as client:
        promise = await client.post(
            "/restore?task=test", content=b"no photo", headers={"Prefer": "respond-async"}
        )
        where = promise.headers["location"]
        (only,) = await resumed(client, where.rsplit("/", 1)[1])
        state = await client.get(where)
    assert (only.event, told(only)["type"]) == ("problem", "/problems/not-a-photo")
    assert (state.status_code, state.json()["detail"]) == (415, told(only)["detail"])


async def test_a_deadline_is_answered_by_the_best_estimate_so_far(service: LiveService) -> None:
    async with client_of(service) as client:
        before = await metric(client, "rialto_deadline_stops_total")
        for patience_ms in (1000, 8000, 60_000):  # a busy machine needs more for its first step
            answer = await client.post(
                f"{ENDLESS}&format=jpeg&deadline_ms={patience_ms}", content=JPEG
            )
            if answer.status_code == 200:
                break
        assert answer.status_code == 200
        assert await metric(client, "rialto_deadline_stops_total") == before + 1
        path = "/restore?task=test&steps=2&deadline_ms=250000"
        async with listening(client, path) as stream:
            *_, done = [event async for event in stream]
    done_steps, planned = answer.headers["x-rialto-steps"].split("/")
    assert planned == "900"
    assert 1 <= int(done_steps) < 900
    assert answer.headers["x-rialto-plan"].endswith(f";stopped={done_steps}")
    assert f";stopped={done_steps}".encode() in answer.content  # the photo's own provenance
    assert Image.open(io.BytesIO(answer.content)).size == Image.open(io.BytesIO(JPEG)).size
    assert (told(done)["steps_done"], told(done)["steps"]) == (2, 2)


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("POST", "/restore?task=test&previews=film", {}),
        ("POST", "/restore?task=test&deadline_ms=0", {}),
        ("POST", "/restore?task=test&deadline_ms=soon", {}),
        ("GET", "/restorations/none/events", {"Last-Event-ID": "-1"}),
        ("GET", "/restorations/none/events", {"Last-Event-ID": "x"}),
    ],
)
async def test_wishes_that_cannot_be_are_refused(
    service: LiveService, method: str, path: str, headers: dict[str, str]
) -> None:
    async with client_of(service) as client:
        body = TINY if method == "POST" else None
        answer = await client.request(method, path, content=body, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/bad-parameter")


async def test_two_may_watch_one_restoration(service: LiveService) -> None:
    async with client_of(service) as client:
        async with listening(client, "/restore?task=test&steps=3") as stream:
            first = await anext(stream)
            other = asyncio.create_task(resumed(client, told(first)["id"]))
            rest = [event async for event in stream]
        assert [e.data for e in await other] == [e.data for e in (first, *rest)]


async def test_an_unknown_restoration_has_no_events(service: LiveService) -> None:
    async with client_of(service) as client:
        answers: list[httpx2.Response] = [
            await client.get("/restorations/none"),
            await client.get("/restorations/none/events"),
        ]
    assert {answer.json()["type"] for answer in answers} == {"/problems/no-such-restoration"}


async def test_holes_are_not_filled_where_no_network_can(service: LiveService) -> None:
    async with client_of(service) as client:
        answer = await client.post("/v1/images/edits", files={"image": TINY})
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/no-such-task")
