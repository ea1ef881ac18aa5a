"""A finding: what one check saw of a set-up, and what to do where it is not well."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

State = Literal["fine", "note", "broken", "unused"]


@dataclass(frozen=True)
class Finding:
    """What was looked at, and how it stands.

    fine    as it should be             note    works, and something is worth knowing
    broken  the service would not work  unused  nothing asks for it
    mend    what to do, as one sentence or command; empty where there is nothing to do
    """

    name: str
    state: State
    told: str
    mend: str = ""


Check = Callable[[], Finding | Iterable[Finding]]


def looked(name: str, check: Check) -> list[Finding]:
    """The findings of one check; one that fails itself is a finding too."""
    try:
        found = check()
        return [found] if isinstance(found, Finding) else list(found)
    except Exception as error:
        told = f"cannot be looked at: {type(error).__name__}: {error}"
        return [Finding(name, "broken", told, "this should not happen: please report it")]
