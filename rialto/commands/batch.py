"""Pairs become files: a few photos at once, and one that fails harms no other.

The photos go to a restorer: a running service, or the rooms of the service in this process.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, Unpack

from rialto.client import APIConnectionError, AsyncClient
from rialto.client.call import RestoreOptions
from rialto.client.walk import OnProgress
from rialto.commands.pairs import Pair
from rialto.commands.turns import at_once
from rialto.writing import write_whole

REPETITIONS = 5  # a batch outlasts a restart of the service, or a full line: about 15 s

Status = Literal["restored", "skipped", "failed"]


class Restored(Protocol):
    """A restored photo: the bytes of its file, and how they came about."""

    @property
    def content(self) -> bytes:
        """The bytes of the image file."""

    @property
    def content_type(self) -> str:
        """Its media type."""

    @property
    def seed(self) -> int:
        """What decided the noise."""

    @property
    def network(self) -> str:
        """name@hash of the network's weights."""

    @property
    def plan(self) -> str:
        """Sampler, steps, grid and eta."""

    @property
    def timing(self) -> dict[str, float]:
        """Milliseconds by stage."""


class Restorer(Protocol):
    """Whatever restores one photo; `AsyncClient` is one."""

    async def restore(
        self, photo: bytes, /, *, task: str, **options: Unpack[RestoreOptions]
    ) -> Restored:
        """Restore the image file `photo`; any exception is a failure of this photo alone."""
        ...


class ServiceLostError(Exception):
    """The service can no longer be reached: no photo of the batch can be restored."""


@dataclass(frozen=True)
class Outcome:
    """What became of one pair, and in how many seconds."""

    pair: Pair
    status: Status
    seconds: float = 0.0
    restored: Restored | None = None
    error: Exception | None = None


@dataclass(frozen=True)
class Work:
    """What is to be done: pairs, and how each is restored.

    concurrency  photos at once         overwrite  replace outputs that exist, not skip them
    """

    pairs: Sequence[Pair]
    task: str
    options: RestoreOptions
    concurrency: int = 2
    overwrite: bool = False


async def restore_all(work: Work, restorer: Restorer, report: Callable[[Outcome], None]) -> None:
    """Restore every pair whose output is not there yet, and report each as it ends.

    Raises ServiceLostError, after which pairs without a report have not been restored.
    """

    async def restore(pair: Pair) -> None:
        report(await _restore_pair(pair, work, restorer))

    await at_once(work.concurrency, restore, work.pairs)


async def _restore_pair(pair: Pair, work: Work, restorer: Restorer) -> Outcome:
    if pair.output.exists() and not work.overwrite:
        return Outcome(pair, "skipped")
    start = time.monotonic()
    options = RestoreOptions(**work.options)
    options["format"] = pair.format
    try:
        photo = await asyncio.to_thread(pair.source.read_bytes)
        restored = await restorer.restore(photo, task=work.task, **options)
        await asyncio.to_thread(_save, restored.content, pair.output, work.overwrite)
    except ServiceLostError:
        raise
    except Exception as error:  # whatever befell this photo, the others go on
        return Outcome(pair, "failed", time.monotonic() - start, error=error)
    return Outcome(pair, "restored", time.monotonic() - start, restored)


def _save(content: bytes, output: Path, overwrite: bool) -> None:
    output.parent.mkdir(parents=True, exist_ok=True)
    write_whole(content, output, overwrite=overwrite)


class ServiceRestorer:
    """A running service, with the difference told between a bad photo and a lost service."""

    def __init__(self, client: AsyncClient, url: str, on_progress: OnProgress | None) -> None:
        self._client = client
        self._url = url
        self._on_progress = on_progress

    async def restore(
        self, photo: bytes, /, *, task: str, **options: Unpack[RestoreOptions]
    ) -> Restored:
        """As `AsyncClient.restore`; raises ServiceLostError where nothing answers any more."""
        try:
            return await self._client.restore(
                photo, task=task, on_progress=self._on_progress, **options
            )
        except APIConnectionError as error:
            if await self._client.ready():
                raise
            raise ServiceLostError(f"the service at {self._url} is gone") from error

    async def check(self, task: str) -> None:
        """Raises ServiceLostError where nothing answers, ValueError where it has no such task."""
        try:
            tasks = await self._client.with_options(max_retries=0).tasks()
        except APIConnectionError as error:
            message = f"no service answers at {self._url}; start one (rialto serve) or use --local"
            raise ServiceLostError(message) from error
        if task not in tasks:
            raise ValueError(f"the service has no task {task!r}, only {', '.join(tasks)}")


@asynccontextmanager
async def open_service(
    url: str, task: str, silence_s: float, on_progress: OnProgress | None = None
) -> AsyncIterator[ServiceRestorer]:
    """A restorer that uses the service at `url`, which has been seen to know `task`.

    silence_s  seconds after which a service that says nothing has failed a photo
    """
    async with AsyncClient(url, timeout=silence_s, max_retries=REPETITIONS) as client:
        restorer = ServiceRestorer(client, url, on_progress)
        await restorer.check(task)
        yield restorer


@asynccontextmanager
async def open_local(task: str, options: RestoreOptions) -> AsyncIterator[Restorer]:
    """A restorer in this process, with the networks of `model_repo/`; no service is needed.

    Raises ValueError where settings are wrong, or no network knows the task or plan.
    """
    from service.inprocess import LocalRestorer  # noqa: PLC0415 -- engine and codec
    from service.problems import Problem  # noqa: PLC0415
    from service.settings import UnknownSetting  # noqa: PLC0415

    try:
        restorer = LocalRestorer()
    except UnknownSetting as error:
        raise ValueError(str(error)) from error
    async with restorer:
        try:
            restorer.check(task, **options)
        except Problem as problem:
            raise ValueError(problem.detail) from problem
        yield restorer
