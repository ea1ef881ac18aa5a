"""The `rialto` command line: one door to training, export, serving and restoring."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from rialto.choices import DEFAULT_URL
from rialto.cli_export import export, import_nvlabs
from rialto.cli_networks import evaluate, plot, train
from rialto.cli_triton import models, triton
from rialto.commands.archive import archive, jobs
from rialto.commands.doctor import doctor
from rialto.commands.keys import keys
from rialto.commands.photos import photos
from rialto.commands.restore import restore

if TYPE_CHECKING:  # a command loads what it needs when it runs
    from service.settings import Settings

app = typer.Typer(no_args_is_help=True, add_completion=True, help=__doc__)

app.command()(restore)
app.command()(photos)
app.command()(archive)
app.command()(jobs)
app.command()(doctor)
app.command()(train)
app.command()(export)
app.command("import-nvlabs")(import_nvlabs)
app.command()(evaluate)
app.command()(plot)
app.command()(triton)
app.add_typer(models, name="models")
app.add_typer(keys, name="keys")


@app.callback()
def rialto() -> None:
    """Restore photographs with diffusion bridges."""


@app.command()
def serve(
    host: Annotated[Optional[str], typer.Option(help="Address to listen on.")] = None,
    port: Annotated[Optional[int], typer.Option(help="Port to listen on.")] = None,
    model_repo: Annotated[Optional[Path], typer.Option(help="Where the networks are.")] = None,
    engine: Annotated[
        Optional[str],
        typer.Option(help="local, or triton: one is started beside it where none listens."),
    ] = None,
) -> None:
    """Serve HTTP: gateway, embedded engine, queue, one worker and the page, in one process.

    Settings: docs/04-settings.md.
    """
    settings = _settings("serve", host=host, port=port, model_repo=model_repo, engine=engine)
    if engine != "triton":
        _serve("serve", settings)
        return
    from rialto.commands.own_triton import triton_beside
    from rialto.commands.triton_wheel import TritonError

    try:
        with triton_beside(settings):
            _serve("serve", settings)
    except TritonError as error:
        typer.echo(f"rialto serve: {error}", err=True)
        raise typer.Exit(2) from error


@app.command()
def gateway(
    host: Annotated[Optional[str], typer.Option(help="Address to listen on.")] = None,
    port: Annotated[Optional[int], typer.Option(help="Port to listen on.")] = None,
) -> None:
    """Serve HTTP as `serve` does, and leave the archive's photos to workers."""
    settings = _settings("gateway", host=host, port=port, archive_places=0)
    if not settings.redis_url:
        typer.echo("rialto gateway: it needs RIALTO_REDIS_URL, the workers' queue", err=True)
        raise typer.Exit(2)
    _serve("gateway", settings)


@app.command()
def worker(
    metrics_port: Annotated[
        Optional[int],
        typer.Option(min=0, max=65535, help="Of GET /metrics, 9400 unless set; 0 opens none."),
    ] = None,
) -> None:
    """Restore the archive's photos; any number of workers share one queue and storage."""
    from rialto.commands.worker import work

    try:
        work(_settings("worker", metrics_port=metrics_port))
    except ValueError as error:
        typer.echo(f"rialto worker: {error}", err=True)
        raise typer.Exit(2) from error


@app.command()
def health(
    url: Annotated[str, typer.Option(help="The service.")] = DEFAULT_URL,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds.")] = 4.0,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, on standard output.")] = False,
) -> None:
    """Exit with 0 where a photo would be restored now, else with 1."""
    from rialto.commands.health import healthy

    fine, told = healthy(url, timeout)
    if as_json:
        typer.echo(json.dumps({"ready": fine, "told": told}, ensure_ascii=False))
    else:
        typer.echo(told, err=not fine)
    raise typer.Exit(not fine)


def _serve(command: str, settings: "Settings") -> None:
    """Serve until stopped; exit code 2 where it was not said who may come, or a port is taken."""
    from rialto.commands.serve import serve as run_service
    from service.auth.policy import AuthUndecided
    from service.telemetry import PortTaken

    try:
        run_service(settings)
    except (AuthUndecided, PortTaken) as error:
        typer.echo(f"rialto {command}: {error}", err=True)
        raise typer.Exit(2) from error


def _settings(command: str, **given: Any) -> "Settings":
    """Settings, or exit code 2 with what is wrong with them."""
    from pydantic import ValidationError

    from service.settings import UnknownSetting, read_settings

    try:
        return read_settings({name: value for name, value in given.items() if value is not None})
    except (UnknownSetting, ValidationError) as error:
        typer.echo(f"rialto {command}: {error}", err=True)
        raise typer.Exit(2) from error


def main() -> None:
    """The command; what an extra would bring is named where it is missing."""
    try:
        app()
    except ModuleNotFoundError as error:
        typer.echo(f"rialto: {error.name} is missing; pip install 'rialto[train]'", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
