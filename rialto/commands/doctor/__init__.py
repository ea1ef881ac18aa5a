"""`rialto doctor`: a set-up becomes findings, and what to do about each that is not well.

Nothing is changed: a small object goes into the blob storage and out again, a port is tried for a
moment, the rest is read.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated

import typer

from rialto.commands.doctor.finding import Finding, State, looked

MARKS: dict[State, str] = {
    "fine": "[green]fine[/]",
    "note": "[yellow]note[/]",
    "broken": "[red]broken[/]",
    "unused": "[dim]unused[/]",
}


def doctor(
    as_json: Annotated[
        bool, typer.Option("--json", help="Findings as JSON, on standard output.")
    ] = False,
) -> None:
    """Look at this set-up, as the environment's settings make it, and say what to mend.

    Exit code 1 where something is broken.
    """
    found = []
    for finding in findings():
        found.append(finding)
        if not as_json:
            _show(finding)
    broken = sum(finding.state == "broken" for finding in found)
    if as_json:
        told = {"broken": broken, "findings": [asdict(finding) for finding in found]}
        typer.echo(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        typer.echo(f"{broken} broken" if broken else "nothing is broken")
    raise typer.Exit(int(broken > 0))


def findings() -> Iterator[Finding]:
    """All findings, in the order in which a start of the service would meet them."""
    from rialto.commands.doctor import install, machine  # noqa: PLC0415 -- as the checks run

    yield from looked("python", machine.check_python)
    yield from looked("packages", install.check_packages)
    yield from looked("processor", machine.check_processor)
    yield from looked("files", machine.check_files)
    yield from _by_settings()
    yield from looked("extras", install.check_extras)
    yield from looked("programs", install.check_programs)


def _by_settings() -> Iterator[Finding]:
    """What depends on the settings; nothing of it where they cannot be read."""
    from pydantic import ValidationError  # noqa: PLC0415 -- as above

    from rialto.commands.doctor import machine, networks, reach  # noqa: PLC0415
    from service.settings import UnknownSetting, read_settings  # noqa: PLC0415

    try:
        settings = read_settings()
    except (UnknownSetting, ValidationError) as error:
        mend = "mend or unset it: docs/04-settings.md has every name and bound"
        yield Finding("settings", "broken", " ".join(str(error).split()), mend)
        return
    yield Finding("settings", "fine", "every RIALTO_* name is known, every value in its bounds")
    data, triton = settings.data_folder(), settings.engine == "triton"
    memory = settings.decoders, settings.decode_memory_mb, settings.max_held_mb
    yield from looked("memory", lambda: machine.check_memory(*memory))
    yield from looked("disk", lambda: machine.check_disk(data))
    repository, threads = settings.model_repo_folder(), settings.engine_threads()
    if not triton:
        engine = repository, settings.runtime, threads
        yield from looked("networks", lambda: networks.check_engine(*engine))
    yield from looked("triton", lambda: reach.check_triton(settings.triton_url, triton))
    yield from looked("keys", lambda: reach.check_keys(settings.auth, settings.host))
    yield from looked("port", lambda: reach.check_port(settings.host, settings.port))
    yield from looked("redis", lambda: reach.check_redis(settings.redis_url))
    yield from looked("blobs", lambda: reach.check_blobs(settings.blobs or data / "blobs"))


def _show(finding: Finding) -> None:
    from rich.console import Console  # noqa: PLC0415 -- only where people read
    from rich.markup import escape  # noqa: PLC0415

    console = Console(soft_wrap=True, highlight=False)
    console.print(f"{MARKS[finding.state]}  {escape(finding.name)}: {escape(finding.told)}")
    if finding.mend and finding.state != "fine":
        console.print(f"        {escape(finding.mend)}")
