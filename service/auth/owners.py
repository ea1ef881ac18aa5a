"""Owners: a job is its opener's. Others are told that there is none; an admin sees all."""

from fastapi import Request

from service.archive.archive import Archive
from service.archive.queue.refusals import NoSuchJob, refusal
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
    """Whose jobs this request may see; None: everybody's."""
    caller = caller_of(request)
    return None if caller is None or caller.is_admin else caller.name


async def check_owner(request: Request) -> None:
    """A dependency of every address below a job. Raises NoSuchJob where it is another's."""
    owner, job_id = only_owner(request), request.path_params.get("id")
    if owner is None or job_id is None:
        return
    archive: Archive = request.state.archive
    if await archive.queue.owner(job_id) != owner:
        raise refusal(NoSuchJob.slug)
