"""`Client`: the service for programs that wait for each call."""

import copy
import time
from dataclasses import replace
from types import TracebackType
from typing import Self, TypeVar, Unpack

import httpx2

from rialto.client import conversation as talk
from rialto.client.answer import Answer, heard
from rialto.client.call import Call, OnProgress, PhotoInput, RestoreOptions, restore_call
from rialto.client.catalogue import Limits, Task
from rialto.client.errors import APIConnectionError
from rialto.client.restoration import Restoration
from rialto.client.retry import Retry
from rialto.client.transport import (
    DEFAULT_TIMEOUT_S,
    DEFAULT_URL,
    OptionChanges,
    Options,
    answer_head,
    is_stream,
    pool_parts,
    request_parts,
    translated,
)

T = TypeVar("T")


class Client:
    """A service at `base_url`; use it in a `with` block, or `close` it. Safe among threads.

    timeout      seconds of silence of the service before APITimeoutError; None: for ever
    max_retries  repetitions after connection errors, 408, 409, 429 and 5xx
    api_key      sent as a bearer token
    """

    def __init__(
        self,
        base_url: str = DEFAULT_URL,
        *,
        timeout: float | None = DEFAULT_TIMEOUT_S,
        max_retries: int = 2,
        api_key: str | None = None,
    ) -> None:
        self._options = Options(timeout, max_retries, api_key)
        self._http = httpx2.Client(**pool_parts(base_url))
        self._owns_http = True

    def with_options(self, **changes: Unpack[OptionChanges]) -> Self:
        """The same service and connections with another timeout, max_retries or api_key."""
        other = copy.copy(self)
        other._options = replace(self._options, **changes)
        other._owns_http = False
        return other

    def restore(
        self,
        photo: PhotoInput,
        *,
        task: str,
        on_progress: OnProgress | None = None,
        **options: Unpack[RestoreOptions],
    ) -> Restoration:
        """Restore a photo: a path, the bytes of an image file, or an open binary file.

        task         what to do: sr4x, jpeg, …; `tasks()` lists them
        on_progress  called after each step; an exception in it cancels the restoration
        options      preset, steps, sampler, eta, grid, seed, format, quality, metadata,
                     mask: see `RestoreOptions`

        Raises APIStatusError where the service refuses, APIConnectionError where no answer
        comes, OSError where the photo cannot be read.
        """
        call = restore_call(photo, on_progress, task=task, **options)
        return self._hold(talk.restore(call, self._retry))

    def tasks(self) -> dict[str, Task]:
        """What the service can do, by the name of the task."""
        return self._hold(talk.tasks(self._retry))

    def limits(self) -> Limits:
        """What the service takes at most."""
        return self._hold(talk.limits(self._retry))

    def ready(self) -> bool:
        """Whether a photo would be restored now; False too where nothing can be reached."""
        return self._hold(talk.ready())

    def close(self) -> None:
        """Close the connections; a client made by `with_options` leaves them to its origin."""
        if self._owns_http:
            self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def _retry(self) -> Retry:
        return Retry(self._options.max_retries)

    def _hold(self, conversation: talk.Conversation[T]) -> T:
        step = talk.advance(conversation, None)
        while isinstance(step, Call):
            time.sleep(step.after)
            step = talk.advance(conversation, self._send(step))
        return step.value

    def _send(self, call: Call) -> Answer | APIConnectionError:
        try:
            with (
                translated(call, self._http.base_url),
                self._http.stream(**request_parts(call, self._options)) as response,
            ):
                return _read(response, call)
        except APIConnectionError as error:
            return error


def _read(response: httpx2.Response, call: Call) -> Answer:
    head = answer_head(response, call)
    if not is_stream(head):
        return replace(head, body=response.read())
    for event in httpx2.EventSource(response):
        if answer := heard(event.event, event.data, head, call):
            return answer
    raise APIConnectionError("the events ended before the photo was done", head.request_id)
