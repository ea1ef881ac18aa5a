"""One `Range: bytes=…` header to the span of a file that it asks for (RFC 9110, section 14)."""

import re
from dataclasses import dataclass

from service.problems import Problem

_RANGE = re.compile(r"bytes=([0-9]{0,30})-([0-9]{0,30})")


class RangeNotSatisfiable(Problem):
    """A range that lies behind the file's end."""

    status = 416
    slug = "range-not-satisfiable"
    title = "The file has no such bytes"


@dataclass(frozen=True)
class Span:
    """Bytes start..end-1; `partial` where a range was asked for."""

    start: int
    end: int
    partial: bool

    @property
    def status(self) -> int:
        """200 or 206."""
        return 206 if self.partial else 200

    def headers(self, size: int) -> dict[str, str]:
        """Content-Length and, of a part, Content-Range."""
        length = {"Content-Length": str(self.end - self.start)}
        if not self.partial:
            return length
        return {**length, "Content-Range": f"bytes {self.start}-{self.end - 1}/{size}"}


def span_of(header: str | None, size: int) -> Span:
    """The span; a header that is malformed or names several ranges is ignored, as HTTP allows.

    Raises RangeNotSatisfiable.
    """
    match = _RANGE.fullmatch((header or "").strip())
    if match is None or match.groups() == ("", ""):
        return Span(0, size, partial=False)
    first, last = match.groups()
    start = int(first) if first else max(size - int(last), 0)
    end = min(int(last) + 1, size) if first and last else size
    if start >= size or (first and last and int(last) < int(first)):
        raise RangeNotSatisfiable(f"The file has {size} bytes.")
    return Span(start, end, partial=True)
