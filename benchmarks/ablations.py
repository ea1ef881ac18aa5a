"""What each choice of the recipe is worth at equal training time.

    python -m benchmarks.ablations --crops CROPS.npy --photos FOLDER [--task sr4x] [--seconds 40]

Every variant differs from the first by what its name says and trains for the same seconds of one
core, cool-down included. Judged are one step (PSNR-Y over the damaged photo) and four (LPIPS),
on central 256-px crops; `ms` is one 256-px tile in ONNX Runtime on all cores, in turn with the
others. One seed: differences below 0.1 dB are none.
"""

import argparse
import os
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray

from benchmarks.runtimes import restored
from bridge.contract import OUTPUT, Float32, GridName, NetworkCard, PresetCard
from bridge.evaluate import Pair
from bridge.metrics import psnr_y
from bridge.perceptual import lpips_metric
from bridge.train import TrainingRun
from bridge.training_plan import TrainingPlan
from export.network import export_network
from rialto.evaluation.damage import damage_of, read_pairs

UInt8 = NDArray[np.uint8]

BASE = {"width": 64, "blocks": 5, "patch": 64, "batch": 8, "ema": 0.99, "cooldown": 0.5}
VARIANTS: dict[str, dict[str, Any]] = {
    "width 64, 5 blocks, ÷ 4, L1, EMA .99": {},
    "width 96": {"width": 96},
    "width 32": {"width": 32},
    "8 blocks": {"blocks": 8},
    "unshuffle 2": {"unshuffle": 2},
    "L2": {"loss": "l2"},
    "L1 + 0.1 LPIPS-vgg": {"perceptual": 0.1},
    "EMA .999": {"ema": 0.999},
    "without EMA": {"ema": 0.0},
}
PROBE = 10  # updates timed to turn seconds into iterations
ROUNDS = 9
JUDGED = 8  # photographs
GRIDS: tuple[GridName, ...] = ("quadratic", "uniform")


@dataclass(frozen=True)
class Trained:
    """One variant at the end of its time."""

    updates: int
    card: NetworkCard
    session: onnxruntime.InferenceSession

    def __call__(self, inputs: dict[str, Float32]) -> Float32:
        """Evaluate the network."""
        return self.session.run([OUTPUT], inputs)[0]


def trained(plan: TrainingPlan, crops: UInt8, seconds: float) -> Trained:
    """Train for `seconds` of CPU time, export, open."""
    probe = TrainingRun(plan, crops)
    probe.step()
    start = time.process_time()
    for _ in range(PROBE):
        probe.step()
    pace = (time.process_time() - start) / PROBE
    run = TrainingRun(replace(plan, iterations=max(round(seconds / pace), 1)), crops)
    for _ in run.steps():
        pass
    exported = export_network(run.state(), "ablation", {"photographs": "an ablation's"})
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = os.cpu_count() or 1
    session = onnxruntime.InferenceSession(
        exported.model.SerializeToString(), options, ["CPUExecutionProvider"]
    )
    return Trained(run.iteration, exported.card, session)


def times(variants: dict[str, Trained]) -> dict[str, float]:
    """Milliseconds of one tile, medians, the variants in turn."""
    rng = np.random.default_rng(0)
    image = rng.standard_normal((1, 3, 256, 256), dtype=np.float32)
    one = np.ones(1, np.float32)
    inputs = {"x_t": image, "t": one, "sigma": one, "x_1": image}
    taken: dict[str, list[float]] = {name: [] for name in variants}
    for turn in range(ROUNDS + 1):
        for name, variant in variants.items():
            given = {name: inputs[name] for name in variant.card.inputs}
            start = time.perf_counter()
            variant(given)
            if turn:  # the first pays for allocations
                taken[name].append(1000 * (time.perf_counter() - start))
    return {name: statistics.median(values) for name, values in taken.items()}


def rows(
    variants: dict[str, Trained], pairs: list[Pair], task: str
) -> Iterator[tuple[str, Trained, float, float]]:
    """Each variant, and the first once for each other grid: gain of one step, LPIPS of four."""
    damage, lpips = damage_of(task), lpips_metric()
    untouched = statistics.fmean(
        psnr_y(pair.original, damage.show(pair.damaged), damage.border) for pair in pairs
    )
    first = next(iter(variants))
    walks = [(name, variant, GRIDS[0]) for name, variant in variants.items()]
    walks += [(f"{grid} grid", variants[first], grid) for grid in GRIDS[1:]]
    for name, variant, grid in walks:
        preset = PresetCard(steps=4, eta=0.0, grid=grid)
        card = variant.card.model_copy(update={"presets": {"best": preset}})
        one, four = ([restored(card, variant, pair, steps) for pair in pairs] for steps in (1, 4))
        gain = statistics.fmean(
            psnr_y(pair.original, made, damage.border)
            for pair, made in zip(pairs, one, strict=True)
        )
        distance = statistics.fmean(
            lpips(pair.original, made) for pair, made in zip(pairs, four, strict=True)
        )
        yield name, variant, gain - untouched, distance


def main() -> None:
    """Train all, measure all, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--crops", type=Path, required=True, help=".npy of `rialto train`")
    parser.add_argument("--photos", type=Path, required=True, help="photographs to judge by")
    parser.add_argument("--task", default="sr4x")
    parser.add_argument("--seconds", type=float, default=40, help="of one core, each")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    crops = np.load(asked.crops, mmap_mode="r")
    variants = {}
    for name, change in VARIANTS.items():
        plan = TrainingPlan(asked.task, iterations=1, **(BASE | change))
        variants[name] = trained(plan, crops, asked.seconds)
        print(f"({name}: {variants[name].updates} updates)", flush=True)
    milliseconds = times(variants)
    print("| variant | parameters | updates | gain, 1 step dB | LPIPS, 4 steps | ms | dB per ms |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for name, variant, gain, distance in rows(
        variants, read_pairs(damage_of(asked.task), asked.photos, 256, JUDGED), asked.task
    ):
        pace = milliseconds.get(name, next(iter(milliseconds.values())))
        print(
            f"| {name} | {variant.card.parameters:,} | {variant.updates:,} | {gain:+.2f}"
            f" | {distance:.3f} | {pace:.1f} | {gain / pace:.3f} |"
        )


if __name__ == "__main__":
    main()
