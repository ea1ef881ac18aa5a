"""Owners: a job or a restoration is its opener's. To others there is none; an admin sees all."""

from fastapi import Request

from service.auth.caller import Caller


def caller_of(request: Request) -> Caller | None:
    """Whose request this is; None where the service asks for no keys."""
    caller: Caller | None = getattr(request.state, "caller", None)
    return caller


def owner_of(request: Request) -> str:
    """The name that owns what this request opens; empty where nobody has one."""
    caller = caller_of(request)
    return caller.name if caller is not None else ""


def only_owner(request: Request) -> str | None:
    """Whose jobs and restorations this request may see; None: everybody's."""
    caller = caller_of(request)
    return None if caller is None or caller.is_admin else caller.name
