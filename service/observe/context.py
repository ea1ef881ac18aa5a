"""What a log line, an exemplar or a stored photo says of the work it belongs to.

Context variables, since they are needed where nothing of the request is handed down.
"""

from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("rialto_request_id", default="")
traceparent: ContextVar[str] = ContextVar("rialto_traceparent", default="")
"""W3C trace context of the innermost span, empty where nothing is traced."""


def trace_id() -> str:
    """Of the current trace, 32 hexadecimal digits; empty where nothing is traced."""
    parent = traceparent.get()
    return parent.split("-")[1] if parent else ""
