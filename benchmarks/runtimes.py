"""One network in other runtimes and number formats: how much faster, and what it loses.

    pip install 'rialto[openvino]'
    python -m benchmarks.runtimes --photos FOLDER [--network sr4x]

ONNX Runtime in fp32 is the reference that is served; OpenVINO in fp32 and bf16 is served where
RIALTO_RUNTIME says so. Both run as the embedded engine runs them. Beside them: int8 weights
(dynamic), int8 throughout (static, QDQ with uint8 activations, calibrated on the same kind of
pixels from other photographs), and the same with the first and last convolution left in fp32.
Times are medians of one tile in turn with the reference, as shares of its own; PSNR-Y is of central
256-px crops; beside it the lowest PSNR of a crop by the reference's own pixels.
"""

import argparse
import asyncio
import os
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_dynamic,
    quantize_static,
)

from benchmarks.machine import machine_line
from bridge.contract import NetworkCard, Tile, batch_inputs
from bridge.evaluate import Pair
from bridge.metrics import psnr_inside, psnr_y
from bridge.plan import plan_for
from bridge.restoration import output_shape, restore_pixels
from export.model_repo import network_file
from export.onnx_file import read_card
from rialto.evaluation.damage import damage_of, read_pairs
from service.engine.runtimes import REFERENCE, RuntimeName
from service.engine.runtimes.opening import open_runtime

Float32 = NDArray[np.float32]
UInt8 = NDArray[np.uint8]
Inputs = dict[str, Float32]
Network = Callable[[Inputs], Float32]

ROUNDS = 15
CALIBRATION = 6  # photographs, at three times of the walk each
STEPS = (1, 4)


class Calibration(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime has no types
    """Inputs as they occur on the walk, recorded from the reference."""

    def __init__(self, recorded: list[Inputs]) -> None:
        self._left = iter(recorded)

    def get_next(self) -> Inputs | None:
        """The next inputs, None at the end."""
        return next(self._left, None)


def served(name: RuntimeName, file: Path, threads: int) -> Network:
    """As the embedded engine runs it."""
    return open_runtime(name, threads).open(file).run


def quantised(file: Path, recorded: list[Inputs], out: Path, kept: list[str]) -> Path:
    """Static int8 by QDQ; the nodes in `kept` stay in fp32."""
    quantize_static(
        str(file),
        str(out),
        Calibration(recorded),
        quant_format=QuantFormat.QDQ,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        per_channel=True,
        op_types_to_quantize=["Conv"],
        nodes_to_exclude=kept,
    )
    return out


def restored(card: NetworkCard, network: Network, pair: Pair, steps: int) -> UInt8:
    """One pair's photo by `steps` of the card's boldest preset."""
    preset = list(card.presets.values())[-1]
    plan = plan_for(card, preset.sampler, steps, grid=preset.grid, eta=preset.eta)

    async def evaluate(tile: Tile) -> Float32:
        return network(batch_inputs(card, [tile]))[0]

    async def walk() -> UInt8:
        out = np.empty(output_shape(card, pair.damaged), np.uint8)
        async for _ in restore_pixels(card, plan, pair.damaged, evaluate, out):
            pass
        return out

    return asyncio.run(walk())


def runtimes(
    file: Path, recorded: list[Inputs], folder: Path, threads: int
) -> Iterator[tuple[str, Network]]:
    """Every runtime by name, the reference first."""
    yield "ONNX Runtime fp32", served(REFERENCE, file, threads)
    dynamic = folder / "dynamic.onnx"
    quantize_dynamic(str(file), str(dynamic), weight_type=QuantType.QUInt8)
    yield "ONNX Runtime int8, dynamic", served(REFERENCE, dynamic, threads)
    nodes = [node.name for node in onnx.load(str(file)).graph.node if node.op_type == "Conv"]
    static = quantised(file, recorded, folder / "static.onnx", [])
    yield "ONNX Runtime int8, static", served(REFERENCE, static, threads)
    ends = quantised(file, recorded, folder / "ends.onnx", [nodes[0], nodes[-1]])
    yield "the same, first and last convolution fp32", served(REFERENCE, ends, threads)
    names: tuple[RuntimeName, ...] = ("openvino", "openvino-bf16")
    for name in names:
        yield name, served(name, file, threads)


def shares(networks: dict[str, Network], inputs: Inputs) -> dict[str, float]:
    """Median time of each over that of the first, taken in turn."""
    times: dict[str, list[float]] = {name: [] for name in networks}
    for turn in range(ROUNDS + 1):
        for name, network in networks.items():
            start = time.perf_counter()
            network(inputs)
            if turn:  # the first pays for allocations
                times[name].append(time.perf_counter() - start)
    reference = next(iter(times.values()))
    return {
        name: statistics.median(a / b for a, b in zip(taken, reference, strict=True))
        for name, taken in times.items()
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, required=True, help="folder of photographs")
    parser.add_argument("--network", default="sr4x")
    parser.add_argument("--model-repo", type=Path, default=Path("model_repo"))
    parser.add_argument("--count", type=int, default=12, help="photographs that are judged")
    asked = parser.parse_args()
    threads = os.cpu_count() or 1
    file = network_file(asked.model_repo / asked.network)
    card = read_card(file)
    damage = damage_of(card.task)
    pairs = read_pairs(damage, asked.photos, 256)
    judged, others = pairs[: asked.count], pairs[asked.count :][:CALIBRATION]
    reference, recorded = served(REFERENCE, file, threads), []

    def recording(inputs: Inputs) -> Float32:
        recorded.append(inputs)
        return reference(inputs)

    for pair in others:
        restored(card, recording, pair, 3)
    with TemporaryDirectory() as folder:
        networks = dict(runtimes(file, recorded, Path(folder), threads))
        relative = shares(networks, recorded[0])
        print(machine_line())
        titles = [f"PSNR-Y, steps {n} | of the reference" for n in STEPS]
        print(f"| runtime | time | {' | '.join(titles)} |")
        print("|---|---:|" + "---:|" * 2 * len(STEPS))
        wanted = photos_of(card, next(iter(networks.values())), judged)
        for name, network in networks.items():
            cells = []
            for made, theirs in zip(photos_of(card, network, judged), wanted, strict=True):
                scores = [
                    psnr_y(pair.original, one, damage.border)
                    for pair, one in zip(judged, made, strict=True)
                ]
                cells.append(f"{statistics.fmean(scores):.3f}")
                lowest = min(
                    psnr_inside(reference, one, np.ones(one.shape[:2], bool))
                    for reference, one in zip(theirs, made, strict=True)
                )
                cells.append(f"{lowest:.1f}")
            print(f"| {name} | {relative[name]:.2f} | {' | '.join(cells)} |")


def photos_of(card: NetworkCard, network: Network, pairs: list[Pair]) -> list[list[UInt8]]:
    """Every pair's photo, by each number of STEPS."""
    return [[restored(card, network, pair, steps) for pair in pairs] for steps in STEPS]


if __name__ == "__main__":
    main()
