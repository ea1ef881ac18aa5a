"""What both clients do when a real connection brings them answers, good and bad."""

import asyncio
import io
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from rialto import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AsyncClient,
    Client,
    Progress,
)
from rialto.client import (
    ServiceError,
    UnavailableError,
    UnexpectedAnswerError,
    UnprocessableError,
)
from rialto.client.retry import FIRST_DELAY_S, JITTER

PROGRESS = {"step": 1, "steps": 2, "region": 1, "regions": 1, "fraction": 0.5, "seconds": 0.1}


def test_a_restoration_carries_all_that_makes_it_again(service: Any, acts: Any, ask: Any) -> None:
    service.play(acts.photo(b"restored"))
    photo = ask(service.url, "restore", b"damaged", task="sr4x", steps=3, format="png", seed=7)
    assert (photo.content, photo.content_type, photo.suffix) == (b"restored", "image/png", ".png")
    assert (photo.seed, photo.network) == (7, "sr4x@0123456789ab")
    assert photo.plan == "dbim;steps=1;grid=quadratic;eta=1"
    assert photo.timing == {"wait": 0.5, "decode": 2.0, "infer": 80.25, "pack": 3.0}
    assert photo.request_id == "from-the-service"
    (asked,) = service.asked
    assert (asked.method, asked.path, asked.body) == ("POST", "/restore", b"damaged")
    assert asked.query == {
        "task": "sr4x",
        "preset": "fast",
        "steps": "3",
        "seed": "7",
        "format": "png",
        "metadata": "keep",
    }


def test_a_full_line_is_waited_for_and_the_whole_photo_sent_again(
    service: Any, acts: Any, ask: Any
) -> None:
    full = acts.problem(503, "line-full", "32 photos wait", retry_after="0")
    service.play(full, full, acts.photo(b"restored"))
    photo = ask(service.url, "restore", io.BytesIO(b"damaged"), task="sr4x")
    assert photo.content == b"restored"
    assert [asked.body for asked in service.asked] == [b"damaged"] * 3
    assert len({asked.headers["x-request-id"] for asked in service.asked}) == 1


def test_a_line_that_stays_full_is_raised_after_the_repetitions(
    service: Any, acts: Any, ask: Any
) -> None:
    service.play(*[acts.problem(503, "line-full", "32 photos wait", retry_after="0")] * 2)
    with pytest.raises(UnavailableError) as caught:
        ask(service.url, "restore", b"damaged", task="sr4x", client={"max_retries": 1})
    assert (caught.value.slug, caught.value.retry_after) == ("line-full", 0.0)


def test_an_answer_that_breaks_off_is_asked_for_again_after_a_while(
    service: Any, acts: Any, ask: Any
) -> None:
    service.play(acts.broken(), acts.photo(b"restored"))
    start = time.monotonic()
    assert ask(service.url, "restore", b"damaged", task="sr4x").content == b"restored"
    assert time.monotonic() - start >= FIRST_DELAY_S * (1 - JITTER)


def test_a_refusal_is_raised_at_once_as_the_error_of_its_status(
    service: Any, acts: Any, ask: Any
) -> None:
    service.play(acts.problem(422, "broken-photo", "The file ends early; send it whole."))
    with pytest.raises(UnprocessableError) as caught:
        ask(service.url, "restore", b"damaged", task="sr4x")
    error = caught.value
    assert (error.status, error.slug, error.title) == (422, "broken-photo", "broken photo")
    assert error.detail == "The file ends early; send it whole."
    assert error.request_id == "from-the-service"
    assert "broken-photo" in str(error)


def test_a_proxys_page_is_an_error_of_its_status_that_quotes_it(
    service: Any, acts: Any, ask: Any
) -> None:
    page = b"<html>\n<h1>Bad gateway</h1></html>"
    service.play(acts.answer(502, page, content_type="text/html"))
    with pytest.raises(ServiceError) as caught:
        ask(service.url, "restore", b"damaged", task="sr4x", client={"max_retries": 0})
    assert (caught.value.status, caught.value.slug) == (502, "unknown")
    assert caught.value.detail == "<html> <h1>Bad gateway</h1></html>"
    assert caught.value.request_id == service.asked[0].headers["x-request-id"]


@pytest.mark.parametrize(
    "headers",
    [{"content_type": "text/html"}, {"content_type": "image/png"}],
    ids=["a page", "a photo of another service"],
)
def test_a_200_of_something_else_is_no_restoration(
    service: Any, acts: Any, ask: Any, headers: dict[str, str]
) -> None:
    service.play(acts.answer(200, b"welcome", **headers))
    with pytest.raises(UnexpectedAnswerError):
        ask(service.url, "restore", b"damaged", task="sr4x")


def test_progress_is_told_and_the_photo_fetched_from_where_the_last_event_says(
    service: Any, acts: Any, ask: Any, done: Any
) -> None:
    unknown_yet = {**PROGRESS, "eta_seconds": None, "added_later": 1}
    stream = acts.events(("progress", unknown_yet), ("progress", PROGRESS), ("done", done))
    service.play(stream, acts.answer(200, b"restored", content_type="image/png"))
    told: list[Progress] = []
    photo = ask(service.url, "restore", b"damaged", task="sr4x", on_progress=told.append)
    assert told == [Progress(step=1, steps=2, fraction=0.5, seconds=0.1)] * 2
    assert (photo.content, photo.seed, photo.timing["infer"]) == (b"restored", 7, 160.0)
    assert photo.request_id == "from-the-service"
    assert [asked.path for asked in service.asked] == ["/restore", "/restorations/abc"]
    assert service.asked[0].headers["accept"] == "text/event-stream"


def test_a_problem_after_progress_is_raised_as_the_error_of_its_status(
    service: Any, acts: Any, ask: Any
) -> None:
    problem = {"type": "/problems/deadline-passed", "status": 422, "detail": "30 s are over"}
    service.play(acts.events(("progress", PROGRESS), ("problem", problem)))
    with pytest.raises(UnprocessableError, match="30 s are over"):
        ask(service.url, "restore", b"damaged", task="sr4x", on_progress=lambda _: None)


def test_events_that_end_too_early_are_asked_for_again(
    service: Any, acts: Any, ask: Any, done: Any
) -> None:
    photo = acts.answer(200, b"restored", content_type="image/png")
    service.play(acts.events(("progress", PROGRESS)), acts.events(("done", done)), photo)
    restored = ask(service.url, "restore", b"damaged", task="sr4x", on_progress=lambda _: None)
    assert restored.content == b"restored"


@pytest.mark.parametrize("href", ["http://elsewhere.invalid/photo", "//elsewhere.invalid/photo"])
def test_a_photo_said_to_lie_on_another_host_is_not_fetched(
    service: Any, acts: Any, ask: Any, done: Any, href: str
) -> None:
    service.play(acts.events(("done", {**done, "href": href})))
    with pytest.raises(UnexpectedAnswerError, match=r"elsewhere\.invalid"):
        ask(service.url, "restore", b"damaged", task="sr4x", on_progress=lambda _: None)


def test_an_exception_in_on_progress_ends_the_connection(service: Any, acts: Any, ask: Any) -> None:
    gone = threading.Event()
    service.play(acts.events(("progress", PROGRESS), gone=gone))

    def enough(_: Progress) -> None:
        raise KeyError("seen enough")

    with pytest.raises(KeyError):
        ask(service.url, "restore", b"damaged", task="sr4x", on_progress=enough)
    assert gone.wait(timeout=10)


async def test_cancelling_a_call_ends_the_connection(service: Any, acts: Any) -> None:
    gone = threading.Event()
    begun = asyncio.Event()
    service.play(acts.events(("progress", PROGRESS), gone=gone))
    async with AsyncClient(service.url) as client:
        restoring = client.restore(b"damaged", task="sr4x", on_progress=lambda _: begun.set())
        call = asyncio.create_task(restoring)
        await begun.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert await asyncio.to_thread(gone.wait, 10)


def test_a_mask_travels_beside_the_photo(service: Any, acts: Any, ask: Any, tmp_path: Path) -> None:
    mask = tmp_path / "mask.png"
    mask.write_bytes(b"white where torn")
    service.play(acts.photo(b"restored"))
    ask(service.url, "restore", io.BytesIO(b"damaged"), task="inpaint", mask=mask)
    assert service.asked[0].form() == {"image": b"damaged", "mask": b"white where torn"}


def test_a_silent_service_is_left_after_the_timeout_and_not_asked_again(
    service: Any, acts: Any, ask: Any
) -> None:
    over = threading.Event()
    service.play(acts.silence(over))
    try:
        with pytest.raises(APITimeoutError) as caught:
            ask(service.url, "restore", b"damaged", task="sr4x", client={"timeout": 0.2})
    finally:
        over.set()
    assert caught.value.request_id == service.asked[0].headers["x-request-id"]
    assert len(service.asked) == 1


def test_no_service_is_a_connection_error_with_a_request_id(no_service: str, ask: Any) -> None:
    with pytest.raises(APIConnectionError, match=no_service) as caught:
        ask(no_service, "limits", client={"max_retries": 0})
    assert caught.value.request_id


def test_ready_is_true_only_where_the_service_says_so(
    service: Any, acts: Any, ask: Any, no_service: str
) -> None:
    service.play(acts.answer(200), acts.answer(503), acts.answer(404))
    assert ask(service.url, "ready") is True
    assert ask(service.url, "ready") is False
    with pytest.raises(APIStatusError):
        ask(service.url, "ready")
    assert ask(no_service, "ready") is False


def test_tasks_and_limits_are_typed_and_keep_what_a_newer_service_adds(
    service: Any, acts: Any, ask: Any
) -> None:
    fast = {"network": "sr4x", "sampler": "dbim", "steps": 1, "grid": "quadratic", "eta": 1.0}
    network = {"name": "sr4x", "weights_sha256": "0" * 64, "parameters": 1_200_000}
    task = {"task": "sr4x", "title": "Four times larger", "scale": 4, "since": "2026"}
    limits = {
        "max_body_bytes": 2**28,
        "max_input_megapixels": 100,
        "max_output_megapixels": 100,
        "input_formats": ["jpeg", "png"],
        "output_formats": ["png"],
    }
    listed = {"tasks": [task | {"presets": {"fast": fast}, "networks": [network]}]}
    service.play(acts.document(listed, x_request_id="one"), acts.document(limits))
    told = ask(service.url, "tasks")["sr4x"]
    assert (told.presets["fast"].steps, told.networks[0].parameters) == (1, 1_200_000)
    assert (told.since, told.request_id) == ("2026", "one")
    assert ask(service.url, "limits").max_body_bytes == 2**28


def test_with_options_changes_one_client_and_closes_nothing_of_the_other(
    service: Any, acts: Any
) -> None:
    busy = acts.problem(503, "line-full", "wait", retry_after="0")
    service.play(busy, busy, acts.photo(b"restored"))
    with Client(service.url) as client:
        with (
            client.with_options(max_retries=0, api_key="secret") as impatient,
            pytest.raises(UnavailableError),
        ):
            impatient.restore(b"damaged", task="sr4x")
        assert client.restore(b"damaged", task="sr4x").content == b"restored"
    keys = [asked.headers.get("authorization") for asked in service.asked]
    assert keys == ["Bearer secret", None, None]


def test_an_option_that_does_not_exist_is_refused_before_anything_is_sent(
    no_service: str, ask: Any
) -> None:
    with pytest.raises(TypeError, match="presett"):
        ask(no_service, "restore", b"damaged", task="sr4x", presett="best")


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://host", "http://", "http://[::1"])
def test_a_base_url_that_is_none_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="base_url"):
        Client(url)
