"""A folder of photos becomes a folder of results, by a job of the service.

Everything can be broken off at any moment, on either side, and the same command goes on: the job's
id lies in the results' folder, photos are sent by name and checksum, results are held to theirs.
"""

import asyncio
import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from rialto.client import AsyncClient, NotFoundError, RialtoError
from rialto.client.job_records import Job, JobOutput, JobPhoto
from rialto.commands.pairs import photos_in
from rialto.commands.turns import at_once
from rialto.writing import write_whole

STATE_FILE = ".rialto-job.json"


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


async def run_archive(archive: Archive, client: AsyncClient) -> tuple[Job, list[JobPhoto]]:
    """Send, watch, fetch; returns the ended job and its failed photos.

    Raises OtherJob, ValueError where the folder holds no photo, RialtoError where the service
    refuses or stays away, OSError.
    """
    photos = await asyncio.to_thread(photos_in, archive.folder, archive.out)
    if not photos:
        raise ValueError(f"{archive.folder} holds no photo")
    job = await _opened(archive, client)
    if not job.ended:
        await _send(archive, client, job, photos)
        await client.jobs.tell(job.id, "close")
        job = await client.jobs.wait(
            job.id, lambda job: archive.tell("restoring", job.counts.ended, job.counts.total)
        )
    failed = await _fetch(archive, client, job.id)
    if archive.bag:
        await asyncio.to_thread(unpack_tags, await client.jobs.tag_files(job.id), archive.out)
    return job, failed


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


async def _send(archive: Archive, client: AsyncClient, job: Job, photos: list[Path]) -> None:
    """Every photo that the service does not hold yet under this name and checksum."""
    held = {photo.name: photo.input.sha256 async for photo in client.jobs.photos(job.id)}
    sent = 0

    async def send(photo: Path) -> None:
        nonlocal sent
        name = photo.relative_to(archive.folder).as_posix()
        content = await asyncio.to_thread(photo.read_bytes)
        if held.get(name) != hashlib.sha256(content).hexdigest():
            await client.jobs.put(job.id, name, content)
        sent += 1
        archive.tell("sending", sent, len(photos))

    await at_once(archive.concurrency, send, photos)


async def _fetch(archive: Archive, client: AsyncClient, job_id: str) -> list[JobPhoto]:
    """Every result that does not lie here with its checksum; returns the failed photos."""
    outputs: list[JobOutput] = []
    failed: list[JobPhoto] = []
    async for photo in client.jobs.photos(job_id):
        outputs += photo.outputs
        if photo.state == "failed":
            failed.append(photo)
    fetched = 0

    async def fetch(output: JobOutput) -> None:
        nonlocal fetched
        target = inside(archive.payload, output.name)
        if not await asyncio.to_thread(_holds, target, output.sha256):
            content = await client.jobs.result(job_id, output)
            await asyncio.to_thread(_write, content, target)
        fetched += 1
        archive.tell("fetching", fetched, len(outputs))

    await at_once(archive.concurrency, fetch, outputs)
    return failed


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
