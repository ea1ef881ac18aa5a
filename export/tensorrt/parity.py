"""How far half precision moves a restored photo: dB, and grey levels at the worst pixel.

Measured in ONNX Runtime on a CPU. It has few half kernels there, so every half node
computes in float32 between two roundings: what a GPU does whose products accumulate in
float32 and which fuses nothing. A GPU that fuses rounds less often.
"""

import asyncio
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper

from bridge.contract import OUTPUT, NetworkCard, PresetName, Tile, batch_inputs
from bridge.holes import Mask
from bridge.plan import plan_for
from bridge.restoration import output_shape, restore_pixels
from export.onnx_file import read_card
from export.tensorrt.cast import HALF, Half, read_cast, write_model

Pixels = NDArray[np.uint8]

IDENTICAL = 120.0  # dB given where not one pixel differs


@dataclass(frozen=True)
class Parity:
    """Two restorations of one photo compared, in 8-bit pixels.

    psnr_db       of the half-precision photo against the float32 one
    grey_levels   largest difference of a pixel's channel, of 255
    """

    psnr_db: float
    grey_levels: int


def parity(
    file: Path, precision: Half, preset: PresetName, photo: Pixels, mask: Mask | None = None
) -> Parity:
    """Restore `photo` [H,W,3] by the network in `file` and by its cast, and compare.

    mask  [H,W], true where `photo` has a hole: for networks that repair holes, and them alone
    """
    card = read_card(file)
    full = restored(card, preset, photo, file, mask)
    with TemporaryDirectory() as folder:
        cast = Path(folder) / "rounded.onnx"
        write_model(rounded(read_cast(file, precision)), cast)
        half = restored(card, preset, photo, cast, mask)
    error = full.astype(np.float64) - half
    mean = float(np.mean(error**2))
    psnr = min(10 * np.log10(255**2 / mean), IDENTICAL) if mean else IDENTICAL
    return Parity(float(psnr), int(np.abs(error).max()))


def restored(
    card: NetworkCard, preset: PresetName, photo: Pixels, file: Path, mask: Mask | None = None
) -> Pixels:
    """`photo` restored by the network in `file` with the plan of `preset`, seed 0."""
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    chosen = card.presets[preset]
    plan = plan_for(card, chosen.sampler, chosen.steps, grid=chosen.grid, eta=chosen.eta)
    out = np.empty(output_shape(card, photo), photo.dtype)
    evaluate = partial(_evaluate, card, session)

    async def walk() -> None:
        async for _ in restore_pixels(card, plan, photo, evaluate, out, mask=mask):
            pass

    asyncio.run(walk())
    return out


async def _evaluate(card: NetworkCard, session: onnxruntime.InferenceSession, tile: Tile) -> Any:
    return session.run([OUTPUT], batch_inputs(card, [tile]))[0][0]


def rounded(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same network in operators that every runtime has: float32, rounded after each.

    Half tensors pass from node to node as before; each half node is given its inputs in
    float32 and what it puts out is rounded to half. Changes `model` in place.
    """
    types = _half_types(model)
    nodes = []
    for node in model.graph.node:
        before, after = [], []
        if node.op_type != "Cast":
            for position, name in enumerate(node.input):
                if name in types:
                    node.input[position] = f"{node.output[0]}/in{position}"
                    before.append(_cast(name, node.input[position], TensorProto.FLOAT))
            for position, name in enumerate(node.output):
                if name in types:
                    node.output[position] = f"{name}/exact"
                    after.append(_cast(node.output[position], name, types[name]))
        nodes += [*before, node, *after]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


def _half_types(model: onnx.ModelProto) -> dict[str, int]:
    inferred = onnx.shape_inference.infer_shapes(model).graph
    types = {tensor.name: tensor.data_type for tensor in inferred.initializer}
    types |= {value.name: value.type.tensor_type.elem_type for value in inferred.value_info}
    return {name: kind for name, kind in types.items() if kind in HALF.values()}


def _cast(source: str, target: str, to: int) -> onnx.NodeProto:
    return helper.make_node("Cast", [source], [target], to=to)
