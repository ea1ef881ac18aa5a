"""Bridge schedule: from a number of intervals to the variances that the bridge runs on.

Follows I²SB (Liu et al. 2023, arXiv:2302.05872); the letters are the paper's. Step n
runs from 0, next to the clean image x_0, to N-1, the damaged image x_1. Variances are
in squared pixel units, pixels in [-1, 1]. Tables are float64 and made once, on the host.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]

BETA_MIN = 1e-4  # the official code's constant: it does not scale with `interval`


@dataclass(frozen=True)
class Schedule:
    """A symmetric quadratic β schedule, as the official implementation builds it.

    interval   N, the number of discrete times; even, since the ramp is mirrored
    beta_max   peak of the *unmirrored* ramp times `interval` (0.3 or 1.0 in the paper)
    t0, t1     the network's clock runs from t0·N at n=0 to t1·N at n=N-1

    Raises ValueError where a field is out of its range.
    """

    interval: int = 1000
    beta_max: float = 0.3
    t0: float = 1e-4
    t1: float = 1.0

    def __post_init__(self) -> None:
        if self.interval < 2 or self.interval % 2:
            raise ValueError(f"interval must be an even number of at least 2, not {self.interval}")
        if self.beta_max / self.interval < BETA_MIN:
            raise ValueError(f"beta_max must be at least {BETA_MIN * self.interval}")
        if not 0 <= self.t0 < self.t1:
            raise ValueError("t0 must be at least 0 and below t1")

    @cached_property
    def beta(self) -> Float64:
        """β_n, shape [N]: the lower half of a quadratic ramp, then its mirror image."""
        ramp = np.linspace(BETA_MIN**0.5, (self.beta_max / self.interval) ** 0.5, self.interval)
        half = ramp[: self.interval // 2] ** 2
        return np.concatenate([half, half[::-1]])

    @cached_property
    def variance(self) -> Float64:
        """S_n = Σ_{i≤n} β_i, shape [N]: the forward variance σ_n² (inclusive, so S_0 > 0)."""
        return np.cumsum(self.beta)

    @property
    def total(self) -> float:
        """T = S_{N-1}, the variance of the whole bridge."""
        return float(self.variance[-1])

    @cached_property
    def sigma(self) -> Float64:
        """σ_n = √S_n, shape [N]: what I²SB's label (x_n - x_0)/σ_n is divided by."""
        return np.sqrt(self.variance)

    @cached_property
    def clock(self) -> Float64:
        """The time the network is told at step n, shape [N]: linear from t0·N to t1·N."""
        return np.linspace(self.t0, self.t1, self.interval) * self.interval

    def marginal(self) -> tuple[Float64, Float64, Float64]:
        """q(x_n | x_0, x_1) of the bridge pinned at both ends (I²SB Eq. 11, closed form).

        returns  a, b, c, each [N]:  x_n = a·x_1 + b·x_0 + c·noise

        a = S/T, b = 1 - S/T, c² = S(T-S)/T; at n = N-1 this is x_1 exactly.
        """
        a = self.variance / self.total
        c = np.sqrt(np.maximum(self.variance * (self.total - self.variance) / self.total, 0.0))
        return a, 1.0 - a, c
