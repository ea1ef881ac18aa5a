"""The commands that make and judge networks; they need the extras `train` or `export`."""

from pathlib import Path
from typing import Annotated, Optional, get_args

import typer

from bridge.contract import PresetName

DEFAULT_ITERATIONS = 100_000


def train(
    task: Annotated[str, typer.Argument(help="sr4x, jpeg, inpaint ...: a recipe's name.")],
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
    perceptual: Annotated[float, typer.Option(help="Weight of LPIPS on VGG16 beside it.")] = 0.0,
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
    from bridge.training_plan import TrainingPlan
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
            perceptual=perceptual,
            cooldown=cooldown,
            seed=seed,
        )
        run_training(
            plan, photos, validation, out, hours, device, keep=keep, begin=begin, pace=pace
        )
    except ValueError as error:
        typer.echo(f"rialto train: {error}", err=True)
        raise typer.Exit(2) from error


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
    presets: Annotated[
        str, typer.Option(help="Presets it serves, where another network serves the rest.")
    ] = "fast,balanced,best",
    new_version: Annotated[
        bool, typer.Option("--new-version", help="Beside the newest, not in its place.")
    ] = False,
    check_tensorrt: Annotated[
        bool, typer.Option("--check-tensorrt", help="Parse and build all on this CPU.")
    ] = False,
    tensorrt: Annotated[
        Optional[str], typer.Option(help="fp32, fp16 or bf16: build plans for this GPU.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="What was written, as JSON.")] = False,
) -> None:
    """Turn a checkpoint into an ONNX file that Triton and the embedded engine serve.

    With --check-tensorrt or --tensorrt: the networks of --model-repo, as TensorRT takes them.
    """
    if check_tensorrt or tensorrt is not None:
        _tensorrt(model_repo, name, tensorrt)
        return
    if checkpoint is None or photos is None or not name:
        raise typer.BadParameter("an export needs CHECKPOINT, --name and --photos")
    from rialto.commands.export import Wished
    from rialto.commands.export import export as run_export

    chosen = tuple(filter(None, presets.split(",")))
    unknown = set(chosen) - set(get_args(PresetName))
    if unknown or not chosen:
        raise typer.BadParameter(f"no preset {', '.join(sorted(unknown)) or 'at all'}")
    run_export(
        checkpoint,
        Wished(
            name,
            model_repo,
            photos,
            photographs,
            cpu_hours,
            chosen,  # type: ignore[arg-type]
            new_version,
        ),
        as_json=as_json,
    )


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
    as_json: Annotated[bool, typer.Option("--json", help="What was written, as JSON.")] = False,
) -> None:
    """Mount a network of I²SB's authors; nothing in its files is run."""
    from export.nvlabs import CheckpointError
    from rialto.commands.import_nvlabs import import_nvlabs as run_import

    try:
        run_import(results, model_repo, name, task, licence, as_json=as_json)
    except (CheckpointError, OSError) as error:
        typer.echo(f"rialto import-nvlabs: {error}", err=True)
        raise typer.Exit(2) from error


def evaluate(
    task: Annotated[str, typer.Argument(help="sr4x, jpeg, inpaint, deblur and so on.")],
    photos: Annotated[Path, typer.Option(help="Clean photographs, never trained on.")],
    out: Annotated[Path, typer.Option(help="Folder for tables, plots and contact sheets.")],
    model_repo: Annotated[Path, typer.Option(help="Networks to judge.")] = Path("model_repo"),
    presets: Annotated[str, typer.Option(help="Comma-separated.")] = "fast,balanced,best",
    peers: Annotated[str, typer.Option(help="Comma-separated; `make peers` first.")] = "",
    crop: Annotated[int, typer.Option(min=0, help="Side of the central crop; 0: whole.")] = 256,
    damage: Annotated[Optional[str], typer.Option(help="Strength: q10, sigma2, boxes64 …")] = None,
    metrics: Annotated[str, typer.Option(help="lpips, lpips_vgg, dists.")] = "lpips",
    record: Annotated[bool, typer.Option(help="Write the scores into the cards.")] = False,
    curve: Annotated[
        str, typer.Option(help="Numbers of evaluations to draw quality against: 1,2,5,10.")
    ] = "",
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
        curve=tuple(_numbers(curve)),
    )
    try:
        run(asked)
    except (ValueError, WeightsError, PeerError, RepositoryError) as error:
        typer.echo(f"rialto evaluate: {error}", err=True)
        raise typer.Exit(2) from error


def _numbers(listing: str) -> list[int]:
    try:
        return [int(word) for word in listing.split(",") if word]
    except ValueError as error:
        raise typer.BadParameter(f"{listing!r} is no list of numbers") from error


def plot(
    log: Annotated[Path, typer.Argument(help="log.jsonl of one training run.")],
    out: Annotated[Path, typer.Argument(help="A PNG.")],
) -> None:
    """Draw the learning curve of a training run."""
    from rialto.commands.plot import plot as draw

    draw(log, out)
