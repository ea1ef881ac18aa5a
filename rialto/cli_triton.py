"""The commands around Triton: run one, and say what it shall serve."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

if TYPE_CHECKING:  # a command loads what it needs when it runs
    from rialto.commands.models import Models

models = typer.Typer(no_args_is_help=True, help="What a running Triton serves, and what it shall.")

Url = Annotated[str, typer.Option(help="The Triton's gRPC address.")]
Repository = Annotated[Path, typer.Option(help="Where networks are served from.")]
Name = Annotated[str, typer.Argument(help="A network.")]
Files = Annotated[
    bool, typer.Option("--files", help="No Triton: embedded engines follow the files.")
]
Drain = Annotated[float, typer.Option(min=0, help="Seconds for photos that have begun.")]

URL, REPOSITORY, DRAIN_S = "127.0.0.1:8001", Path("model_repo"), 600.0


def triton(
    model_repo: Repository = REPOSITORY,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    grpc_port: Annotated[int, typer.Option(help="What RIALTO_TRITON_URL names.")] = 8001,
    metrics_port: Annotated[int, typer.Option(help="For Prometheus.")] = 8002,
    http_port: Annotated[int, typer.Option(help="Triton's own HTTP.")] = 8003,
    threads: Annotated[int, typer.Option(min=0, help="CPU threads; 0 takes every core.")] = 0,
    venv: Annotated[Optional[Path], typer.Option(help="Where `make triton` put it.")] = None,
    priorities: Annotated[
        bool, typer.Option("--priorities", help="Triton's own priorities, by two instances.")
    ] = False,
) -> None:
    """Run the wheel's Triton on the model repository, on this machine's CPU."""
    from rialto.commands.triton import run_triton
    from rialto.commands.triton_server import Ports
    from rialto.commands.triton_wheel import TritonError

    try:
        ports = Ports(grpc_port, http_port, metrics_port, host)
        variant = "python-priorities" if priorities else "python"
        run_triton(model_repo, ports, threads, venv, variant)
    except TritonError as error:
        typer.echo(f"rialto triton: {error}", err=True)
        raise typer.Exit(2) from error


@models.command("list")
def list_models(
    url: Url = URL,
    model_repo: Repository = REPOSITORY,
    files: Files = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Every version that Triton knows, with its network's hash."""
    from rialto.commands.model_files import listed_files

    with _told(url, model_repo) as triton_:
        found = listed_files(model_repo) if files else triton_.listed()
        if as_json:
            typer.echo(json.dumps({"models": [asdict(one) for one in found]}))
            return
        for one in found:
            fields = (one.name, one.version, one.state, one.network, one.reason)
            typer.echo("\t".join(field for field in fields if field))


@models.command()
def load(
    name: Name, url: Url = URL, model_repo: Repository = REPOSITORY, drain_s: Drain = DRAIN_S
) -> None:
    """Serve the newest version on disk; photos that have begun end with the one before."""
    with _told(url, model_repo) as triton_:
        triton_.load(name, drain_s)


@models.command()
def unload(name: Name, url: Url = URL, model_repo: Repository = REPOSITORY) -> None:
    """Serve the network no longer."""
    with _told(url, model_repo) as triton_:
        triton_.unload(name)


@models.command()
def rollback(
    name: Name,
    url: Url = URL,
    model_repo: Repository = REPOSITORY,
    drain_s: Drain = DRAIN_S,
    files: Files = False,
) -> None:
    """Serve the version before the newest, and withdraw the newest."""
    from rialto.commands.model_files import version_before, withdraw

    with _told(url, model_repo) as triton_:
        if not files:
            triton_.rollback(name, drain_s)
            return
        before, newest, card = version_before(model_repo / name)
        withdraw(model_repo / name, newest, card)
        typer.echo(f"{name}: version {before} is served within seconds, {newest} is withdrawn")


@contextmanager
def _told(url: str, model_repo: Path) -> Iterator["Models"]:
    """A Triton to be told, or exit code 2 with why it was not done."""
    from rialto.commands.model_files import ModelsError
    from rialto.commands.models import Models
    from service.engine.repository import RepositoryError

    try:
        yield Models(url, model_repo, typer.echo)
    except (ModelsError, RepositoryError) as error:
        typer.echo(f"rialto models: {error}", err=True)
        raise typer.Exit(2) from error
