"""A folder of photos becomes a folder of results, by a job of the service.

Everything can be broken off at any moment, on either side, and the same command goes on: the job's
id lies in the results' folder, photos are sent by name and checksum, results are held to theirs.
"""

import asyncio
import hashlib
import io
import json
import tarfile
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from rialto.client import APIStatusError, AsyncClient, NotFoundError, RialtoError
from rialto.client.job_records import Job, JobOutput, JobPhoto
from rialto.commands.pairs import photos_in
from rialto.commands.turns import at_once
from rialto.writing import write_whole
from service.archive.names import bag_name

STATE_FILE = ".rialto-job.json"
OWN_FAULTS = frozenset({"bad-name", "name-taken", "body-too-large"})  # one photo's, not the job's


class OtherJob(Exception):
    """The results' folder belongs to a job of other photos or of another wish."""


@dataclass(frozen=True)
class Archive:
    """What is wanted: the photos' folder, the results' folder, and the outputs of each photo.

    bag   results go to `data/` of `out`, which becomes a BagIt bag
    tell  is told the stage, photos through it, and all, after every photo or second
    """

    folder: Path
    out: Path
    outputs: tuple[dict[str, Any], ...]
    bag: bool = False
    concurrency: int = 4
    tell: Callable[[str, int, int], None] = lambda *_: None

    @property
    def payload(self) -> Path:
        """Where results are written."""
        return self.out / "data" if self.bag else self.out


@dataclass(frozen=True)
class Outcome:
    """The ended job, its failed photos, and why others of the folder are not in it, by name."""

    job: Job
    failed: list[JobPhoto]
    unsent: dict[str, str]

    @property
    def is_whole(self) -> bool:
        """Whether every photo of the folder was restored."""
        return not (self.failed or self.unsent or self.job.counts.cancelled)


async def run_archive(archive: Archive, client: AsyncClient) -> Outcome:
    """Send, watch, fetch. A photo that the service does not take is told, and holds up no other.

    Raises OtherJob, ValueError where the folder holds no photo, RialtoError where the service
    refuses or stays away, OSError.
    """
    photos = await asyncio.to_thread(photos_in, archive.folder, archive.out)
    if not photos:
        raise ValueError(f"{archive.folder} holds no photo")
    job, unsent = await _opened(archive, client), dict[str, str]()
    if not job.ended:
        unsent = await _send(archive, client, job, photos)
        await client.jobs.tell(job.id, "close")
        job = await client.jobs.wait(
            job.id, lambda job: archive.tell("restoring", job.counts.ended, job.counts.total)
        )
    held = [photo async for photo in client.jobs.photos(job.id)]
    await _fetch(archive, client, job.id, [output for photo in held for output in photo.outputs])
    if archive.bag:
        await asyncio.to_thread(unpack_tags, await client.jobs.tag_files(job.id), archive.out)
    late = {_name(archive, photo) for photo in photos} - {photo.name for photo in held}
    late_told = f"It is not in job {job.id}, which has ended. Send it with another --out."
    unsent = dict.fromkeys(sorted(late), late_told) | unsent
    return Outcome(job, [photo for photo in held if photo.state == "failed"], unsent)


async def _opened(archive: Archive, client: AsyncClient) -> Job:
    """The job that lies in the folder, or a new one. The key is written before it is used."""
    file = archive.out / STATE_FILE
    wish = {"folder": str(archive.folder.resolve()), "outputs": list(archive.outputs)}
    if file.exists():
        state = json.loads(file.read_text())
        if state["wish"] != wish:
            raise OtherJob(f"{file} is of {state['wish']}; name another folder with --out")
    else:
        archive.out.mkdir(parents=True, exist_ok=True)
        state = {"wish": wish, "key": uuid4().hex}
        write_whole(json.dumps(state).encode(), file, overwrite=False)
    if "job" in state:
        try:
            return await client.jobs.show(state["job"])
        except NotFoundError as error:
            told = f"the service has forgotten job {state['job']}; remove {file} to begin again"
            raise OtherJob(told) from error
    job = await client.jobs.open(
        archive.outputs, idempotency_key=state["key"], title=archive.folder.name
    )
    write_whole(json.dumps(state | {"job": job.id}).encode(), file, overwrite=True)
    return job


async def _send(
    archive: Archive, client: AsyncClient, job: Job, photos: list[Path]
) -> dict[str, str]:
    """Every photo that the service does not hold yet under this name and checksum.

    Returns why photos were not taken, by name.
    """
    held = {photo.name: photo.input.sha256 async for photo in client.jobs.photos(job.id)}
    unsent: dict[str, str] = {}
    sent = 0

    async def send(photo: Path) -> None:
        nonlocal sent
        name = _name(archive, photo)
        content = await asyncio.to_thread(photo.read_bytes)
        if held.get(name) != hashlib.sha256(content).hexdigest():
            try:
                await client.jobs.put(job.id, name, content)
            except UnicodeEncodeError:
                unsent[name] = "Its name is no Unicode text. Rename it."
            except APIStatusError as error:
                if error.slug not in OWN_FAULTS:
                    raise
                unsent[name] = error.detail
        sent += 1
        archive.tell("sending", sent, len(photos))

    await at_once(archive.concurrency, send, photos)
    return unsent


def _name(archive: Archive, photo: Path) -> str:
    """What a photo is called in the job."""
    return unicodedata.normalize("NFC", photo.relative_to(archive.folder).as_posix())


async def _fetch(
    archive: Archive, client: AsyncClient, job_id: str, outputs: list[JobOutput]
) -> None:
    """Every result that does not lie here with its checksum."""
    fetched = 0

    async def fetch(output: JobOutput) -> None:
        nonlocal fetched
        name = bag_name(output.name) if archive.bag else output.name
        target = inside(archive.payload, name)
        if not await asyncio.to_thread(_holds, target, output.sha256):
            content = await client.jobs.result(job_id, output)
            await asyncio.to_thread(_write, content, target)
        fetched += 1
        archive.tell("fetching", fetched, len(outputs))

    await at_once(archive.concurrency, fetch, outputs)


def inside(folder: Path, name: str) -> Path:
    """`name` below `folder`. Raises RialtoError where a service names a file elsewhere."""
    target = folder / name
    if not target.resolve().is_relative_to(folder.resolve()):
        raise RialtoError(f"the service names a result {name}, outside {folder}")
    return target


def unpack_tags(tags: bytes, out: Path) -> None:
    """The bag's tag files, of a tar whose one folder is the bag's."""
    with tarfile.open(fileobj=io.BytesIO(tags)) as tar:
        for member in tar:
            if (file := tar.extractfile(member)) is not None:
                _write(file.read(), inside(out, member.name.partition("/")[2] or member.name))


def _holds(file: Path, sha256: str) -> bool:
    return file.is_file() and hashlib.sha256(file.read_bytes()).hexdigest() == sha256


def _write(content: bytes, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    write_whole(content, target, overwrite=True)
