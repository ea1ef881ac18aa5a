"""The turns of a call, without input or output: what to send next, given what was heard.

A conversation is a generator: it yields each `Call` to send and receives the `Answer`, or
the APIConnectionError that came instead. Repetition, reading an answer, fetching the
photo after the last event: all is decided here, once for both clients, which only carry
bytes and wait.
"""

from collections.abc import Generator
from dataclasses import dataclass, replace
from itertools import count
from typing import Generic, TypeVar
from urllib.parse import quote

from rialto.client.answer import (
    Answer,
    Done,
    UnderWay,
    document,
    fetched_restoration,
    refusal_error,
    restoration_of,
)
from rialto.client.call import Call, get
from rialto.client.catalogue import Limits, Task, TaskList
from rialto.client.errors import (
    APIConnectionError,
    APIStatusError,
    NotFoundError,
    UnexpectedAnswerError,
)
from rialto.client.restoration import Restoration
from rialto.client.retry import Retry
from rialto.client.walk import Walk

T = TypeVar("T")
Heard = Answer | APIConnectionError | None
Conversation = Generator[Call, Heard, T]


@dataclass(frozen=True)
class Finished(Generic[T]):
    """The end of a conversation, and what came of it."""

    value: T


def advance(conversation: Conversation[T], heard: Heard) -> Call | Finished[T]:
    """Hand over what was heard (None to begin); returns the next call, or the end.

    Raises the RialtoError with which the conversation ends badly.
    """
    try:
        return conversation.send(heard)
    except StopIteration as end:
        return Finished(end.value)


def ask(call: Call, retry: Retry) -> Conversation[Answer]:
    """Send one call, repeated as `retry` says, until an answer of 2xx or the last error.

    Where events had come before the connection broke, it goes on behind them, and the
    failures before them count no longer.
    """
    attempt = 0
    while True:
        heard_before = call.events
        heard = yield call
        if isinstance(heard, Answer):
            if 200 <= heard.status < 300:
                return heard
            error: APIConnectionError | APIStatusError = refusal_error(heard)
        else:
            error = heard or APIConnectionError("no answer", call.request_id)
        attempt = 0 if call.events > heard_before else attempt
        delay = retry.delay(attempt, error)
        if delay is None:
            raise error
        attempt += 1
        again = call.listener.resumed(call) if call.listener is not None else call
        call = replace(again, after=delay)


def restore(call: Call, retry: Retry) -> Conversation[Restoration]:
    """Restore a photo; where a `Walk` listens, fetch it once the last event names it.

    A service that was started anew knows that walk no longer: then the photo is sent again.
    """
    walk = call.listener
    if not isinstance(walk, Walk):
        return restoration_of((yield from ask(call, retry)))
    for begun in count():
        try:
            return (yield from _watched(call, retry))
        except NotFoundError:
            if walk.restoration is None or begun >= retry.max_retries:
                raise
            walk.forget()
    raise AssertionError("count() has no end")


def submit(call: Call, retry: Retry) -> Conversation[str]:
    """Have a photo restored without waiting for it; returns the restoration's id."""
    headers = call.headers | {"Prefer": "respond-async"}
    answer = yield from ask(replace(call, headers=headers), retry)
    return document(answer, UnderWay).id


def wait(walk: Walk, retry: Retry) -> Conversation[Restoration]:
    """The photo of a restoration that was submitted, once it is done."""
    return (yield from _watched(walk.resumed(get("")), retry))


def cancel(restoration: str, retry: Retry) -> Conversation[None]:
    """Stop a restoration, or forget one that has ended."""
    yield from ask(Call("DELETE", f"/restorations/{quote(restoration)}"), retry)


def _watched(call: Call, retry: Retry) -> Conversation[Restoration]:
    answer = yield from ask(call, retry)
    done = _done(answer)
    return fetched_restoration(answer, done, (yield from ask(get(done.href), retry)))


def _done(answer: Answer) -> Done:
    done = document(answer, Done)
    if not done.href.startswith("/") or done.href.startswith("//"):
        # Never carry an API key to another host because an answer says so.
        raise UnexpectedAnswerError(f"the photo is said to lie at {done.href}", answer.request_id)
    return done


def tasks(retry: Retry) -> Conversation[dict[str, Task]]:
    """The tasks of the service by name."""
    answer = yield from ask(get("/tasks"), retry)
    update = {"request_id": answer.request_id}
    listed = document(answer, TaskList).tasks
    return {task.task: task.model_copy(update=update) for task in listed}


def limits(retry: Retry) -> Conversation[Limits]:
    """What the service takes at most."""
    answer = yield from ask(get("/limits"), retry)
    return document(answer, Limits)


def ready() -> Conversation[bool]:
    """Whether a photo would be restored now; a service that cannot be reached is not ready."""
    try:
        yield from ask(get("/readyz"), Retry(max_retries=0))
    except APIConnectionError:
        return False
    except APIStatusError as error:
        if error.status == 503:
            return False
        raise
    return True
