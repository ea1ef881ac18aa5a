"""The `rialto` command line: one door to training, export, serving and restoring."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from rialto.commands.archive import archive, jobs
from rialto.commands.photos import photos
from rialto.commands.restore import restore

if TYPE_CHECKING:  # a command loads what it needs when it runs
    from service.settings import Settings

DEFAULT_ITERATIONS = 100_000

app = typer.Typer(no_args_is_help=True, add_completion=True, help=__doc__)

app.command()(restore)
app.command()(photos)
app.command()(archive)
app.command()(jobs)


@app.callback()
def rialto() -> None:
    """Restore photographs with diffusion bridges."""


@app.command()
def train(
    task: Annotated[str, typer.Argument(help="sr4x or jpeg.")],
    photos: Annotated[Path, typer.Option(help="Folder of photographs, searched recursively.")],
    hours: Annotated[
        Optional[float], typer.Option(help="Time to spend; sets --iterations.")
    ] = None,
    iterations: Annotated[
        Optional[int], typer.Option(help="Updates, where no hours are given.")
    ] = None,
    validation: Annotated[Optional[Path], typer.Option(help="Folder to validate on.")] = None,
    out: Annotated[Path, typer.Option(help="Where checkpoints and curves go.")] = Path("runs"),
    begin: Annotated[
        Optional[Path], typer.Option(help="Checkpoint whose weights a new run begins from.")
    ] = None,
    width: Annotated[int, typer.Option(help="Channels of the network.")] = 96,
    blocks: Annotated[int, typer.Option(help="Residual blocks of the network.")] = 7,
    period: Annotated[int, typer.Option(help="Grid of the damage in pixels: 16 for jpeg.")] = 0,
    patch: Annotated[int, typer.Option(help="Side of a training patch, in pixels.")] = 96,
    batch: Annotated[int, typer.Option(help="Patches an update.")] = 8,
    rate: Annotated[float, typer.Option(help="Learning rate before the cool-down.")] = 1e-3,
    loss: Annotated[str, typer.Option(help="l1 or l2.")] = "l1",
    cooldown: Annotated[
        float, typer.Option(help="Share of iterations with a falling rate.")
    ] = 0.25,
    save_every: Annotated[float, typer.Option(help="Seconds between checkpoints.")] = 180,
    seed: Annotated[int, typer.Option(help="Decides weights, patches and noise.")] = 0,
    device: Annotated[str, typer.Option(help="cpu, cuda or cuda:N.")] = "cpu",
    threads: Annotated[int, typer.Option(help="CPU threads of the network.")] = 1,
) -> None:
    """Train a bridge network; a run that was stopped is taken up where it stood."""
    import torch

    from bridge.degrade.recipes import RECIPES
    from bridge.train import TrainingPlan
    from rialto.commands.train import Pace
    from rialto.commands.train import train as run_training

    torch.set_num_threads(threads)
    if task not in RECIPES:
        raise typer.BadParameter(f"no recipe for task {task!r}; there are {sorted(RECIPES)}")
    pace = Pace(save_every_s=save_every)
    keep = iterations is None
    try:
        plan = TrainingPlan(
            task=task,
            iterations=iterations or DEFAULT_ITERATIONS,
            width=width,
            blocks=blocks,
            period=period,
            patch=patch,
            batch=batch,
            rate=rate,
            loss=loss,  # type: ignore[arg-type]
            cooldown=cooldown,
            seed=seed,
        )
        run_training(
            plan, photos, validation, out, hours, device, keep=keep, begin=begin, pace=pace
        )
    except ValueError as error:
        typer.echo(f"rialto train: {error}", err=True)
        raise typer.Exit(2) from error


@app.command()
def export(
    checkpoint: Annotated[
        Optional[Path], typer.Argument(help="A checkpoint of `rialto train`.")
    ] = None,
    name: Annotated[str, typer.Option(help="The network's name, and its folder's.")] = "",
    photos: Annotated[
        Optional[Path], typer.Option(help="Photographs to check the export on.")
    ] = None,
    model_repo: Annotated[Path, typer.Option(help="Where networks are served from.")] = Path(
        "model_repo"
    ),
    photographs: Annotated[str, typer.Option(help="What it was trained on, for the card.")] = "",
    cpu_hours: Annotated[Optional[float], typer.Option(help="Training time, for the card.")] = None,
    check_tensorrt: Annotated[
        bool, typer.Option("--check-tensorrt", help="Parse and build all on this CPU.")
    ] = False,
    tensorrt: Annotated[
        Optional[str], typer.Option(help="fp32, fp16 or bf16: build plans for this GPU.")
    ] = None,
) -> None:
    """Turn a checkpoint into an ONNX file that Triton and the embedded engine serve.

    With --check-tensorrt or --tensorrt: the networks of --model-repo, as TensorRT takes them.
    """
    if check_tensorrt or tensorrt is not None:
        _tensorrt(model_repo, name, tensorrt)
        return
    if checkpoint is None or photos is None or not name:
        raise typer.BadParameter("an export needs CHECKPOINT, --name and --photos")
    from rialto.commands.export import export as run_export

    run_export(checkpoint, name, model_repo, photos, photographs, cpu_hours)


def _tensorrt(model_repo: Path, name: str, precision: Optional[str]) -> None:
    from export.tensorrt import BuildOptions, TensorRtError
    from rialto.commands.tensorrt import build, check

    folders = [model_repo / name] if name else sorted(model_repo.iterdir())
    try:
        if precision is None:
            check(model_repo)
        else:
            build(folders, precision, BuildOptions())  # type: ignore[arg-type]
    except (TensorRtError, ValueError) as error:
        typer.echo(f"rialto export: {error}", err=True)
        raise typer.Exit(2) from error


@app.command("import-nvlabs")
def import_nvlabs(
    results: Annotated[Path, typer.Argument(help="Folder with latest.pt and options.pkl.")],
    model_repo: Annotated[Path, typer.Option(help="Where networks are served from.")] = Path(
        "model_repo"
    ),
    name: Annotated[
        Optional[str], typer.Option(help="Network and folder; else nvlabs-<damage>.")
    ] = None,
    task: Annotated[
        Optional[str], typer.Option(help="What ?task= calls it; else its name.")
    ] = None,
    licence: Annotated[str, typer.Option(help="For the card.")] = "CC-BY-NC-SA-4.0",
) -> None:
    """Mount a network of I²SB's authors; nothing in its files is run."""
    from export.nvlabs import CheckpointError
    from rialto.commands.import_nvlabs import import_nvlabs as run_import

    try:
        run_import(results, model_repo, name, task, licence)
    except (CheckpointError, OSError) as error:
        typer.echo(f"rialto import-nvlabs: {error}", err=True)
        raise typer.Exit(2) from error


@app.command()
def evaluate(
    task: Annotated[str, typer.Argument(help="sr4x or jpeg.")],
    photos: Annotated[Path, typer.Option(help="Clean photographs, never trained on.")],
    out: Annotated[Path, typer.Option(help="Folder for tables, plots and contact sheets.")],
    model_repo: Annotated[Path, typer.Option(help="Networks to judge.")] = Path("model_repo"),
    presets: Annotated[str, typer.Option(help="Comma-separated.")] = "fast,balanced,best",
    peers: Annotated[str, typer.Option(help="Comma-separated; `make peers` first.")] = "",
    crop: Annotated[int, typer.Option(min=0, help="Side of the central crop; 0: whole.")] = 256,
    damage: Annotated[Optional[str], typer.Option(help="Its strength, such as q10.")] = None,
    metrics: Annotated[str, typer.Option(help="lpips, lpips-vgg, dists.")] = "lpips",
    record: Annotated[bool, typer.Option(help="Write the scores into the cards.")] = False,
) -> None:
    """Measure presets, and peers beside them, on the same pixels."""
    from bridge.perceptual_weights import WeightsError
    from rialto.commands.evaluate import Evaluation, run
    from rialto.evaluation.peers import PeerError
    from service.engine.repository import RepositoryError

    names = [tuple(filter(None, text.split(","))) for text in (presets, peers, metrics)]
    asked = Evaluation(
        task=task,
        photos=photos,
        out=out,
        model_repo=model_repo,
        presets=names[0],  # type: ignore[arg-type]
        peers=names[1],
        crop=crop,
        strength=damage,
        metrics=names[2],
        record=record,
    )
    try:
        run(asked)
    except (ValueError, WeightsError, PeerError, RepositoryError) as error:
        typer.echo(f"rialto evaluate: {error}", err=True)
        raise typer.Exit(2) from error


@app.command()
def plot(
    log: Annotated[Path, typer.Argument(help="log.jsonl of one training run.")],
    out: Annotated[Path, typer.Argument(help="A PNG.")],
) -> None:
    """Draw the learning curve of a training run."""
    from rialto.commands.plot import plot as draw

    draw(log, out)


@app.command()
def serve(
    host: Annotated[Optional[str], typer.Option(help="Address to listen on.")] = None,
    port: Annotated[Optional[int], typer.Option(help="Port to listen on.")] = None,
    model_repo: Annotated[Optional[Path], typer.Option(help="Where the networks are.")] = None,
) -> None:
    """Serve HTTP: gateway, embedded engine, queue, one worker and the page, in one process.

    Settings: docs/04-settings.md.
    """
    from rialto.commands.serve import serve as run_service

    run_service(_settings("serve", host=host, port=port, model_repo=model_repo))


@app.command()
def gateway(
    host: Annotated[Optional[str], typer.Option(help="Address to listen on.")] = None,
    port: Annotated[Optional[int], typer.Option(help="Port to listen on.")] = None,
) -> None:
    """Serve HTTP as `serve` does, and leave the archive's photos to workers."""
    from rialto.commands.serve import serve as run_service

    settings = _settings("gateway", host=host, port=port, archive_places=0)
    if not settings.redis_url:
        typer.echo("rialto gateway: it needs RIALTO_REDIS_URL, the workers' queue", err=True)
        raise typer.Exit(2)
    run_service(settings)


@app.command()
def worker(
    metrics_port: Annotated[
        int, typer.Option(min=0, max=65535, help="Of GET /metrics; 0 opens none.")
    ] = 9400,
) -> None:
    """Restore the archive's photos; any number of workers share one queue and storage."""
    from rialto.commands.worker import work

    try:
        work(_settings("worker"), metrics_port)
    except ValueError as error:
        typer.echo(f"rialto worker: {error}", err=True)
        raise typer.Exit(2) from error


@app.command()
def health(
    url: Annotated[str, typer.Option(help="The service.")] = "http://127.0.0.1:8000",
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds.")] = 4.0,
) -> None:
    """Exit with 0 where a photo would be restored now, else with 1."""
    from rialto.commands.health import healthy

    fine, told = healthy(url, timeout)
    typer.echo(told, err=not fine)
    raise typer.Exit(not fine)


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
