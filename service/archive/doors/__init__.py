"""The archive's doors: jobs are opened, filled, watched, and their results read, over HTTP."""

from fastapi import APIRouter, Depends

from service.archive.doors import fill, jobs, progress, results, streams
from service.auth.owners import check_owner

router = APIRouter(dependencies=[Depends(check_owner)])
for part in (jobs, fill, streams, progress, results):
    router.include_router(part.router)
