"""What both clients do with the events of one restoration, over connections that break."""

import asyncio
import base64
import threading
from typing import Any

import pytest

from rialto import AsyncClient, Preview, Progress
from rialto.client import APIConnectionError, UnavailableError, UnexpectedAnswerError

ACCEPTED = ("accepted", {"id": "abc"}, "1")
IMAGE = "data:image/webp;base64," + base64.b64encode(b"small picture").decode()
FILE = {"content_type": "image/png"}


def step(number: int, key: int) -> tuple[str, dict[str, float], str]:
    told = {"step": number, "steps": 3, "region": 1, "regions": 1, "fraction": number / 3}
    return "progress", told, str(key)


def preview(kind: str, key: str) -> tuple[str, dict[str, object], str]:
    return "preview", {"step": 1, "steps": 3, "kind": kind, "image": IMAGE}, key


def test_a_preview_is_a_picture_with_its_step(service: Any, acts: Any, ask: Any, done: Any) -> None:
    events = acts.events(ACCEPTED, preview("x_0", "2"), preview("x_t", "3"), ("done", done, "4"))
    service.play(events, acts.answer(200, b"restored", **FILE))
    seen: list[Preview] = []
    ask(service.url, "restore", b"d", task="sr4x", on_preview=seen.append, previews="walk")
    assert [(one.kind, one.step, one.steps) for one in seen] == [("x_0", 1, 3), ("x_t", 1, 3)]
    assert (seen[0].content, seen[0].content_type) == (b"small picture", "image/webp")
    assert service.asked[0].query["previews"] == "walk"


def test_previews_are_asked_for_only_where_someone_looks(
    service: Any, acts: Any, ask: Any, done: Any
) -> None:
    service.play(acts.events(("done", done)), acts.answer(200, b"restored", **FILE))
    ask(service.url, "restore", b"d", task="sr4x", on_progress=lambda _: None)
    assert "previews" not in service.asked[0].query


def test_a_broken_connection_is_taken_up_behind_the_last_event(
    service: Any, acts: Any, ask: Any, done: Any
) -> None:
    service.play(
        acts.events(ACCEPTED, step(1, 2)),
        acts.events(step(2, 3)),
        acts.events(step(3, 4)),
        acts.events(("done", done, "5")),
        acts.answer(200, b"restored", **FILE),
    )
    told: list[Progress] = []
    photo = ask(
        service.url,
        "restore",
        b"damaged",
        task="sr4x",
        on_progress=told.append,
        client={"max_retries": 1},
    )
    assert photo.content == b"restored"
    assert [progress.step for progress in told] == [1, 2, 3]
    resumed = service.asked[1:4]
    assert {(one.method, one.path) for one in resumed} == {("GET", "/restorations/abc/events")}
    assert [one.headers["last-event-id"] for one in resumed] == ["2", "3", "4"]
    assert all(one.body == b"" and not one.query for one in resumed)


def test_a_service_that_forgot_the_walk_gets_the_photo_once_more(
    service: Any, acts: Any, ask: Any, done: Any
) -> None:
    service.play(
        acts.events(ACCEPTED, step(1, 2)),
        acts.problem(404, "no-such-restoration", "Restore the photo again."),
        acts.events(("accepted", {"id": "new"}, "1"), ("done", done, "2")),
        acts.answer(200, b"restored", **FILE),
    )
    photo = ask(service.url, "restore", b"damaged", task="sr4x", on_progress=lambda _: None)
    assert photo.content == b"restored"
    assert [one.method for one in service.asked] == ["POST", "GET", "POST", "GET"]
    assert service.asked[2].body == b"damaged"
    assert "last-event-id" not in service.asked[2].headers


def test_a_photo_that_makes_the_service_forget_again_and_again_is_given_up(
    service: Any, acts: Any, ask: Any
) -> None:
    forgotten = acts.problem(404, "no-such-restoration", "Restore the photo again.")
    service.play(*[acts.events(ACCEPTED, step(1, 2)), forgotten] * 2)
    with pytest.raises(Exception, match="no-such-restoration"):
        ask(
            service.url,
            "restore",
            b"damaged",
            task="sr4x",
            on_progress=lambda _: None,
            client={"max_retries": 1},
        )


def test_events_that_never_come_further_are_given_up(service: Any, acts: Any, ask: Any) -> None:
    service.play(acts.events(ACCEPTED), acts.events(), acts.events())
    with pytest.raises(APIConnectionError, match="ended before"):
        ask(service.url, "restore", b"damaged", task="sr4x", on_progress=lambda _: None)
    assert [one.method for one in service.asked] == ["POST", "GET", "GET"]


def test_a_refusal_before_the_walk_begins_is_repeated_as_any_other(
    service: Any, acts: Any, ask: Any
) -> None:
    service.play(*[acts.problem(503, "line-full", "wait", retry_after="0")] * 3)
    with pytest.raises(UnavailableError):
        ask(service.url, "restore", b"damaged", task="sr4x", on_progress=lambda _: None)


def test_an_exception_in_a_callback_cancels_the_restoration(
    service: Any, acts: Any, ask: Any
) -> None:
    gone = threading.Event()
    service.play(acts.events(ACCEPTED, step(1, 2), gone=gone), acts.answer(204))

    def enough(_: Progress) -> None:
        raise KeyError("seen enough")

    with pytest.raises(KeyError):
        ask(service.url, "restore", b"damaged", task="sr4x", on_progress=enough)
    assert (service.asked[1].method, service.asked[1].path) == ("DELETE", "/restorations/abc")
    assert gone.wait(timeout=10)


async def test_cancelling_an_awaited_call_cancels_the_restoration(service: Any, acts: Any) -> None:
    gone, begun = threading.Event(), asyncio.Event()
    service.play(acts.events(ACCEPTED, step(1, 2), gone=gone), acts.answer(204))
    async with AsyncClient(service.url) as client:
        restoring = client.restore(b"damaged", task="sr4x", on_progress=lambda _: begun.set())
        call = asyncio.create_task(restoring)
        await begun.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
    assert service.asked[1].method == "DELETE"


@pytest.mark.parametrize("name", ["accepted", "progress", "preview"])
def test_an_event_that_cannot_be_read_is_no_answer_of_this_service(
    service: Any, acts: Any, ask: Any, name: str
) -> None:
    service.play(acts.events((name, ["what?"])))
    with pytest.raises(UnexpectedAnswerError, match="cannot be read"):
        ask(
            service.url,
            "restore",
            b"d",
            task="sr4x",
            on_progress=lambda _: None,
            on_preview=lambda _: None,
        )


def test_a_deadline_is_sent_and_the_answer_says_where_the_walk_stopped(
    service: Any, acts: Any, ask: Any
) -> None:
    headers = {"x_rialto_seed": "7", "x_rialto_network": "n@0", "x_rialto_plan": "dbim;steps=12"}
    service.play(acts.answer(200, b"best so far", **FILE, **headers, x_rialto_steps="3/12"))
    photo = ask(service.url, "restore", b"damaged", task="sr4x", deadline_ms=500)
    assert (photo.steps_done, photo.steps) == (3, 12)
    assert service.asked[0].query["deadline_ms"] == "500"


def test_a_submitted_photo_is_waited_for_by_its_id(
    service: Any, acts: Any, ask: Any, done: Any
) -> None:
    service.play(
        acts.document({"id": "abc", "state": "waiting"}, 202, location="/restorations/abc")
    )
    assert ask(service.url, "submit", b"damaged", task="sr4x", previews="x_0") == "abc"
    assert service.asked[0].headers["prefer"] == "respond-async"
    finished = {**done, "steps_done": 3, "steps": 12}
    service.play(
        acts.events(ACCEPTED, step(1, 2)),
        acts.events(("done", finished, "3")),
        acts.answer(200, b"restored", **FILE),
    )
    told: list[Progress] = []
    photo = ask(service.url, "wait", "abc", on_progress=told.append)
    assert (photo.content, photo.steps_done, photo.steps) == (b"restored", 3, 12)
    assert len(told) == 1
    assert [one.path for one in service.asked[1:3]] == ["/restorations/abc/events"] * 2


def test_whoever_stops_waiting_leaves_a_submitted_photo_to_the_service(
    service: Any, acts: Any, ask: Any
) -> None:
    service.play(acts.events(ACCEPTED, step(1, 2)))

    def enough(_: Progress) -> None:
        raise KeyError("seen enough")

    with pytest.raises(KeyError):
        ask(service.url, "wait", "abc", on_progress=enough)
    assert [one.method for one in service.asked] == ["GET"]


def test_a_restoration_is_cancelled_by_its_id(service: Any, acts: Any, ask: Any) -> None:
    service.play(acts.answer(204))
    ask(service.url, "cancel", "abc")
    assert (service.asked[0].method, service.asked[0].path) == ("DELETE", "/restorations/abc")
