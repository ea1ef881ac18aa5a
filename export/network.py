"""A training checkpoint becomes a network with its card, checked against torch on photographs."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray

from bridge.contract import (
    OUTPUT,
    NetworkCard,
    PresetName,
    ScheduleCard,
    TileCard,
    TrainingCard,
)
from bridge.networks.compact import Compact
from bridge.training_plan import TrainingPlan
from export.onnx_file import to_onnx, weights_digest
from export.tasks import PROFILES

Float32 = NDArray[np.float32]

PARITY = 1e-4  # largest |difference| of the two runtimes in [-1,1]: a seventieth of a grey level


@dataclass(frozen=True)
class Exported:
    """A network ready to be written: the ONNX model, its card, and the torch module it was."""

    model: onnx.ModelProto
    card: NetworkCard
    network: Compact


def export_network(
    state: dict[str, Any],
    name: str,
    training: dict[str, Any],
    presets: Collection[PresetName] = get_args(PresetName),
) -> Exported:
    """Export the averaged weights of a checkpoint's `state` under `name`.

    training   what the checkpoint does not know: photographs, machine, cpu_hours
    presets    of the task that the network serves, where another serves the rest
    """
    plan = TrainingPlan(**state["plan"])
    network = plan.network().eval()
    network.load_state_dict({key: value.float() for key, value in state["average"].items()})
    profile = PROFILES[plan.task]
    card = NetworkCard(
        name=name,
        task=plan.task,
        title=profile.title,
        family="compact",
        scale=profile.scale,
        start=profile.start,
        hole_fill=profile.hole_fill,
        inputs=("x_t", "t", "sigma", "x_1", *(("mask",) if profile.hole_fill else ())),
        schedule=ScheduleCard(beta_max=plan.beta_max),
        projection=profile.projection,
        tile=TileCard(),
        parameters=sum(parameter.numel() for parameter in network.parameters()),
        presets={of: preset for of, preset in profile.presets.items() if of in presets},
        training=TrainingCard(
            iterations=int(state["iteration"]),
            loss=_objective(plan),
            patch=plan.patch,
            batch=plan.batch,
            seed=plan.seed,
            **training,
        ),
        limits=profile.limits,
        weights_sha256=weights_digest(network),
    )
    return Exported(to_onnx(network, card), card, network)


def _objective(plan: TrainingPlan) -> str:
    """What it was trained for, in words."""
    judged = f" + {plan.perceptual:g} LPIPS-vgg" if plan.perceptual else ""
    return plan.loss + judged + (f", on walks of {plan.walk} steps" if plan.walk else "")


def parity(exported: Exported, x_1: Float32, mask: Float32 | None = None) -> float:
    """Largest |torch - ONNX Runtime| of x̂_0 on x_1 [N,3,H,W], over the whole schedule.

    mask   [N,1,H,W], exactly where the network takes one

    Raises ValueError where it exceeds PARITY: the file is then not the network.
    """
    schedule = exported.card.schedule.build()
    session = onnxruntime.InferenceSession(
        exported.model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    rng, worst = np.random.default_rng(0), 0.0
    for n in (0, schedule.interval // 2, schedule.interval - 1):
        _, _, spread = schedule.marginal()
        noise = rng.standard_normal(x_1.shape).astype(np.float32)
        x_t = x_1 + np.float32(spread[n]) * noise
        t = np.full(len(x_1), schedule.clock[n], np.float32)
        sigma = np.full(len(x_1), schedule.sigma[n], np.float32)
        feed = {"x_t": x_t, "t": t, "sigma": sigma, "x_1": x_1}
        taken = [x_t, t, x_1]
        if mask is not None:
            feed["mask"] = mask
            taken.append(mask)
        (served,) = session.run([OUTPUT], feed)
        with torch.inference_mode():
            trained = exported.network(*map(torch.from_numpy, taken)).numpy()
        worst = max(worst, float(np.abs(served - trained).max()))
    if worst > PARITY:
        raise ValueError(f"ONNX Runtime differs from torch by {worst:.2g}, more than {PARITY:g}")
    return worst
