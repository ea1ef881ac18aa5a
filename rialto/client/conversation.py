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

from rialto.client.answer import (
    Answer,
    Done,
    document,
    fetched_restoration,
    refusal_error,
    restoration_of,
)
from rialto.client.call import Call, get
from rialto.client.catalogue import Limits, Task, TaskList
from rialto.client.errors import APIConnectionError, APIStatusError, UnexpectedAnswerError
from rialto.client.restoration import Restoration
from rialto.client.retry import Retry

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
    """Send one call, repeated as `retry` says, until an answer of 2xx or the last error."""
    for attempt in count():
        heard = yield call
        if isinstance(heard, Answer):
            if 200 <= heard.status < 300:
                return heard
            error: APIConnectionError | APIStatusError = refusal_error(heard)
        else:
            error = heard or APIConnectionError("no answer", call.request_id)
        delay = retry.delay(attempt, error)
        if delay is None:
            raise error
        call = replace(call, after=delay)
    raise AssertionError("count() has no end")


def restore(call: Call, retry: Retry) -> Conversation[Restoration]:
    """Restore a photo; where events were asked for, fetch it once the last one names it."""
    answer = yield from ask(call, retry)
    if not answer.is_event:
        return restoration_of(answer)
    done = document(answer, Done)
    if not done.href.startswith("/") or done.href.startswith("//"):
        # Never carry an API key to another host because an answer says so.
        raise UnexpectedAnswerError(f"the photo is said to lie at {done.href}", answer.request_id)
    photo = yield from ask(get(done.href), retry)
    return fetched_restoration(answer, done, photo)


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
