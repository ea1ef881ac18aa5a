"""The archive's doors: jobs are opened, filled, watched, and their results read, over HTTP."""

from fastapi import APIRouter, Depends, Request

from service.archive.doors import fill, jobs, progress, results, streams
from service.archive.doors.jobs import archive_of
from service.archive.queue.refusals import NoSuchJob, refusal
from service.auth.owners import only_owner


async def check_owner(request: Request) -> None:
    """Raises NoSuchJob where the address is below a job that is somebody else's."""
    owner, job_id = only_owner(request), request.path_params.get("id")
    if owner is None or job_id is None:
        return
    if await archive_of(request).queue.owner(job_id) != owner:
        raise refusal(NoSuchJob.slug)


router = APIRouter(dependencies=[Depends(check_owner)])
for part in (jobs, fill, streams, progress, results):
    router.include_router(part.router)
