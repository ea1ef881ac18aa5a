"""Around every request: an id, a span, a count, a duration, and headers that keep browsers careful.

Plain ASGI, so that streamed answers stay streams.
"""

import asyncio
import logging
import re
import time
from collections.abc import Coroutine
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import InternalError, problem_reply
from service.observe import context
from service.observe.traces import Span
from service.telemetry import Telemetry, timed

log = logging.getLogger("rialto.http")

_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_SECURITY = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:;"
        " connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none';"
        " frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_UNKNOWN_ROUTE = "unknown"
_NO_ANSWER = 499  # the client left before an answer began


class Requests:
    """Middleware: every answer carries X-Request-Id, the caller's where it sent a sound one."""

    def __init__(self, app: ASGIApp, telemetry: Telemetry) -> None:
        self.app, self.telemetry = app, telemetry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        request_id = given if _GIVEN_ID.fullmatch(given) else uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        context.request_id.set(request_id)
        parent = headers.get("traceparent")
        with self.telemetry.traces.span(scope["method"], "server", parent=parent) as span:
            await self._answer(scope, receive, send, span)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, span: Span) -> None:
        request_id: str = scope["state"]["request_id"]
        start, status = time.perf_counter(), _NO_ANSWER

        async def send_marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(raw=message["headers"])
                headers["X-Request-Id"] = request_id
                for name, value in _SECURITY.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self.app(scope, receive, send_marked)
        except Exception as error:
            span.fail(type(error).__name__)
            if status != _NO_ANSWER:  # an answer has begun; the server can only cut it off
                raise
            log.error("request %s failed", request_id, exc_info=error)
            reply = problem_reply(Request(scope), InternalError("The log knows more."))
            await reply(scope, receive, send_marked)
        finally:
            seconds = time.perf_counter() - start
            route = getattr(scope.get("route"), "path", _UNKNOWN_ROUTE)
            task = scope["state"].get("task", "")
            self.telemetry.http.requests.labels(route, scope["method"], task, str(status)).inc()
            timed(self.telemetry.http.seconds.labels(route), seconds)
            _tell(span, scope, route, status)
            method, path = scope["method"], quote(scope["path"])
            fields = {
                "method": method,
                "path": path,
                "status": status,
                "seconds": round(seconds, 4),
            }
            told = ("%s %s %d %.3fs", method, path, status, seconds)
            log.info(*told, extra={"fields": fields})


def _tell(span: Span, scope: Scope, route: str, status: int) -> None:
    """By OpenTelemetry's stable conventions for HTTP servers."""
    method, server = scope["method"], scope.get("server") or ("", 0)
    if route != _UNKNOWN_ROUTE:
        span.rename(f"{method} {route}")
        span.set(http__route=route)
    span.set(
        http__request__method=method,
        http__response__status_code=status,
        url__scheme=scope.get("scheme", "http"),
        url__path=scope["path"],
        server__address=server[0],
        server__port=server[1] or 0,
        network__protocol__version=scope.get("http_version", "1.1"),
        client__address=(scope.get("client") or ("",))[0],
    )
    if status >= 500:
        span.fail(str(status))


async def unless_gone(request: Request, work: Coroutine[Any, Any, Response]) -> Response:
    """`work`'s answer; should the client leave first, the work is cancelled."""
    answer = asyncio.create_task(work)
    gone = asyncio.create_task(_disconnect(request))
    try:
        await asyncio.wait({answer, gone}, return_when=asyncio.FIRST_COMPLETED)
        if answer.done():
            return answer.result()
        return Response(status_code=_NO_ANSWER)  # nobody reads it
    finally:
        for task in (answer, gone):
            task.cancel()
        await asyncio.gather(answer, gone, return_exceptions=True)
        # A failure's traceback holds this frame, which would hold the failure, and with it the
        # photo, until the cycle collector comes by.
        del answer, gone, task


async def _disconnect(request: Request) -> None:
    """Returns when the client has gone."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
