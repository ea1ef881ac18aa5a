"""What a person sees of jobs (a bar, a line, a table), and what a program reads (JSON)."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from rialto.client.job_records import Job, JobPhoto

STAGES = ("sending", "restoring", "fetching")

console = Console(stderr=True, soft_wrap=True, highlight=False)


def say(text: str) -> None:
    """One line for people."""
    console.print(escape(text))


@contextmanager
def job_bar() -> Iterator[Callable[[str, int, int], None]]:
    """Bars while the block runs; call what it yields with a stage, photos through it, and all."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )
    tasks = {stage: bar.add_task(stage, visible=False) for stage in STAGES}
    with bar:
        yield lambda stage, done, total: bar.update(
            tasks[stage], completed=done, total=total, visible=True
        )


def told(job: Job) -> str:
    """A job in one line."""
    counts = job.counts
    seconds = (job.ended_at or time.time()) - job.created_at
    parts = [
        f"job {job.id} {job.state}",
        f"{counts.restored} restored, {counts.failed} failed, {counts.cancelled} cancelled",
        f"of {counts.total}",
        f"{job.megapixels:.1f} megapixels in {seconds:.0f} s",
    ]
    if job.target_failure is not None:
        parts.append(f"its bag was not written: {job.target_failure.detail}")
    if not job.ended and job.eta_seconds is not None:
        parts.append(f"about {job.eta_seconds:.0f} s left")
    return ", ".join(parts)


def table(jobs: Sequence[Job]) -> None:
    """The newest jobs on standard output."""
    shown = Table("job", "opened", "state", "photos", "restored", "failed", "megapixels")
    for job in jobs:
        counts = job.counts
        opened = time.strftime("%Y-%m-%d %H:%M", time.localtime(job.created_at))
        numbers = (counts.total, counts.restored, counts.failed)
        megapixels = f"{job.megapixels:.1f}"
        shown.add_row(job.id, opened, job.state, *(str(number) for number in numbers), megapixels)
    Console().print(shown)


def show_failed(photos: Sequence[JobPhoto]) -> None:
    """Photos that failed, one a line, on standard output: name, tab, reason."""
    for photo in photos:
        print(f"{photo.name}\t{photo.failure.slug if photo.failure else ''}")


def shown(name: str) -> str:
    """A file's name as any terminal takes it."""
    return name.encode(errors="surrogateescape").decode(errors="replace")


def record(job: Job, failed: Sequence[JobPhoto], unsent: Mapping[str, str] | None = None) -> str:
    """A job as JSON says it, with the photos that failed, and those that are not in it."""
    photos = [photo.model_dump(mode="json", include={"name", "failure"}) for photo in failed]
    told: dict[str, Any] = {**job.model_dump(mode="json"), "failed": photos}
    if unsent is not None:
        told["unsent"] = [{"name": shown(name), "detail": why} for name, why in unsent.items()]
    return json.dumps(told, ensure_ascii=False)


def records(jobs: Sequence[Job]) -> str:
    """Jobs as JSON says them."""
    return json.dumps({"jobs": [job.model_dump(mode="json") for job in jobs]}, ensure_ascii=False)
