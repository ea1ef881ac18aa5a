"""Train a bridge network: simulation-free, one draw of (n, noise) for each clean patch.

The objective is I²SB's (Eq. 12) with the label moved from (x_n - x_0)/σ_n to x_0 itself:
an L1 or L2 distance between x_0 and the network's estimate of it. Every batch is a function
of (seed, iteration) alone, so a run that was killed and resumed ends with the same weights.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bridge.batches import training_batch
from bridge.degrade.recipes import RECIPES
from bridge.networks.compact import Compact
from bridge.perceptual import Lpips
from bridge.perceptual_weights import lpips_weights
from bridge.plan import Plan, make_plan
from bridge.schedule import Schedule
from bridge.training_plan import TrainingPlan
from bridge.walked import walked

UInt8 = NDArray[np.uint8]


def perceptual_judge(device: torch.device) -> Lpips:
    """LPIPS on VGG16, so that tables may judge by LPIPS on AlexNet; raises WeightsError."""
    judge = Lpips("vgg", lpips_weights("vgg"))
    return judge.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


class TrainingRun:
    """The state of one run: network, averaged weights, optimiser, iteration.

    Everything that decides the future is in `state()`; `restore()` takes it back.
    """

    def __init__(self, plan: TrainingPlan, crops: UInt8, device: str = "cpu") -> None:
        self.plan, self.crops, self.device = plan, crops, torch.device(device)
        self.recipe = RECIPES[plan.task]
        self.schedule = Schedule(beta_max=plan.beta_max)
        torch.manual_seed(plan.seed)
        network = plan.network().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.network: Compact = network.to(self.device)
        self.average = plan.network().to(self.device)
        self.average.load_state_dict(self.network.state_dict())
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=plan.rate, betas=(0.9, 0.99), weight_decay=1e-4
        )
        self.judge = perceptual_judge(self.device) if plan.perceptual else None
        self.walk = make_plan(self.schedule, "dbim", plan.walk, eta=0.0) if plan.walk else None
        self.iteration = 0
        self.gradient_norms: list[float] = []

    def step(self) -> float:
        """One update; returns the loss."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.plan.rate_at(self.iteration)
        batch = training_batch(self.plan, self.recipe, self.schedule, self.crops, self.iteration)
        batch = batch.to(self.device)
        with torch.autocast(self.device.type, torch.bfloat16):
            if self.walk is not None:
                batch = walked(batch, self.network, self.walk, *self._halt(self.walk))
            estimate = self.network(batch.x_t, batch.t, batch.x_1, batch.mask)
            loss = batch.loss(estimate, self.plan.loss)
            if self.judge is not None:
                seen = batch.completed(estimate.float())
                loss = loss + self.plan.perceptual * self.judge(seen, batch.x_0).mean()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self._clip_gradient()
        self.optimizer.step()
        self.iteration += 1
        self._average_weights()
        return float(loss.detach())

    def _halt(self, walk: Plan) -> tuple[int, int]:
        """How many evaluations of `walk` this iteration leaves behind, and the noise's seed."""
        rng = np.random.default_rng([self.plan.seed, self.iteration, walk.steps])
        return int(rng.integers(walk.steps)), int(rng.integers(2**63))

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

        A network that was told of no holes learns of them from here: what it made of x_t and
        x_1 it keeps. Raises ValueError where the network has another shape.
        """
        theirs, mine = TrainingPlan(**state["plan"]).shape, self.plan.shape
        weights = dict(state["average"])
        if mine["mask"] and not theirs["mask"]:
            head = weights["head.weight"]
            unseen = head.new_zeros(head.shape[0], self.plan.unshuffle**2, *head.shape[2:])
            weights["head.weight"] = torch.cat([head, unseen], dim=1)
            theirs = {**theirs, "mask": True}
        if theirs != mine:
            raise ValueError(f"the weights to begin from are of {theirs}, not of {mine}")
        for network in (self.network, self.average):
            network.load_state_dict(weights)

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
