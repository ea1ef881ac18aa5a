"""`Client`: the service for programs that wait for each call."""

import copy
import time
from dataclasses import replace
from types import TracebackType
from typing import Self, TypeVar, Unpack

import httpx2

from rialto.choices import DEFAULT_URL
from rialto.client import conversation as talk
from rialto.client.answer import Answer, unexpected
from rialto.client.call import (
    FAREWELL_S,
    Call,
    PhotoInput,
    Previews,
    RestoreOptions,
    restore_call,
)
from rialto.client.catalogue import Limits, Task
from rialto.client.errors import APIConnectionError
from rialto.client.jobs import Jobs
from rialto.client.restoration import Restoration
from rialto.client.retry import Retry
from rialto.client.transport import (
    DEFAULT_TIMEOUT_S,
    OptionChanges,
    Options,
    answer_head,
    is_stream,
    pool_parts,
    request_parts,
    translated,
)
from rialto.client.walk import OnPreview, OnProgress, Walk, watched_call

T = TypeVar("T")


class Client:
    """A service at `base_url`; use it in a `with` block, or `close` it. Safe among threads.

    timeout      seconds of silence of the service before APITimeoutError; None: for ever
    max_retries  repetitions after connection errors, 408, 409, 429 and 5xx
    api_key      sent as a bearer token; None: that of the environment's RIALTO_API_KEY
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
        on_preview: OnPreview | None = None,
        previews: Previews = "x_0",
        **options: Unpack[RestoreOptions],
    ) -> Restoration:
        """Restore a photo: a path, the bytes of an image file, or an open binary file.

        task         what to do: sr4x, jpeg, …; `tasks()` lists them
        on_progress  called after each step; an exception in it cancels the restoration
        on_preview   called with the picture after each step, small; as on_progress
        previews     x_0: the estimate alone; walk: x_t beside it
        options      preset, steps, sampler, eta, grid, seed, format, quality, metadata, mask,
                     deadline_ms: see `RestoreOptions`

        A connection that breaks while steps are told is taken up where it broke.

        Raises APIStatusError where the service refuses, APIConnectionError where no answer
        comes, OSError where the photo cannot be read.
        """
        call = watched_call(photo, on_progress, on_preview, previews, task=task, **options)
        return self._hold(talk.restore(call, self._retry))

    def submit(
        self,
        photo: PhotoInput,
        *,
        task: str,
        previews: Previews = "none",
        **options: Unpack[RestoreOptions],
    ) -> str:
        """Have a photo restored without waiting; returns the id for `wait` and `cancel`."""
        call = restore_call(photo, task=task, previews=previews, **options)
        return self._hold(talk.submit(call, self._retry))

    def wait(
        self,
        restoration: str,
        *,
        on_progress: OnProgress | None = None,
        on_preview: OnPreview | None = None,
    ) -> Restoration:
        """The photo of a restoration that was submitted; what is called is told from the start.

        It goes on where the waiting ends early, by an exception. The service keeps a finished
        photo for some minutes; then NotFoundError.
        """
        walk = Walk(on_progress, on_preview, restoration, submitted=True)
        return self._hold(talk.wait(walk, self._retry))

    def cancel(self, restoration: str) -> None:
        """Stop a restoration within one step, or forget one that has ended."""
        self._hold(talk.cancel(restoration, self._retry))

    def tasks(self) -> dict[str, Task]:
        """What the service can do, by the name of the task."""
        return self._hold(talk.tasks(self._retry))

    def limits(self) -> Limits:
        """What the service takes at most."""
        return self._hold(talk.limits(self._retry))

    def ready(self) -> bool:
        """Whether a photo would be restored now; False too where nothing can be reached."""
        return self._hold(talk.ready())

    @property
    def jobs(self) -> Jobs:
        """The archive's jobs."""
        return Jobs(self._hold, self._retry)

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
            time.sleep(step.after)  # the pause that the service, or the back-off, asks for
            step = talk.advance(conversation, self._heard(step))
        return step.value

    def _heard(self, call: Call) -> Answer | APIConnectionError:
        try:
            return self._send(call, self._options)
        except BaseException:
            if farewell := call.farewell():
                self._send(farewell, replace(self._options, timeout=FAREWELL_S))
            raise

    def _send(self, call: Call, options: Options) -> Answer | APIConnectionError:
        try:
            with (
                translated(call, self._http.base_url),
                self._http.stream(**request_parts(call, options)) as response,
            ):
                return _read(response, call)
        except APIConnectionError as error:
            return error


def _read(response: httpx2.Response, call: Call) -> Answer:
    head = answer_head(response, call)
    if not is_stream(head):
        return replace(head, body=response.read())
    if call.listener is None:
        raise unexpected(head, "events that nobody asked for")
    for event in httpx2.EventSource(response):
        if answer := call.listener.hear(event.event, event.data, event.id, head):
            return answer
    raise APIConnectionError("the events ended before the last of them", head.request_id)
