"""Jobs: opened, listed, closed, paused, resumed, cancelled, retried, deleted."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Request
from starlette.responses import JSONResponse, Response

from service.archive.archive import Archive
from service.archive.estimate import Estimate
from service.archive.records import Job, JobSpec
from service.auth.owners import only_owner, owner_of
from service.problems import Problem
from service.tasks import Chosen

router = APIRouter()

MOST_TIME = 1e11  # seconds since 1970; Redis holds milliseconds


class TaskTakesMask(Problem):
    """A job of a task that needs a mask for every photo, which a job cannot hold."""

    status = 422
    slug = "task-takes-mask"
    title = "A job cannot say where each photo is to be repaired"


def check_needs_no_mask(chosen: Chosen) -> None:
    """Raises TaskTakesMask where photos alone are not enough for the task."""
    if chosen.card.takes_mask:
        raise TaskTakesMask(
            f"Task {chosen.card.task} needs a mask with every photo. Send them one by one to"
            " POST /restore, each with its mask."
        )


JobId = Annotated[str, Path(alias="id", max_length=64, pattern=r"^[a-z0-9]+$")]


def archive_of(request: Request) -> Archive:
    """The archive's parts, or the problem that this process has none."""
    archive: Archive = request.state.archive
    return archive


@router.post("/jobs", status_code=201, response_model=Job)
async def open_job(
    request: Request,
    spec: JobSpec,
    idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
) -> JSONResponse:
    """Open a job; the same `Idempotency-Key` and body answer the same job."""
    archive = archive_of(request)
    for output in spec.outputs:
        check_needs_no_mask(archive.tasks.choose(output.choice()))
    if spec.webhook is not None:
        await archive.check_webhook(spec.webhook)
    if spec.target is not None:
        archive.check_target(spec.target)
    job = await archive.queue.open_job(spec, idempotency_key, owner_of(request))
    headers = {"Location": f"/jobs/{job.id}"}
    return JSONResponse(job.model_dump(mode="json"), 201, headers)


@router.get("/jobs")
async def list_jobs(
    request: Request,
    before: Annotated[
        float | None, Query(ge=0, le=MOST_TIME, description="Created before this time, in seconds.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
) -> dict[str, Any]:
    """Jobs, newest first; `next` is the next page's `before`."""
    queue, owner = archive_of(request).queue, only_owner(request)
    jobs = await (
        queue.jobs(before, limit) if owner is None else queue.jobs_of(owner, before, limit)
    )
    following = jobs[-1].created_at if len(jobs) == limit else None
    return {"jobs": [job.model_dump(mode="json") for job in jobs], "next": following}


@router.get("/jobs/{id}")
async def show_job(request: Request, job_id: JobId) -> dict[str, Any]:
    """A job as it stands, with its rate and the seconds that are left."""
    archive = archive_of(request)
    job = await archive.queue.job(job_id)
    return {**job.model_dump(mode="json"), **archive.pace_of(job)}


@router.delete("/jobs/{id}", status_code=204)
async def delete_job(request: Request, job_id: JobId) -> Response:
    """Forget a job: its photos as sent, its results and its records. Originals in buckets stay."""
    await archive_of(request).caretaker.forget(job_id)
    return Response(status_code=204)


@router.post("/jobs/{id}/close", response_model=Job)
async def close_job(request: Request, job_id: JobId) -> Job:
    """Say that all photos have been sent; twice is once."""
    return await archive_of(request).queue.close_job(job_id)


@router.post("/jobs/{id}/pause", response_model=Job)
async def pause_job(request: Request, job_id: JobId) -> Job:
    """Start no more of its photos; those in work end."""
    return await archive_of(request).queue.pause(job_id)


@router.post("/jobs/{id}/resume", response_model=Job)
async def resume_job(request: Request, job_id: JobId) -> Job:
    """Go on after a pause."""
    return await archive_of(request).queue.resume(job_id)


@router.post("/jobs/{id}/cancel", response_model=Job)
async def cancel_job(request: Request, job_id: JobId) -> Job:
    """End a job now: what is restored stays, what waits is cancelled, what runs is stopped."""
    return await archive_of(request).queue.cancel(job_id)


@router.post("/jobs/{id}/retry")
async def retry_job(request: Request, job_id: JobId) -> dict[str, int]:
    """Put the failed photos in line again."""
    return {"retried": await archive_of(request).queue.retry_failed(job_id)}


@router.get("/jobs/{id}/estimate", response_model=Estimate)
async def estimate_job(request: Request, job_id: JobId) -> Estimate:
    """Megapixels and seconds that the photos sent so far will take, by a sample of them."""
    return await archive_of(request).estimate(job_id)


@router.get("/jobs/{id}/webhooks")
async def list_deliveries(request: Request, job_id: JobId, failed: bool = False) -> dict[str, Any]:
    """What was told to the job's webhook, and how it was taken."""
    archive = archive_of(request)
    await archive.queue.job(job_id)
    found = await archive.hooks.list(job_id, failed_only=failed)
    return {"deliveries": [delivery.model_dump(mode="json") for delivery in found]}


@router.post("/jobs/{id}/webhooks/{delivery}/resend", status_code=202)
async def resend_delivery(request: Request, job_id: JobId, delivery: str) -> dict[str, str]:
    """Deliver once more, under the same webhook-id."""
    archive = archive_of(request)
    await archive.queue.job(job_id)
    await archive.hooks.resend(delivery, job_id)
    return {"delivery": delivery}
