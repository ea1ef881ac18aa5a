"""Fill: photos into an open job, one by one, from a bucket or by a manifest.

Every photo is acknowledged only when its blob is stored and the queue knows it. Everything may be
sent again: the same name with the same bytes is the same photo.
"""

import base64
import hashlib
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Path, Query, Request
from starlette.responses import JSONResponse

from service.archive.archive import Archive
from service.archive.digest import sha256_of
from service.archive.doors.groups import groups
from service.archive.doors.jobs import JobId, archive_of
from service.archive.doors.tally import NameTaken, Tally, new_photo, taken_detail
from service.archive.intake import Skipped, is_litter, manifest
from service.archive.keys import input_key
from service.archive.names import clean_name
from service.archive.queue import NewPhoto
from service.archive.records import InputBlob, Job
from service.archive.work import WrongChecksum
from service.problems import Problem
from service.restore.accept import accept_raw, upload_within

router = APIRouter()

BATCH = 500  # photos told to the queue at once


class BadChecksum(Problem):
    """A checksum header that is none."""

    status = 422
    slug = "bad-checksum"
    title = "The checksum cannot be read"


@router.put("/jobs/{id}/photos/{name:path}")
async def put_photo(
    request: Request,
    job_id: JobId,
    name: Annotated[str, Path()],
    content_digest: Annotated[str | None, Header(description="sha-256=:base64:")] = None,
) -> JSONResponse:
    """Send one photo. 201 where it is new, 200 where it was there with the same bytes."""
    archive, settings = archive_of(request), request.state.settings
    job = await archive.queue.job(job_id)
    name = clean_name(name)
    announced = _sha256_of(content_digest)
    async with archive.upload(request.headers.get("content-length")):
        async with upload_within(settings.upload_timeout_s):
            body = await accept_raw(request, settings.max_body_bytes)
        sha256 = await sha256_of(body)
        if announced is not None and announced != sha256:
            raise WrongChecksum(f"Announced was sha256 {announced}, the bytes have {sha256}.")
        blob = InputBlob(key=input_key(job.id, sha256), bytes=len(body), sha256=sha256)
        await archive.sources.own.put(blob.key, body)
    [added] = await archive.queue.add(job.id, [new_photo(name, blob, job)])
    if added in ("other-bytes", "collides"):
        raise NameTaken(taken_detail(name, added))
    answer = {"name": name, "bytes": blob.bytes, "sha256": sha256}
    return JSONResponse(answer, 201 if added == "new" else 200)


@router.post("/jobs/{id}/manifest")
async def post_manifest(
    request: Request,
    job_id: JobId,
    source: Annotated[str, Query(description="URL that the manifest's keys are below.")],
    format: Annotated[Literal["csv", "jsonl"], Query()] = "csv",  # noqa: A002
) -> dict[str, Any]:
    """Name photos that lie in an allowed bucket or folder: name, key and perhaps sha256 a line."""
    archive, most = archive_of(request), request.state.settings.archive_max_photos
    job = await archive.queue.job(job_id)
    archive.sources.check(source)
    tally, base = Tally(), source.rstrip("/")

    async def named() -> AsyncIterator[NewPhoto]:
        async for line in manifest(request.stream(), format, most_lines=most):
            if isinstance(line, Skipped):
                tally.skip(line.name, line.slug, line.detail)
                continue
            key = f"{base}/{line.key}"
            archive.sources.check(key)
            blob = InputBlob(key=key, bytes=0, sha256=line.sha256 or "")
            yield new_photo(line.name, blob, job)

    return await _told(archive, job, tally, named())


@router.post("/jobs/{id}/bucket")
async def post_bucket(
    request: Request,
    job_id: JobId,
    source: Annotated[str, Query(description="URL of a prefix in an allowed bucket or folder.")],
) -> dict[str, Any]:
    """Take every object below a prefix; names are the keys below it."""
    archive = archive_of(request)
    job = await archive.queue.job(job_id)
    archive.sources.check(source)
    tally, root = Tally(), source.rstrip("/") + "/"

    async def listed() -> AsyncIterator[NewPhoto]:
        async for key, found in archive.sources.list(source):
            if is_litter(key):
                continue
            try:
                name = clean_name(key.removeprefix(root))
            except Problem as problem:
                tally.skip(key, problem.slug, problem.detail)
                continue
            yield new_photo(name, InputBlob(key=key, bytes=found.bytes, sha256=""), job)

    return await _told(archive, job, tally, listed())


async def _told(
    archive: Archive, job: Job, tally: Tally, photos: AsyncIterator[NewPhoto]
) -> dict[str, Any]:
    """Photos of a bucket, told to the queue; returns what became of them."""
    with tally.told():
        async with aclosing(groups(photos, lambda batch: len(batch) == BATCH)) as batches:
            async for batch in batches:
                await tally.add(archive, job, batch)
    return tally.answer()


def _sha256_of(content_digest: str | None) -> str | None:
    """The hexadecimal SHA-256 of a Content-Digest header (RFC 9530)."""
    if content_digest is None:
        return None
    for part in content_digest.split(","):
        algorithm, _, value = part.strip().partition("=")
        if algorithm.lower() == "sha-256":
            try:
                digest = base64.b64decode(value.strip(":"), validate=True)
            except ValueError as error:
                raise BadChecksum("Content-Digest is not base64 between colons.") from error
            if len(digest) == hashlib.sha256().digest_size:
                return digest.hex()
    raise BadChecksum("Send Content-Digest: sha-256=:<base64 of the 32 bytes>:")
