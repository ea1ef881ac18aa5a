"""The commands that train and judge networks; they need the extra `train`."""

from pathlib import Path
from typing import Annotated, Optional

import typer

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
    walk: Annotated[
        int, typer.Option(help="Learn from the states of a walk of so many steps; 0: of any.")
    ] = 0,
    cooldown: Annotated[
        float, typer.Option(help="Share of iterations with a falling rate.")
    ] = 0.25,
    save_every: Annotated[float, typer.Option(help="Seconds between checkpoints.")] = 180,
    seed: Annotated[int, typer.Option(help="Decides weights, patches and noise.")] = 0,
    device: Annotated[str, typer.Option(help="cpu, cuda or cuda:N.")] = "cpu",
    threads: Annotated[int, typer.Option(help="CPU threads of the network.")] = 1,
    as_json: Annotated[
        bool, typer.Option("--json", help="The learning curve as JSON lines, as it grows.")
    ] = False,
) -> None:
    """Train a bridge network; a run that was stopped is taken up where it stood."""
    import torch

    from bridge.degrade.recipes import RECIPES
    from bridge.training_plan import TrainingPlan
    from rialto.commands.train import Pace, tell_json, tell_nobody
    from rialto.commands.train import train as run_training

    torch.set_num_threads(threads)
    if task not in RECIPES:
        raise typer.BadParameter(f"no recipe for task {task!r}; there are {sorted(RECIPES)}")
    pace, tell = Pace(save_every_s=save_every), tell_json if as_json else tell_nobody
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
            walk=walk,
            cooldown=cooldown,
            seed=seed,
        )
        run_training(
            plan,
            photos,
            validation,
            out,
            hours,
            device,
            keep=keep,
            begin=begin,
            pace=pace,
            tell=tell,
        )
    except ValueError as error:
        typer.echo(f"rialto train: {error}", err=True)
        raise typer.Exit(2) from error


def evaluate(
    task: Annotated[str, typer.Argument(help="sr4x, jpeg, inpaint, deblur and so on.")],
    photos: Annotated[Path, typer.Option(help="Clean photographs, never trained on.")],
    out: Annotated[Path, typer.Option(help="Folder for tables, plots and contact sheets.")],
    model_repo: Annotated[Path, typer.Option(help="Networks to judge.")] = Path("model_repo"),
    presets: Annotated[
        Optional[str], typer.Option(help="Comma-separated; all that the task has.")
    ] = None,
    peers: Annotated[str, typer.Option(help="Comma-separated; `make peers` first.")] = "",
    crop: Annotated[int, typer.Option(min=0, help="Side of the central crop; 0: whole.")] = 256,
    damage: Annotated[Optional[str], typer.Option(help="Strength: q10, sigma2, boxes64 …")] = None,
    metrics: Annotated[str, typer.Option(help="lpips, lpips_vgg, dists.")] = "lpips",
    record: Annotated[bool, typer.Option(help="Write the scores into the cards.")] = False,
    curve: Annotated[
        str, typer.Option(help="Numbers of evaluations to draw quality against: 1,2,5,10.")
    ] = "",
    as_json: Annotated[
        bool, typer.Option("--json", help="Means of each method as JSON, instead of the table.")
    ] = False,
) -> None:
    """Measure presets, and peers beside them, on the same pixels."""
    from bridge.perceptual_weights import WeightsError
    from rialto.commands.evaluate import Evaluation, run
    from rialto.evaluation.peers import PeerError
    from service.engine.repository import RepositoryError

    def names(text: str) -> tuple[str, ...]:
        return tuple(filter(None, text.split(",")))

    asked = Evaluation(
        task=task,
        photos=photos,
        out=out,
        model_repo=model_repo,
        presets=None if presets is None else names(presets),  # type: ignore[arg-type]
        peers=names(peers),
        crop=crop,
        strength=damage,
        metrics=names(metrics),
        record=record,
        curve=tuple(_numbers(curve)),
    )
    try:
        run(asked, as_json=as_json)
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
