"""Expected failures, told to the caller as RFC 9457 problem+json: one shape for every error."""

from typing import ClassVar

from pydantic import BaseModel


class Problem(Exception):
    """An expected failure. Subclasses stand beside the stage that raises them.

    `detail` is for the caller: the limit, and what to do. The cause goes to the log, by
    `raise ... from`.
    """

    status: ClassVar[int]
    slug: ClassVar[str]
    title: ClassVar[str]
    headers: ClassVar[dict[str, str]] = {}

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class ProblemBody(BaseModel):
    """The body of every error answer (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
