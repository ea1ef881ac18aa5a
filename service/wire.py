"""The wire: HTTP/1.1 as uvicorn reads it, with bounds on what is no body, refused in the one shape.

What cannot be read as HTTP never becomes a request, so that no middleware meets it. Here it is
answered as everything else is, by a problem; and nobody holds a connection, or its memory, by a
head that never ends.
"""

import asyncio
from http import HTTPStatus
from typing import Final
from uuid import uuid4

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from service.errors import MEDIA_TYPE, BadRequest, problem_body
from service.problems import Problem

HEAD_MOST: Final = 64 * 2**10  # bytes of a head, and of anything else that is no body


class HeadTooLarge(Problem):
    """An address or headers beyond what any caller of this service needs."""

    status = 431
    slug = "head-too-large"
    title = "The request's head is too large"


class HeadTimeout(Problem):
    """A request's head that trickles in."""

    status = 408
    slug = "head-timeout"
    title = "The request's head took too long"


class Wire(HttpToolsProtocol):
    """One connection. A caller who says nothing for `head_s` is left; a slow one is told."""

    head_s = 20.0
    _unbodied = 0  # bytes since the last head or piece of a body was complete
    _why: Problem | None = None  # what was read as HTTP is refused for, if not for being none
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Of the event loop."""
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Of the event loop."""
        self._expect_nothing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Of the event loop."""
        self._unbodied += len(data)
        super().data_received(data)
        if self._unbodied > HEAD_MOST and not self.transport.is_closing():
            self._refuse(_too_large())

    def on_message_begin(self) -> None:
        """Of the parser."""
        super().on_message_begin()
        self._expect_head()

    def on_headers_complete(self) -> None:
        """Of the parser."""
        self._expect_nothing()
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > HEAD_MOST:
            self._why = _too_large()
            raise self._why  # the parser stops, and has `send_400_response` called
        self._unbodied = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Of the parser."""
        self._unbodied = 0
        super().on_body(body)

    def send_400_response(self, msg: str) -> None:
        """What uvicorn answers where the parser stops, in our shape."""
        self._refuse(self._why or BadRequest(f"{msg} Send HTTP/1.1."))

    def _unsupported_upgrade_warning(self) -> None:
        """Nothing is upgraded: the request is answered as it stands (RFC 9110, section 7.8)."""

    def _expect_head(self) -> None:
        self._expect_nothing()
        self._timer = self.loop.call_later(self.head_s, self._late)

    def _expect_nothing(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _late(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self._expect_head()  # an answer is under way, behind which it may wait
        elif self._unbodied:
            self._refuse(HeadTimeout(f"It did not arrive within {self.head_s:g} seconds."))
        else:
            self.transport.close()

    def _refuse(self, problem: Problem) -> None:
        """Answer, unless that would fall into another answer, and hang up."""
        self._expect_nothing()
        if self._may_answer():
            request_id = uuid4().hex
            body = problem_body(problem, "/", request_id).model_dump_json()
            head = (
                f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}",
                f"Content-Type: {MEDIA_TYPE}",
                f"Content-Length: {len(body)}",
                f"X-Request-Id: {request_id}",
                "X-Content-Type-Options: nosniff",
                "Connection: close",
            )
            self.transport.write(("\r\n".join(head) + "\r\n\r\n" + body).encode())
        self.transport.close()

    def _may_answer(self) -> bool:
        """Whether no answer has begun; one that is only being made is not waited for any more."""
        if self.cycle is None or self.cycle.response_complete:
            return True
        if self.cycle.response_started or self.pipeline:
            return False
        self.cycle.disconnected = True
        return True


def _too_large() -> HeadTooLarge:
    return HeadTooLarge(f"The limit is {HEAD_MOST // 2**10} KiB. Send less.")
