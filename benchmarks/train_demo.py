"""Less than five minutes of one core make a network that beats bicubic enlargement.

    python -m benchmarks.train_demo FOLDER [--updates 3000] [--out runs/demo]

FOLDER holds any photographs. Up to PHOTOS of them, spread over the folder, are trained on by
`rialto train`'s own loop and judged by some that were held out; the learning curve goes to
<out>/curve.png. Exit code 1 where the gain stays below 0.7 dB.
"""

import argparse
import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import torch

from bridge.photos import photo_files
from bridge.training_plan import TrainingPlan
from rialto.commands.plot import plot
from rialto.commands.train import Pace, train

PHOTOS = 64  # more would take longer to read than to learn from
WANTED_DB = 0.7
# The shipped networks' own size and rate, so that the curve is the beginning of theirs.
PLAN = TrainingPlan("sr4x", iterations=3000, cooldown=0.5, ema=0.995)
PACE = Pace(validate_every=200)


def chosen(folder: Path, into: Path) -> None:
    """Links to photographs of `folder`, evenly spread, in `into`."""
    files = photo_files(folder)
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    for number, file in enumerate(files[:: -(-len(files) // PHOTOS)]):
        (into / f"{number:03}{file.suffix}").symlink_to(file.resolve())


def main() -> None:
    """Train, draw, and say what was gained."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path, help="folder of photographs")
    parser.add_argument("--updates", type=int, default=PLAN.iterations)
    parser.add_argument("--out", type=Path, default=Path("runs/demo"))
    asked = parser.parse_args()
    torch.set_num_threads(1)
    shutil.rmtree(asked.out / PLAN.task, ignore_errors=True)
    chosen(asked.photos, asked.out / "photos")
    plan = replace(PLAN, iterations=asked.updates)
    train(plan, asked.out / "photos", None, asked.out, None, "cpu", pace=PACE)
    log = asked.out / PLAN.task / "log.jsonl"
    plot(log, asked.out / "curve.png")
    last = json.loads(log.read_text().splitlines()[-1])
    print(
        f"{last['psnr_y']:.2f} dB, {last['gain']:+.2f} over bicubic, after {last['iteration']}"
        f" updates and {last['cpu_seconds']:.0f} s of a core; {asked.out / 'curve.png'}"
    )
    sys.exit(last["gain"] < WANTED_DB)


if __name__ == "__main__":
    main()
