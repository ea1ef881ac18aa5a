"""`AsyncClient`: the service for programs that do other things meanwhile; see `Client`."""

import asyncio
import copy
from dataclasses import replace
from functools import partial
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
from rialto.client.jobs import AsyncJobs
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


class AsyncClient:
    """A service at `base_url`; use it in an `async with` block, or `close` it.

    Parameters, methods and errors are those of `Client`; cancelling a call closes its
    connection, which stops the work in the service.
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
        self._http = httpx2.AsyncClient(**pool_parts(base_url))
        self._owns_http = True

    def with_options(self, **changes: Unpack[OptionChanges]) -> Self:
        """The same service and connections with another timeout, max_retries or api_key."""
        other = copy.copy(self)
        other._options = replace(self._options, **changes)
        other._owns_http = False
        return other

    async def restore(
        self,
        photo: PhotoInput,
        *,
        task: str,
        on_progress: OnProgress | None = None,
        on_preview: OnPreview | None = None,
        previews: Previews = "x_0",
        **options: Unpack[RestoreOptions],
    ) -> Restoration:
        """Restore a photo, as `Client.restore`; what is called runs in the event loop."""
        prepare = partial(
            watched_call, photo, on_progress, on_preview, previews, task=task, **options
        )
        call = await asyncio.to_thread(prepare)  # it reads files
        return await self._hold(talk.restore(call, self._retry))

    async def submit(
        self,
        photo: PhotoInput,
        *,
        task: str,
        previews: Previews = "none",
        **options: Unpack[RestoreOptions],
    ) -> str:
        """See `Client.submit`."""
        prepare = partial(restore_call, photo, task=task, previews=previews, **options)
        return await self._hold(talk.submit(await asyncio.to_thread(prepare), self._retry))

    async def wait(
        self,
        restoration: str,
        *,
        on_progress: OnProgress | None = None,
        on_preview: OnPreview | None = None,
    ) -> Restoration:
        """See `Client.wait`."""
        walk = Walk(on_progress, on_preview, restoration, submitted=True)
        return await self._hold(talk.wait(walk, self._retry))

    async def cancel(self, restoration: str) -> None:
        """See `Client.cancel`."""
        await self._hold(talk.cancel(restoration, self._retry))

    async def tasks(self) -> dict[str, Task]:
        """What the service can do, by the name of the task."""
        return await self._hold(talk.tasks(self._retry))

    async def limits(self) -> Limits:
        """What the service takes at most."""
        return await self._hold(talk.limits(self._retry))

    async def ready(self) -> bool:
        """Whether a photo would be restored now; False too where nothing can be reached."""
        return await self._hold(talk.ready())

    @property
    def jobs(self) -> AsyncJobs:
        """The archive's jobs."""
        return AsyncJobs(self._hold, self._retry)

    async def close(self) -> None:
        """Close the connections; a client made by `with_options` leaves them to its origin."""
        if self._owns_http:
            await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    @property
    def _retry(self) -> Retry:
        return Retry(self._options.max_retries)

    async def _hold(self, conversation: talk.Conversation[T]) -> T:
        step = talk.advance(conversation, None)
        while isinstance(step, Call):
            await asyncio.sleep(step.after)
            step = talk.advance(conversation, await self._heard(step))
        return step.value

    async def _heard(self, call: Call) -> Answer | APIConnectionError:
        try:
            return await self._send(call, self._options)
        except BaseException:
            if farewell := call.farewell():
                await self._send(farewell, replace(self._options, timeout=FAREWELL_S))
            raise

    async def _send(self, call: Call, options: Options) -> Answer | APIConnectionError:
        try:
            with translated(call, self._http.base_url):
                parts = request_parts(call, options)
                async with self._http.stream(**parts) as response:
                    return await _read(response, call)
        except APIConnectionError as error:
            return error


async def _read(response: httpx2.Response, call: Call) -> Answer:
    head = answer_head(response, call)
    if not is_stream(head):
        return replace(head, body=await response.aread())
    if call.listener is None:
        raise unexpected(head, "events that nobody asked for")
    async for event in httpx2.EventSource(response):
        if answer := call.listener.hear(event.event, event.data, event.id, head):
            return answer
    raise APIConnectionError("the events ended before the last of them", head.request_id)
