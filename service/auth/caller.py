"""A caller: who sent a request, what they may do, and how much."""

from dataclasses import dataclass
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

Scope = Literal["restore", "jobs", "metrics", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)


class Limits(BaseModel):
    """At most `requests` in any `seconds`, and `in_flight` at a time; 0 bounds neither."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    requests: int = Field(default=3000, ge=0, le=100_000)
    seconds: int = Field(default=60, ge=1, le=86_400)
    in_flight: int = Field(default=64, ge=0, le=100_000)


@dataclass(frozen=True)
class Caller:
    """`name` owns the jobs it opens and is counted by; two keys of one name are one caller."""

    name: str
    key_id: str
    scopes: frozenset[Scope]
    limits: Limits

    @property
    def is_admin(self) -> bool:
        """Whether everything is allowed, other callers' jobs included."""
        return "admin" in self.scopes

    def may(self, scope: Scope | None) -> bool:
        """Whether what needs `scope` is allowed; None is what every caller may."""
        return scope is None or scope in self.scopes or self.is_admin
