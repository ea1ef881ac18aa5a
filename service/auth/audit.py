"""The audit record: one JSON line for every request that is not for everyone, and for every key.

Who, what, when, from where, with which outcome. No bodies, no query, no secrets.
"""

import json
import sys
from datetime import UTC, datetime
from logging import Handler, LogRecord, StreamHandler, makeLogRecord
from logging.handlers import WatchedFileHandler
from pathlib import Path

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.auth.caller import Caller
from service.auth.policy import is_open
from service.observe.logs import blotted

NOBODY = "-"
CUT_OFF = 499  # no answer began


class AuditLog:
    """Lines to a file, which may be moved away by others, or with `-` to standard output."""

    def __init__(self, place: str) -> None:
        self._handler: Handler = (
            StreamHandler(sys.stdout)
            if place == "-"
            else WatchedFileHandler(Path(place).expanduser(), encoding="utf-8")
        )

    def write(self, *, who: str, what: str, outcome: str, **more: str) -> None:
        """One line. `more` must hold nothing secret."""
        when = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = {"when": when, "who": who, "what": what, "outcome": outcome, **more}
        record: LogRecord = makeLogRecord({"msg": blotted(json.dumps(line, ensure_ascii=False))})
        self._handler.handle(record)

    def close(self) -> None:
        """Let the file go."""
        self._handler.close()


class Audited:
    """Middleware: writes each request down when it has ended."""

    def __init__(self, app: ASGIApp, log: AuditLog) -> None:
        self.app, self.log = app, log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        if scope["type"] != "http" or is_open(scope["path"]) or scope["path"] == "/metrics":
            await self.app(scope, receive, send)
            return
        status = CUT_OFF

        async def send_noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, send_noted)
        finally:
            state = scope["state"]
            caller: Caller | None = state.get("caller")
            self.log.write(
                who=caller.name if caller else NOBODY,
                what=f"{scope['method']} {scope['path']}",
                outcome=str(status),
                key=caller.key_id if caller else NOBODY,
                client=(scope.get("client") or (NOBODY,))[0],
                request_id=state["request_id"],
            )
