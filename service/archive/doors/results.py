"""Results: one restored photo, or all of them as a zip, a tar, or a BagIt bag."""

from collections.abc import AsyncIterator
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from service.archive.archive import Archive
from service.archive.bundle import Entry, bag, tar_stream, zip_stream
from service.archive.doors.jobs import JobId, archive_of
from service.archive.doors.ranges import span_of
from service.archive.names import clean_name
from service.archive.queue import NoSuchPhoto
from service.archive.records import Job, OutputBlob, PhotoRecord
from service.archive.walk import walk
from service.photo.formats import FORMATS, sniff
from service.problems import Problem

router = APIRouter()

Kind = Literal["zip", "tar"]
_IMMUTABLE = {"Cache-Control": "private, max-age=31536000, immutable"}
MEDIA_TYPES: dict[Kind, str] = {"zip": "application/zip", "tar": "application/x-tar"}


class NotEnded(Problem):
    """A bag is of a job that has ended: its manifest would not hold otherwise."""

    status = 409
    slug = "not-ended"
    title = "The job has not ended yet"


@router.get("/jobs/{id}/results")
async def all_results(
    request: Request,
    job_id: JobId,
    format: Annotated[Kind, Query()] = "zip",  # noqa: A002
) -> StreamingResponse:
    """All photos restored so far, as one stream; failed ones are left out."""
    archive = archive_of(request)
    job = await archive.queue.job(job_id)
    pack = zip_stream if format == "zip" else tar_stream
    return _download(pack(_entries(archive, job)), f"{job.id}.{format}", MEDIA_TYPES[format])


@router.get("/jobs/{id}/bag")
async def bag_of_results(
    request: Request,
    job_id: JobId,
    format: Annotated[Kind, Query()] = "zip",  # noqa: A002
    payload: Annotated[bool, Query(description="False: all but the results.")] = True,
) -> StreamingResponse:
    """An ended job as a BagIt bag (RFC 8493), with an event record of every photo."""
    archive = archive_of(request)
    job = await archive.queue.job(job_id)
    if job.ended_at is None:
        raise NotEnded("Ask again when the job is finished or cancelled.")
    stream = bag(job, walk(archive.queue, job.id), archive.sources.own, format, payload=payload)
    return _download(stream, f"{job.id}-bag.{format}", MEDIA_TYPES[format])


@router.get("/jobs/{id}/results/{name:path}")
@router.head("/jobs/{id}/results/{name:path}", include_in_schema=False)
async def one_result(
    request: Request,
    job_id: JobId,
    name: str,
    byte_range: Annotated[str | None, Header(alias="Range")] = None,
    if_none_match: Annotated[str | None, Header()] = None,
    link: Annotated[bool, Query(description="Answer 303 to a link that expires.")] = False,
) -> Response:
    """One restored photo by its output's name: `Range` and `ETag` as HTTP has them."""
    archive = archive_of(request)
    output = await find_output(archive, job_id, clean_name(name, of_output=True))
    tag = f'"{output.sha256}"'
    headers = {
        "ETag": tag,
        "Accept-Ranges": "bytes",
        **_IMMUTABLE,
        "X-Rialto-Network": output.network,
        "X-Rialto-Plan": output.plan,
        "X-Rialto-Seed": str(output.seed),
    }
    if if_none_match is not None and tag in if_none_match:
        return Response(status_code=304, headers=headers)
    if link and (url := await archive.link(output)) is not None:
        return RedirectResponse(url, 303, {"Cache-Control": "no-store"})
    span = span_of(byte_range, output.bytes)
    headers |= span.headers(output.bytes)
    if request.method == "HEAD":
        return Response(None, span.status, headers, media_type=output.content_type)
    body = archive.sources.own.stream(output.key, span.start, span.end)
    return StreamingResponse(body, span.status, headers, media_type=output.content_type)


@router.get("/jobs/{id}/inputs/{name:path}")
async def one_input(request: Request, job_id: JobId, name: str) -> Response:
    """A photo as it was sent, to be looked at beside its result."""
    archive = archive_of(request)
    photo = await archive.queue.photo(job_id, clean_name(name))
    content = await archive.sources.get(photo.input.key)
    try:
        media_type = FORMATS[sniff(content)].content_type
    except Problem:
        media_type = "application/octet-stream"
    return Response(content, headers=_IMMUTABLE, media_type=media_type)


async def find_output(archive: Archive, job_id: str, name: str) -> OutputBlob:
    """The output called `name`; an output's name tells its photo's, as `output_name` made it."""
    job = await archive.queue.job(job_id)
    for candidate in _inputs_of(name, several=len(job.spec.outputs) > 1):
        try:
            photo = await archive.queue.photo(job_id, candidate)
        except NoSuchPhoto:
            continue
        for output in photo.outputs:
            if output.name == name:
                return output
    raise NoSuchPhoto(f"Job {job_id} has no result {name}.")


def _inputs_of(name: str, *, several: bool) -> list[str]:
    if several:
        name = name.partition("/")[2]
    return [name, name.rpartition(".")[0]] if "." in name else [name]


async def _entries(archive: Archive, job: Job) -> AsyncIterator[Entry]:
    async for photo in walk(archive.queue, job.id):
        for output in photo.outputs:
            yield Entry(
                name=output.name,
                bytes=output.bytes,
                modified=_time_of(photo),
                chunks=archive.sources.own.stream(output.key),
            )


def _time_of(photo: PhotoRecord) -> float:
    return photo.ended_at or 0.0


def _download(body: AsyncIterator[bytes], name: str, media_type: str) -> StreamingResponse:
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
    return StreamingResponse(body, headers=headers, media_type=media_type)
