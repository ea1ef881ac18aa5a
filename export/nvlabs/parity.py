"""Does the ONNX file compute what the network in torch computes?"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray

from bridge.contract import OUTPUT, NetworkCard
from bridge.networks.adm import Adm
from export.nvlabs.graph import Denoiser
from export.nvlabs.options import CheckpointError

Float32 = NDArray[np.float32]

PARITY = 1e-4  # largest |difference| of x̂_0, pixels in [-1,1]: a seventieth of a grey level


@dataclass(frozen=True)
class Probe:
    """Inputs all along the schedule, [N,…] as the card names them, and torch's x̂_0 for them."""

    inputs: dict[str, Float32]
    x_0: Float32


def probe(network: Adm, card: NetworkCard) -> Probe:
    """What torch makes of a pattern of waves at both ends and in the middle of the schedule."""
    schedule = card.schedule.build()
    steps = [0, schedule.interval // 2, schedule.interval - 1]
    side = 2 * card.tile.multiple
    rng = np.random.default_rng(0)
    row, column = np.mgrid[:side, :side] / side
    waves = np.sin(2 * np.pi * np.stack([row + column, 3 * row, 2 * column - row]))
    x_1 = np.repeat(waves[None], len(steps), axis=0).astype(np.float32)
    spread = schedule.marginal()[2][steps, None, None, None]
    noise = rng.standard_normal(x_1.shape) * (0 if card.ot_ode else spread)
    known = {
        "x_t": (x_1 + noise).astype(np.float32),
        "t": schedule.clock[steps].astype(np.float32),
        "sigma": schedule.sigma[steps].astype(np.float32),
        "x_1": x_1,
    }
    inputs: dict[str, Float32] = {name: known[name] for name in card.inputs}
    with torch.inference_mode():
        x_0 = Denoiser(network)(*(torch.from_numpy(array) for array in inputs.values()))
    return Probe(inputs, x_0.numpy())


def difference(file: Path, expected: Probe) -> float:
    """Largest |torch - ONNX Runtime| of x̂_0, over its largest value where that exceeds 1.

    Raises CheckpointError where it exceeds PARITY: the file is then not the network.
    """
    options = onnxruntime.SessionOptions()
    # One pass over a network of gigabytes: packing its weights anew would double them.
    options.add_session_config_entry("session.disable_prepacking", "1")
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    served: Any = session.run([OUTPUT], expected.inputs)[0]
    worst = float(np.abs(served - expected.x_0).max() / max(1.0, np.abs(expected.x_0).max()))
    if not worst <= PARITY:
        raise CheckpointError(f"ONNX Runtime differs from torch by {worst:.2g}, over {PARITY:g}")
    return worst
