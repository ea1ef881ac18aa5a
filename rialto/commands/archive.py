"""`rialto archive FOLDER --out OUT` and `rialto jobs`: many photos by a job of the service."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rialto.choices import DEFAULT_URL, FormatName, MetadataMode, PresetName
from rialto.commands.interrupt import INTERRUPTED, run_interruptible

if TYPE_CHECKING:  # the HTTP client is loaded by the command that needs it, when it runs
    from rialto.commands.archive_run import Archive

REPETITIONS = 40  # five minutes of a service that is away, before the command gives up


def archive(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Of photos.")],
    out: Annotated[Path, typer.Option(help="Folder of results; made where there is none.")],
    *,
    task: Annotated[str, typer.Option(help="What to do: sr4x, jpeg, …")],
    preset: Annotated[PresetName, typer.Option(help="Quick, or as well as it can.")] = "fast",
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same pixels.")] = 0,
    format: Annotated[  # noqa: A002 -- the option's name
        FormatName | None, typer.Option(help="Of results; else as each photo's own.")
    ] = None,
    quality: Annotated[int, typer.Option(min=1, max=100, help="Of lossy formats.")] = 92,
    metadata: Annotated[MetadataMode, typer.Option(help="EXIF, XMP, IPTC.")] = "keep",
    bag: Annotated[bool, typer.Option("--bag", help="OUT becomes a BagIt bag.")] = False,
    url: Annotated[str, typer.Option(help="The service.")] = DEFAULT_URL,
    concurrency: Annotated[int, typer.Option(min=1, help="Photos on their way at once.")] = 4,
    as_json: Annotated[
        bool, typer.Option("--json", help="The ended job as JSON, on standard output.")
    ] = False,
) -> None:
    """Send a folder of photos, watch, fetch the results, check them.

    The same command goes on where it was broken off, by Ctrl-C, a kill, or a restarted service.

    Exit code 1 where any photo failed or was not taken.
    """
    from rialto.commands.archive_run import Archive  # noqa: PLC0415 -- loads the HTTP client

    output: dict[str, Any] = {
        "task": task,
        "preset": preset,
        "seed": seed,
        "format": format,
        "quality": quality,
        "metadata": metadata,
    }
    wanted = Archive(folder, out, (output,), bag, concurrency)
    raise typer.Exit(_run(wanted, url, as_json=as_json))


def _run(wanted: "Archive", url: str, *, as_json: bool) -> int:
    """Do it, with progress shown; returns the exit code."""
    from rialto.client import AsyncClient, RialtoError  # noqa: PLC0415 -- as above
    from rialto.commands.archive_run import OtherJob, run_archive  # noqa: PLC0415
    from rialto.commands.job_report import job_bar, record, say, shown, told  # noqa: PLC0415

    async def work(tell: Callable[[str, int, int], None]) -> int:
        async with AsyncClient(url, max_retries=REPETITIONS) as client:
            made = await run_archive(replace(wanted, tell=tell), client)
        for photo in made.failed:
            say(f"failed {photo.name}: {photo.failure.detail if photo.failure else ''}")
        for name, why in made.unsent.items():
            say(f"not sent {shown(name)}: {why}")
        say(told(made.job))
        if as_json:
            typer.echo(record(made.job, made.failed, made.unsent))
        return int(not made.is_whole)

    try:
        with job_bar() as tell:
            return run_interruptible(work(tell))
    except KeyboardInterrupt:
        say("interrupted; the same command goes on from here")
        return INTERRUPTED
    except (RialtoError, OtherJob, ValueError, OSError) as error:
        say(f"stopped: {error}; the same command goes on from here")
        return 2


def jobs(
    job: Annotated[str | None, typer.Argument(help="One job's id; else the newest.")] = None,
    *,
    failed: Annotated[bool, typer.Option("--failed", help="List its failed photos.")] = False,
    url: Annotated[str, typer.Option(help="The service.")] = DEFAULT_URL,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """List the service's jobs, or show one."""
    from rialto.client import AsyncClient, RialtoError  # noqa: PLC0415 -- as above
    from rialto.commands.job_report import (  # noqa: PLC0415
        record,
        records,
        say,
        show_failed,
        table,
        told,
    )

    async def show() -> None:
        async with AsyncClient(url) as client:
            if job is None:
                found = await client.jobs.list()
                typer.echo(records(found)) if as_json else table(found)
                return
            one = await client.jobs.show(job)
            lost = [photo async for photo in client.jobs.photos(job, "failed")] if failed else []
        if as_json:
            typer.echo(record(one, lost))
        else:
            typer.echo(told(one))
            show_failed(lost)

    try:
        asyncio.run(show())
    except RialtoError as error:
        say(f"stopped: {error}")
        raise typer.Exit(2) from error
