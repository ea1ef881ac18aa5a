"""Expected failures, told to the caller as RFC 9457 problem+json: one shape for every error."""

from typing import Any, ClassVar

from pydantic import BaseModel


class Problem(Exception):
    """An expected failure. Subclasses stand beside the stage that raises them.

    `detail` is for the caller: the limit, and what to do. The cause goes to the log, by
    `raise ... from`.

    members   of the answer's body beside RFC 9457's own, such as what was done before it
    """

    status: ClassVar[int]
    slug: ClassVar[str]
    title: ClassVar[str]
    headers: ClassVar[dict[str, str]] = {}

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail
        self.members: dict[str, Any] = {}


class ProblemBody(BaseModel):
    """The body of every error answer (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
