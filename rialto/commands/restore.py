"""`rialto restore IN OUT`: a photo or a folder of photos, restored by a service or in process."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rialto.choices import DEFAULT_URL, FormatName, MetadataMode, PresetName
from rialto.commands.interrupt import INTERRUPTED, run_interruptible
from rialto.commands.pairs import Pair, pair_up

if TYPE_CHECKING:  # the HTTP client is loaded by the command that needs it, when it runs
    from rialto.commands.batch import Work


def restore(
    source: Annotated[Path, typer.Argument(metavar="IN", exists=True, help="Photo or folder.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="File or folder.")],
    *,
    task: Annotated[str, typer.Option(help="What to do: sr4x, jpeg, …")],
    preset: Annotated[PresetName, typer.Option(help="Quick, or as well as it can.")] = "fast",
    steps: Annotated[
        int | None, typer.Option(min=1, max=999, help="Evaluations; else the preset's.")
    ] = None,
    sampler: Annotated[str | None, typer.Option(help="Else the preset's.")] = None,
    eta: Annotated[
        float | None, typer.Option(min=0, max=1, help="Share of fresh noise; else the preset's.")
    ] = None,
    grid: Annotated[str | None, typer.Option(help="Where steps lie; else the preset's.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Same seed, same pixels.")] = None,
    format: Annotated[  # noqa: A002 -- the option's name
        FormatName | None, typer.Option(help="Of OUT; else by its suffix, else as IN.")
    ] = None,
    quality: Annotated[int | None, typer.Option(min=1, max=100, help="Of lossy formats.")] = None,
    metadata: Annotated[MetadataMode, typer.Option(help="EXIF, XMP, IPTC.")] = "keep",
    mask: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="White: repair here.")
    ] = None,
    url: Annotated[str, typer.Option(help="The service.")] = DEFAULT_URL,
    local: Annotated[bool, typer.Option("--local", help="In process, without a service.")] = False,
    concurrency: Annotated[int, typer.Option(min=1, help="Photos of a folder at once.")] = 2,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace outputs that exist; originals never.")
    ] = False,
    timeout: Annotated[
        float, typer.Option(min=0, help="Seconds of silence after which a photo has failed.")
    ] = 660.0,
    json_lines: Annotated[
        bool, typer.Option("--json", help="One JSON line a photo, on standard output.")
    ] = False,
) -> None:
    """Restore a photo, or every photo in a folder and its sub-folders.

    A folder is taken up where it stood: outputs that exist are skipped.

    Exit code 1 where any photo failed.
    """
    from rialto.commands.batch import Work  # noqa: PLC0415 -- loads the HTTP client

    try:
        pairs = _checked_pairs(source, target, format, mask, overwrite)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    work = Work(
        pairs,
        task,
        {
            "preset": preset,
            "steps": steps,
            "sampler": sampler,
            "eta": eta,
            "grid": grid,
            "seed": seed,
            "quality": quality,
            "metadata": metadata,
            "mask": mask,
        },
        concurrency,
        overwrite,
    )
    raise typer.Exit(_run(work, None if local else url, timeout, json_lines))


def _checked_pairs(
    source: Path,
    target: Path,
    format: FormatName | None,  # noqa: A002
    mask: Path | None,
    overwrite: bool,
) -> list[Pair]:
    if mask is not None and source.is_dir():
        raise ValueError("--mask is for one photo, and IN is a folder")
    pairs = pair_up(source, target, format)
    if source.is_file() and pairs[0].output.exists() and not overwrite:
        raise ValueError(f"{pairs[0].output} exists; --overwrite replaces it")
    return pairs


def _run(work: "Work", url: str | None, timeout: float, json_lines: bool) -> int:
    """Do the work, by the service at `url` or in this process; returns the exit code."""
    from rialto.client import RialtoError  # noqa: PLC0415 -- as above
    from rialto.commands.batch import (  # noqa: PLC0415
        ServiceLostError,
        open_local,
        open_service,
        restore_all,
    )
    from rialto.commands.report import Report  # noqa: PLC0415

    interrupted = False
    report = Report(len(work.pairs), json_lines=json_lines)
    watch = report.step if report.shows_steps else None

    async def run() -> None:
        opened = (
            open_local(work.task, work.options)
            if url is None
            else open_service(url, work.task, timeout, watch)
        )
        async with opened as restorer:
            await restore_all(work, restorer, report.add)

    with report:
        try:
            run_interruptible(run())
        except (ServiceLostError, RialtoError, ValueError) as error:
            report.say(str(error))
        except KeyboardInterrupt:
            report.say("interrupted; the same command goes on from here")
            interrupted = True
    fine = report.close_books()
    return INTERRUPTED if interrupted else int(not fine)
