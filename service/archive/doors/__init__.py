"""The archive's doors: jobs are opened, filled, watched, and their results read, over HTTP."""

from fastapi import APIRouter

from service.archive.doors import fill, jobs, progress, results, streams

router = APIRouter()
for part in (jobs, fill, streams, progress, results):
    router.include_router(part.router)
