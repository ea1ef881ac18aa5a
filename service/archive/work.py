"""One leased photo of a job, worked off: from its blob to restored blobs, or to a failure.

What goes wrong is of three kinds. The photo's own fault fails it at once, with the reason. A
fault that may have been chance is retried after a while. Where a part of the service is away,
the photo goes back in line, and the attempt is not held against it.
"""

import asyncio
import hashlib
import logging
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass

from bridge.restoration import Progress
from service.archive.blobs import BlobsAway, NoSuchBlob
from service.archive.digest import sha256_of
from service.archive.keys import output_key
from service.archive.names import output_name
from service.archive.queue import Lease
from service.archive.records import Failure, OutputBlob, OutputSpec
from service.archive.sources import Sources
from service.engine import Priority
from service.photo.formats import sniff
from service.problems import Problem
from service.restore import Order, Restorer
from service.restore.accept import Upload
from service.restore.enqueue import LineFull
from service.restore.infer import EngineAway
from service.restore.pack import Wrapping
from service.restore.reply import Restored

log = logging.getLogger("rialto.archive")

Report = Callable[[float], None]

RETRY_BASE_S, RETRY_MOST_S = 2.0, 300.0


class PartAway(Exception):
    """Engine, line or storage cannot serve now; the photo is not at fault."""


@dataclass(frozen=True)
class Refused:
    """A photo that was not restored. `retry_in_s` None: it never will be."""

    failure: Failure
    retry_in_s: float | None


class WrongChecksum(Problem):
    """The bytes in storage are not those that were sent."""

    status = 422
    slug = "wrong-checksum"
    title = "The photo's bytes are not those that were announced"


async def work_off(
    lease: Lease, restorer: Restorer, sources: Sources, report: Report
) -> tuple[OutputBlob, ...] | Refused:
    """Restore all outputs of one photo and store them; `report` is told the share done.

    Raises PartAway, after which the lease is to be given back.
    """
    try:
        photo = await _fetch(lease, sources)
        outputs = []
        for index, spec in enumerate(lease.spec.outputs):
            made = await _restore(
                photo, spec, restorer, _reporting(report, index, len(lease.spec.outputs))
            )
            outputs.append(await _store(made, lease, spec, sources))
        return tuple(outputs)
    except (EngineAway, LineFull, BlobsAway) as error:
        raise PartAway(error.detail) from error
    except NoSuchBlob as error:
        return Refused(Failure(slug="no-such-blob", detail=f"There is no {error}."), None)
    except Problem as problem:
        failure = Failure(slug=problem.slug, detail=problem.detail)
        return Refused(failure, None if problem.status < 500 else retry_delay_s(lease.attempt))
    except Exception:
        log.exception("photo %s of job %s failed", lease.name, lease.job_id)
        failure = Failure(slug="internal-error", detail="The worker's log knows more.")
        return Refused(failure, retry_delay_s(lease.attempt))


def retry_delay_s(attempt: int) -> float:
    """2, 4, 8 ... seconds before attempt 2, 3, 4 ..., at most five minutes."""
    return float(min(RETRY_BASE_S * 2 ** (attempt - 1), RETRY_MOST_S))


async def _fetch(lease: Lease, sources: Sources) -> bytes:
    photo = await sources.get(lease.input.key)
    if lease.input.sha256:
        found = await sha256_of(photo)
        if found != lease.input.sha256:
            raise WrongChecksum(f"Expected sha256 {lease.input.sha256}, storage holds {found}.")
    return photo


def _reporting(report: Report, index: int, count: int) -> Report:
    """`report` for one of `count` outputs, those before it being done."""
    return lambda share: report((index + share) / count)


async def _restore(photo: bytes, spec: OutputSpec, restorer: Restorer, report: Report) -> Restored:
    wrapping = Wrapping(spec.format or sniff(photo), spec.quality, spec.metadata)
    order = Order(spec.choice(), spec.seed, wrapping, Priority.ARCHIVE)
    async with aclosing(restorer.restore(Upload(photo), order)) as walk:
        async for made in walk:
            if isinstance(made, Restored):
                return made
            if isinstance(made, Progress):
                report(made.fraction)
    raise RuntimeError("the walk ended without a photo")


async def _store(made: Restored, lease: Lease, spec: OutputSpec, sources: Sources) -> OutputBlob:
    """Content-addressed: a zombie that restores the photo again writes the same blob again."""
    sha256, sha512 = await asyncio.to_thread(_digests, made.data)
    key = output_key(lease.job_id, sha256)
    name = output_name(lease.name, spec, several=len(lease.spec.outputs) > 1)
    await sources.own.put(
        key, made.data, content_type=made.content_type, download_as=name.rpartition("/")[2]
    )
    return OutputBlob(
        name=name,
        key=key,
        bytes=len(made.data),
        sha256=sha256,
        sha512=sha512,
        content_type=made.content_type,
        width=made.width,
        height=made.height,
        task=spec.task,
        network=made.network,
        plan=made.plan,
        seed=made.seed,
        seconds=round(sum(made.timing.values()) / 1000, 3),
        notes=made.notes,
    )


def _digests(data: bytes) -> tuple[str, str]:
    return hashlib.sha256(data).hexdigest(), hashlib.sha512(data).hexdigest()
