"""`rialto train`: a folder of photographs and some hours become a bridge network."""

import hashlib
import json
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bridge.checkpoint import load_checkpoint, save_checkpoint
from bridge.photos import crop_store, photo_files
from bridge.train import TrainingRun
from bridge.training_plan import TrainingPlan
from bridge.validation import fits_validation, validation_of
from rialto.commands.learning_curve import Examiner, Log, Record

SPEED_PROBE = 40  # iterations timed to turn hours into iterations
HELD_OUT = 24  # photographs kept for validation where no folder is named for it
LATEST = "latest.pt"


@dataclass(frozen=True)
class Pace:
    """How often, in iterations, a run is validated and, in seconds, it is saved."""

    validate_every: int = 2000
    save_every_s: float = 180.0


def split_photos(photos: Path, validation: Path | None, task: str) -> tuple[list[Path], list[Path]]:
    """Training and validation files: a folder each, or every n-th of one folder held out.

    Held out are only photographs that are large enough to be judged. Raises ValueError where
    nothing is left on one side.
    """
    files = photo_files(photos)
    if validation is not None:
        return files, photo_files(validation)
    fitting = [file for file in files if fits_validation(task, file)]
    held = fitting[:: max(len(fitting) // HELD_OUT, 2)][:HELD_OUT]
    rest = [file for file in files if file not in set(held)]
    if not held or not rest:
        raise ValueError(f"{photos} has too few photographs to train on some and judge by others")
    return rest, held


def store_of(files: list[Path], folder: Path) -> Path:
    """Where the crops of exactly these files lie: another list of files has another store."""
    listing = "\n".join(f"{file} {file.stat().st_size}" for file in files)
    return folder / f"crops-{hashlib.sha256(listing.encode()).hexdigest()[:16]}.npy"


def planned_iterations(plan: TrainingPlan, crops: NDArray[Any], hours: float, device: str) -> int:
    """How many updates `hours` will hold, from the speed of a few that are thrown away."""
    probe = TrainingRun(plan, crops, device)
    probe.step()  # the first update pays for allocations
    start = time.monotonic()
    for _ in range(SPEED_PROBE):
        probe.step()
    return max(round(hours * 3600 * SPEED_PROBE / (time.monotonic() - start)), 1)


class Stop:
    """Turns SIGTERM and Ctrl-C into a last checkpoint instead of a lost one."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask)

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True


def train_to_the_end(
    run: TrainingRun,
    examiner: Examiner,
    folder: Path,
    photographs: str,
    pace: Pace,
    tell: Callable[[Record], None],
) -> None:
    """Run the plan with a progress bar; checkpoints and the curve go to `folder`."""
    plan, stop = run.plan, Stop()
    log = Log(folder / "log.jsonl")
    log.forget_after(run.iteration)
    saved = time.monotonic()

    def save(name: str) -> None:
        save_checkpoint(run.state() | {"photographs": photographs}, folder / name)

    with progress_bar() as progress:
        bar = progress.add_task(plan.task, total=plan.iterations, completed=run.iteration)
        for loss in run.steps():
            examiner.heed(loss)
            last = run.iteration == plan.iterations
            progress.update(bar, completed=run.iteration)
            if run.iteration % pace.validate_every == 0 or last:
                record = examiner.examine()
                log.add(record)
                tell(record)
                text = f"{plan.task} {record['psnr_y']:.2f} dB ({record['gain']:+.2f})"
                progress.update(bar, description=text)
            if run.iteration == plan.cooldown_start:
                save("stable.pt")
            if last or stop.asked or time.monotonic() - saved > pace.save_every_s:
                save(LATEST)
                saved = time.monotonic()
            if stop.asked:
                return


def progress_bar() -> Progress:
    """A bar for a person, who reads standard error."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )


def tell_nobody(_record: Record) -> None:
    """For a run whose curve is read from its log."""


def tell_json(record: Record) -> None:
    """One line on standard output, for a program that follows the run."""
    print(json.dumps(record), flush=True)


def train(
    plan: TrainingPlan,
    photos: Path,
    validation: Path | None,
    folder: Path,
    hours: float | None,
    device: str,
    *,
    keep: bool = True,
    begin: Path | None = None,
    pace: Pace = Pace(),
    tell: Callable[[Record], None] = tell_nobody,
) -> TrainingRun:
    """Train `plan` in `folder`, taking up a checkpoint that lies there.

    A new run starts from the averaged weights in the checkpoint `begin`, where one is named.

    `hours` sets the iterations of a new run by this machine's speed. A resumed run keeps the
    number it was started with, unless `keep` is False: then `plan` prolongs or shortens it.
    `tell` is called with each record of the learning curve.
    Raises ValueError where a checkpoint is of another plan, network or folder of photographs.
    """
    torch.set_float32_matmul_precision("high")
    latest = folder / plan.task / LATEST
    train_files, validation_files = split_photos(photos, validation, plan.task)
    judge = validation_of(plan.task, validation_files, plan.beta_max)
    store = store_of(train_files, folder)
    crops = crop_store(train_files, store)
    state = load_checkpoint(latest) if latest.exists() else None
    if state is not None and state.get("photographs", store.name) != store.name:
        raise ValueError(f"{latest} was trained on other photographs than those in {photos}")
    if state is not None and keep:
        saved: Any = state["plan"]
        plan = replace(plan, iterations=saved["iterations"], cooldown=saved["cooldown"])
    elif hours is not None:
        plan = replace(plan, iterations=planned_iterations(plan, crops, hours, device))
    run = TrainingRun(plan, crops, device)
    if state is not None:
        run.restore(state)
    elif begin is not None:
        run.begin_from(load_checkpoint(begin))
    train_to_the_end(run, Examiner(run, judge), latest.parent, store.name, pace, tell)
    return run
