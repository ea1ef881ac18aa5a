"""What a training run is to do: task, network, updates, rate; the same plan, the same weights."""

from dataclasses import dataclass
from typing import Any, Literal

from bridge.degrade.recipes import RECIPES
from bridge.networks.compact import Compact


@dataclass(frozen=True)
class TrainingPlan:
    """All that a training run depends on, beside the photographs.

    iterations   updates in all; the last `cooldown` of them lower the rate to 0
    cooldown     share of `iterations`, 0..1
    rate         AdamW's learning rate between the warm-up and the cool-down
    ema          decay of the averaged weights, which are what is exported
    perceptual   weight of LPIPS on VGG16 beside `loss`; 0 trains for fidelity alone
    walk         0 draws x_t from the bridge's marginal; n from where the network itself stands
                 before one of the evaluations of an n-step walk (`bridge.walked`)
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
    perceptual: float = 0.0
    walk: int = 0
    beta_max: float = 0.3
    seed: int = 0

    def __post_init__(self) -> None:
        if self.task not in RECIPES:
            raise ValueError(f"no recipe for task {self.task!r}; there are {sorted(RECIPES)}")
        if self.iterations < 1 or not 0 <= self.cooldown <= 1:
            raise ValueError("iterations must be positive and cooldown lie in 0..1")
        if self.walk < 0:
            raise ValueError(f"walk must be a number of evaluations or 0, not {self.walk}")
        if self.patch % (self.period or self.unshuffle):
            raise ValueError(f"patch must be a multiple of {self.period or self.unshuffle}")

    @property
    def shape(self) -> dict[str, Any]:
        """What decides the network's weights' shapes."""
        return {
            "width": self.width,
            "blocks": self.blocks,
            "unshuffle": self.unshuffle,
            "period": self.period,
            "mask": RECIPES[self.task].holes is not None,
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
