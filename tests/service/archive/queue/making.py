"""Specs, photos and outputs for the queue's tests, and a hand that moves time on."""

import hashlib
import unicodedata

from redis.asyncio import Redis

from service.archive.queue import Lease, NewPhoto
from service.archive.records import InputBlob, JobPriority, JobSpec, OutputBlob, OutputSpec


def spec(priority: JobPriority = "normal", title: str = "") -> JobSpec:
    return JobSpec(outputs=(OutputSpec(task="sr4x"),), priority=priority, title=title)


def photo(job_id: str, name: str, data: bytes = b"bytes", *rivals: str) -> NewPhoto:
    """A photo that was sent to us."""
    sha256 = hashlib.sha256(data).hexdigest()
    blob = InputBlob(key=f"jobs/{job_id}/in/{sha256}", bytes=len(data), sha256=sha256)
    return NewPhoto(name, unicodedata.normalize("NFC", name.casefold()), rivals, blob)


def photos(job_id: str, how_many: int) -> list[NewPhoto]:
    return [photo(job_id, f"{number:06}.jpg") for number in range(how_many)]


def output(name: str = "photo.png", seed: int = 2**53 - 1) -> OutputBlob:
    return OutputBlob(
        name=name,
        key=f"jobs/j/out/{name}",
        bytes=2_000_000_000,
        sha256="5" * 64,
        sha512="6" * 128,
        content_type="image/png",
        width=4000,
        height=3000,
        task="sr4x",
        network="sr4x@0123456789ab",
        plan="dbim;steps=10;grid=quadratic;eta=0.1",
        seed=seed,
        seconds=0.1 + 0.2,
    )


async def run_out(redis: Redis, lease: Lease, place: str = "leases") -> None:
    """Let a lease, or with `place` "due" a wait, have run out just now."""
    await redis.zadd("{rialto}:" + place, {f"{lease.job_id}/{lease.name}": 0}, xx=True)
