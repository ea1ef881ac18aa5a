"""Log lines: JSON for collectors, or text for people, with request and trace id in each.

Nothing of a photo is ever logged, nor a query or a header; what looks like a key of ours is blotted
out wherever it comes from.
"""

import json
import logging
import re
import sys
import time
from typing import Any, Literal

from service.observe.context import request_id, trace_id

LogFormat = Literal["auto", "json", "text"]

_KEY = re.compile(r"(rialto_[0-9a-f]{12}_)[A-Za-z0-9_-]{43}")
_QUIET = ("httpx2", "httpcore2", "opentelemetry", "urllib3")


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, message, ids, and what was added to it."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line: dict[str, Any] = {
            "time": f"{seconds}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_ids(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return blotted(json.dumps(line, ensure_ascii=False, default=str))


class TextLines(logging.Formatter):
    """Time, level, logger, message, and the ids at the end."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 -- logging's name
        """The line without an exception."""
        return " ".join([super().formatMessage(record), *_ids().values()])

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        return blotted(super().format(record))


def blotted(text: str) -> str:
    """`text` with every API key cut down to what is no secret."""
    return _KEY.sub(r"\1…", text)


def set_up(form: LogFormat = "auto") -> None:
    """Send all logs to standard error; `auto` is text on a terminal, else JSON."""
    handler = logging.StreamHandler()
    as_text = form == "text" or (form == "auto" and sys.stderr.isatty())
    handler.setFormatter(TextLines() if as_text else JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _ids() -> dict[str, str]:
    ids = {"request_id": request_id.get(), "trace_id": trace_id()}
    return {name: value for name, value in ids.items() if value}
