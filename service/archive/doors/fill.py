"""Fill: photos into an open job, one by one, as an archive, from a bucket or by a manifest.

Every photo is acknowledged only when its blob is stored and the queue knows it. Everything may be
sent again: the same name with the same bytes is the same photo.
"""

import asyncio
import base64
import binascii
import hashlib
from collections import Counter
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Path, Query, Request
from starlette.responses import JSONResponse

from service.archive.archive import Archive
from service.archive.doors.jobs import JobId, archive_of
from service.archive.intake import IntakeLimits, Skipped, entries, is_litter, manifest
from service.archive.names import clean_name, fold, rivals
from service.archive.queue import Added, NewPhoto
from service.archive.records import InputBlob, Job
from service.archive.work import WrongChecksum
from service.problems import Problem
from service.restore.accept import UploadTimeout, accept_raw
from service.settings import Settings

router = APIRouter()

BATCH = 500  # photos told to the queue at once
MOST_TOLD = 1000  # skipped entries that an answer lists


class NameTaken(Problem):
    """Another photo of the job has this name, or would write the same file."""

    status = 409
    slug = "name-taken"
    title = "Another photo has this name"


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
        body = await _body(request, settings)
        sha256 = await _sha256(body)
        if announced is not None and announced != sha256:
            raise WrongChecksum(f"Announced was sha256 {announced}, the bytes have {sha256}.")
        blob = InputBlob(key=f"jobs/{job.id}/in/{sha256}", bytes=len(body), sha256=sha256)
        await archive.sources.own.put(blob.key, body)
    [added] = await archive.queue.add(job.id, [_new(name, blob, job)])
    if added in ("other-bytes", "collides"):
        raise NameTaken(_told(name, added))
    answer = {"name": name, "bytes": blob.bytes, "sha256": sha256}
    return JSONResponse(answer, 201 if added == "new" else 200)


@router.put("/jobs/{id}/archive")
async def put_archive(
    request: Request,
    job_id: JobId,
    format: Annotated[Literal["zip", "tar"], Query()],  # noqa: A002
) -> dict[str, Any]:
    """Send a zip or tar of photos as one stream; a tar may be compressed by gzip, bzip2 or xz.

    What is no photo's name, or cannot be taken, is skipped and told; the rest is in the job.
    """
    archive, settings = archive_of(request), request.state.settings
    job = await archive.queue.job(job_id)
    tally = Tally()
    async with archive.upload(None):
        async for entry in entries(request.stream(), format, limits_of(settings)):
            if isinstance(entry, Skipped):
                tally.skip(entry.name, entry.slug, entry.detail)
                continue
            key = f"jobs/{job.id}/in/{entry.sha256}"
            blob = InputBlob(key=key, bytes=len(entry.data), sha256=entry.sha256)
            await archive.sources.own.put(blob.key, entry.data)
            await tally.add(archive, job, [_new(entry.name, blob, job)])
    return tally.answer()


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
    tally, batch, base = Tally(), list[NewPhoto](), source.rstrip("/")
    async for line in manifest(request.stream(), format, most_lines=most):
        if isinstance(line, Skipped):
            tally.skip(line.name, line.slug, line.detail)
            continue
        key = f"{base}/{line.key}"
        archive.sources.check(key)
        blob = InputBlob(key=key, bytes=0, sha256=line.sha256 or "")
        batch.append(_new(line.name, blob, job))
        if len(batch) == BATCH:
            await tally.add(archive, job, batch)
            batch = []
    await tally.add(archive, job, batch)
    return tally.answer()


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
    tally, batch, root = Tally(), list[NewPhoto](), source.rstrip("/") + "/"
    async for key, found in archive.sources.list(source):
        if is_litter(key):
            continue
        try:
            name = clean_name(key.removeprefix(root))
        except Problem as problem:
            tally.skip(key, problem.slug, problem.detail)
            continue
        batch.append(_new(name, InputBlob(key=key, bytes=found.bytes, sha256=""), job))
        if len(batch) == BATCH:
            await tally.add(archive, job, batch)
            batch = []
    await tally.add(archive, job, batch)
    return tally.answer()


class Tally:
    """What became of many photos sent at once."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._skipped: list[dict[str, str]] = []

    async def add(self, archive: Archive, job: Job, photos: list[NewPhoto]) -> None:
        """Tell the queue, and count what it says."""
        for photo, added in zip(photos, await archive.queue.add(job.id, photos), strict=True):
            if added in ("new", "same"):
                self._counts[added] += 1
            else:
                self.skip(photo.name, NameTaken.slug, _told(photo.name, added))

    def skip(self, name: str, slug: str, detail: str) -> None:
        """One that was not taken; the first thousand are told."""
        self._counts["skipped"] += 1
        if len(self._skipped) < MOST_TOLD:
            self._skipped.append({"name": name, "slug": slug, "detail": detail})

    def answer(self) -> dict[str, Any]:
        """The body of the answer."""
        counts = {kind: self._counts[kind] for kind in ("new", "same", "skipped")}
        return {**counts, "skipped_entries": self._skipped}


async def _body(request: Request, settings: Settings) -> bytearray:
    try:
        async with asyncio.timeout(settings.upload_timeout_s):
            return await accept_raw(request, settings.max_body_bytes)
    except TimeoutError as error:
        raise UploadTimeout(
            f"The body did not arrive within {settings.upload_timeout_s:g} seconds. Send it again."
        ) from error


def limits_of(settings: Settings) -> IntakeLimits:
    """What one archive stream may hold."""
    return IntakeLimits(
        max_entry_bytes=settings.max_body_bytes,
        max_entries=settings.archive_max_photos,
        max_total_bytes=settings.archive_max_bytes,
        max_ratio=settings.archive_max_ratio,
    )


def _new(name: str, blob: InputBlob, job: Job) -> NewPhoto:
    return NewPhoto(name, fold(name), rivals(name, job.spec), blob)


def _told(name: str, added: Added) -> str:
    if added == "other-bytes":
        return f"{name} is in the job with other bytes. Send it under another name."
    return (
        f"{name} differs from another photo's name only in case or Unicode form, or its result"
        " would. Send it under another name."
    )


def _sha256_of(content_digest: str | None) -> str | None:
    """The hexadecimal SHA-256 of a Content-Digest header (RFC 9530)."""
    if content_digest is None:
        return None
    for part in content_digest.split(","):
        algorithm, _, value = part.strip().partition("=")
        if algorithm.lower() == "sha-256":
            try:
                digest = base64.b64decode(value.strip(":"), validate=True)
            except binascii.Error as error:
                raise BadChecksum("Content-Digest is not base64 between colons.") from error
            if len(digest) == hashlib.sha256().digest_size:
                return digest.hex()
    raise BadChecksum("Send Content-Digest: sha-256=:<base64 of the 32 bytes>:")


async def _sha256(body: bytes | bytearray) -> str:
    if len(body) < 2**16:  # cheaper than a thread
        return hashlib.sha256(body).hexdigest()
    return await asyncio.to_thread(lambda: hashlib.sha256(body).hexdigest())
