"""Train a bridge network: simulation-free, one draw of (n, noise) for each clean patch.

The objective is I²SB's (Eq. 12) with the label moved from (x_n - x_0)/σ_n to x_0 itself:
an L1 or L2 distance between x_0 and the network's estimate of it. x_n comes from the
closed-form marginal, so x_{N-1} is x_1 exactly. Every batch is a function of (seed,
iteration) alone, so a run that was killed and resumed ends with the same weights.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bridge.degrade.recipes import RECIPES, Recipe
from bridge.networks.compact import Compact
from bridge.photos import random_patch
from bridge.schedule import Schedule

UInt8 = NDArray[np.uint8]


@dataclass(frozen=True)
class TrainingPlan:
    """All that a training run depends on, beside the photographs.

    iterations   updates in all; the last `cooldown` of them lower the rate to 0
    cooldown     share of `iterations`, 0..1
    rate         AdamW's learning rate between the warm-up and the cool-down
    ema          decay of the averaged weights, which are what is exported
    """

    task: str
    iterations: int
    width: int = 96
    blocks: int = 7
    unshuffle: int = 4
    period: int = 0
    patch: int = 96
    batch: int = 8
    rate: float = 1e-3
    warmup: int = 100
    cooldown: float = 0.25
    ema: float = 0.999
    loss: Literal["l1", "l2"] = "l1"
    beta_max: float = 0.3
    seed: int = 0

    def __post_init__(self) -> None:
        if self.task not in RECIPES:
            raise ValueError(f"no recipe for task {self.task!r}; there are {sorted(RECIPES)}")
        if self.iterations < 1 or not 0 <= self.cooldown <= 1:
            raise ValueError("iterations must be positive and cooldown lie in 0..1")
        if self.patch % (self.period or self.unshuffle):
            raise ValueError(f"patch must be a multiple of {self.period or self.unshuffle}")

    @property
    def shape(self) -> dict[str, int]:
        """What decides the network's weights' shapes."""
        return {
            "width": self.width,
            "blocks": self.blocks,
            "unshuffle": self.unshuffle,
            "period": self.period,
        }

    def network(self) -> Compact:
        """The network that this plan trains, untrained."""
        return Compact(**self.shape)

    @property
    def cooldown_start(self) -> int:
        """First iteration whose rate is below `rate` (up to there a run can be prolonged)."""
        return self.iterations - round(self.iterations * self.cooldown)

    def rate_at(self, iteration: int) -> float:
        """Warm-up, constant, then linearly to 0: prolonging a run repeats no part of it."""
        if iteration < self.warmup:
            return self.rate * (iteration + 1) / self.warmup
        if iteration < self.cooldown_start:
            return self.rate
        return self.rate * (self.iterations - iteration) / (self.iterations - self.cooldown_start)


def training_batch(
    plan: TrainingPlan, recipe: Recipe, schedule: Schedule, crops: UInt8, iteration: int
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The batch of one iteration: x_0, x_1, x_t [B,3,P,P] and the network's time t [B].

    n is uniform over the schedule; x_t = a·x_1 + b·x_0 + c·noise (I²SB Eq. 11).
    """
    rng = np.random.default_rng([plan.seed, iteration])
    pairs = [
        recipe.pair(random_patch(crops, plan.patch + 2 * recipe.margin, rng), rng)
        for _ in range(plan.batch)
    ]
    x_0, x_1 = (torch.from_numpy(np.stack(side)) for side in zip(*pairs, strict=True))
    n = rng.integers(schedule.interval, size=plan.batch)
    noise = torch.from_numpy(rng.standard_normal(x_0.shape, dtype=np.float32))
    a, b, c = (
        torch.from_numpy(table[n].astype(np.float32))[:, None, None, None]
        for table in schedule.marginal()
    )
    t = torch.from_numpy(schedule.clock[n].astype(np.float32))
    return x_0, x_1, a * x_1 + b * x_0 + c * noise, t


class TrainingRun:
    """The state of one run: network, averaged weights, optimiser, iteration.

    Everything that decides the future is in `state()`; `restore()` takes it back.
    """

    def __init__(self, plan: TrainingPlan, crops: UInt8, device: str = "cpu") -> None:
        self.plan, self.crops, self.device = plan, crops, torch.device(device)
        self.recipe = RECIPES[plan.task]
        self.schedule = Schedule(beta_max=plan.beta_max)
        torch.manual_seed(plan.seed)
        # channels_last: AMX and tensor cores run dense convolutions 1.3-1.4 times faster.
        network = plan.network().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.network: Compact = network.to(self.device)
        self.average = plan.network().to(self.device)
        self.average.load_state_dict(self.network.state_dict())
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=plan.rate, betas=(0.9, 0.99), weight_decay=1e-4
        )
        self.iteration = 0
        self.gradient_norms: list[float] = []

    def step(self) -> float:
        """One update; returns the loss."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.plan.rate_at(self.iteration)
        x_0, x_1, x_t, t = (
            tensor.to(self.device)
            for tensor in training_batch(
                self.plan, self.recipe, self.schedule, self.crops, self.iteration
            )
        )
        x_1, x_t = (x.contiguous(memory_format=torch.channels_last) for x in (x_1, x_t))
        with torch.autocast(self.device.type, torch.bfloat16):
            estimate = self.network(x_t, t, x_1)
        error = estimate.float() - x_0
        loss = error.abs().mean() if self.plan.loss == "l1" else error.square().mean()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self._clip_gradient()
        self.optimizer.step()
        self.iteration += 1
        self._average_weights()
        return float(loss.detach())

    def _clip_gradient(self) -> None:
        """Clip at twice the running median of the norm: no scale to tune for each loss."""
        limit = 2 * float(np.median(self.gradient_norms)) if self.gradient_norms else 1.0
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), limit)
        self.gradient_norms = [*self.gradient_norms[-99:], float(norm)]

    @torch.no_grad()
    def _average_weights(self) -> None:
        """Exponential moving average with the usual warm-up, (1+k)/(10+k) up to `ema`."""
        decay = min(self.plan.ema, (1 + self.iteration) / (10 + self.iteration))
        pairs = zip(self.average.parameters(), self.network.parameters(), strict=True)
        for averaged, current in pairs:
            averaged.lerp_(current, 1 - decay)

    def steps(self) -> Iterator[float]:
        """Run to the end of the plan, yielding the loss of every iteration."""
        while self.iteration < self.plan.iterations:
            yield self.step()

    def state(self) -> dict[str, Any]:
        """All that a resumed run needs, as tensors and plain values."""
        return {
            "plan": vars(self.plan).copy(),
            "iteration": self.iteration,
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "gradient_norms": self.gradient_norms,
        }

    def begin_from(self, state: dict[str, Any]) -> None:
        """Start at the averaged weights of another run, of any loss, rate or task.

        Raises ValueError where its network has another shape.
        """
        saved = TrainingPlan(**state["plan"])
        if (theirs := saved.shape) != (mine := self.plan.shape):
            raise ValueError(f"the weights to begin from are of {theirs}, not of {mine}")
        for network in (self.network, self.average):
            network.load_state_dict(state["average"])

    def restore(self, state: dict[str, Any]) -> None:
        """Take up a saved run; only `iterations` and `cooldown` may differ from its plan.

        Raises ValueError where the plan is another, or where the rate has begun to fall
        and this plan would raise it again.
        """
        saved = TrainingPlan(**state["plan"])
        mine = replace(self.plan, iterations=saved.iterations, cooldown=saved.cooldown)
        if mine != saved:
            raise ValueError(f"the checkpoint is of another plan: {saved}, not {self.plan}")
        iteration = int(state["iteration"])
        if self.plan != saved and iteration > saved.cooldown_start:
            raise ValueError(
                f"the checkpoint at {iteration} is in its cool-down; "
                f"prolong the one saved at {saved.cooldown_start}"
            )
        if self.plan != saved and iteration > self.plan.cooldown_start:
            raise ValueError(
                f"iterations={self.plan.iterations} would have begun to cool down at "
                f"{self.plan.cooldown_start}; the checkpoint is at {iteration}"
            )
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.gradient_norms = list(state["gradient_norms"])
        self.iteration = iteration
