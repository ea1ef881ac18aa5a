"""Around every request: an id, a count, a duration, and headers that keep browsers careful.

Plain ASGI, so that streamed answers stay streams.
"""

import logging
import re
import time
from urllib.parse import quote
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import InternalError, problem_reply
from service.telemetry import Telemetry

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
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _GIVEN_ID.fullmatch(given) else uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
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
            if status != _NO_ANSWER:  # an answer has begun; the server can only cut it off
                raise
            log.error("request %s failed", request_id, exc_info=error)
            reply = problem_reply(Request(scope), InternalError("The log knows more."))
            await reply(scope, receive, send_marked)
        finally:
            seconds = time.perf_counter() - start
            route = getattr(scope.get("route"), "path", _UNKNOWN_ROUTE)
            self.telemetry.requests.labels(route, scope["method"], str(status)).inc()
            self.telemetry.request_seconds.labels(route).observe(seconds)
            log.info(
                "%s %s %d %.3fs %s",
                scope["method"],
                quote(scope["path"]),
                status,
                seconds,
                request_id,
            )
