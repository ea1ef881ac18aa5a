"""The samplers: each turns a walk over a schedule into the rows of its table.

I²SB (arXiv:2302.05872) Eq. 4 and its released sampler; DBIM (arXiv:2405.15885);
I3SB (arXiv:2403.06069), whose coefficients are the same numbers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import exp, expm1, log, sqrt

from bridge.contract import SamplerName
from bridge.schedule import Float64, Schedule


@dataclass(frozen=True)
class Row:
    """One step: evaluate the network at (t, sigma), then mix. `n` is the schedule's index."""

    n: int
    t: float
    sigma: float
    w_x0: float
    w_xt: float = 0.0
    w_x1: float = 0.0
    std: float = 0.0
    w_before: float = 0.0

    @property
    def noisy(self) -> bool:
        """Whether the step draws noise."""
        return self.std > 0


@dataclass(frozen=True)
class Walk:
    """The way over a schedule: step i leads from index source[i] to target[i]."""

    schedule: Schedule
    source: list[int]
    target: list[int]
    eta: float

    def row(self, i: int, **weights: float) -> Row:
        """Step i, by its weights."""
        n = self.source[i]
        return Row(n, float(self.schedule.clock[n]), float(self.schedule.sigma[n]), **weights)

    def variance(self, n: int) -> float:
        """S_n."""
        return float(self.schedule.variance[n])

    def marginal(self, n: int) -> tuple[float, float, float]:
        """a, b and c of x_n = a·x_1 + b·x_0 + c·noise."""
        a, b, c = self._marginals
        return float(a[n]), float(b[n]), float(c[n])

    @cached_property
    def _marginals(self) -> tuple[Float64, Float64, Float64]:
        return self.schedule.marginal()

    @property
    def last(self) -> int:
        """The step that leaves for the estimate itself."""
        return len(self.source) - 1

    def boot(self) -> Row:
        """From x_1 itself (c = 0) to the first target: the marginal given x̂_0."""
        a, b, c = self.marginal(self.target[0])
        return self.row(0, w_x0=b, w_x1=a, std=c)

    def finish(self) -> Row:
        """The last step: the estimate is what leaves."""
        return self.row(self.last, w_x0=1.0)


def dbim(walk: Walk) -> list[Row]:
    """DBIM with η: 0 is deterministic after the boot, 1 is I²SB's posterior."""
    rows = []
    for i in range(walk.last):
        if i == 0:
            rows.append(walk.boot())
            continue
        source, target, total = walk.source[i], walk.target[i], walk.schedule.total
        s, t = walk.variance(source), walk.variance(target)
        (a_s, b_s, _), (a_t, b_t, _) = walk.marginal(source), walk.marginal(target)
        spread = walk.eta * sqrt(t * (s - t) / s)
        keep = sqrt(max(0.0, t * (total - t) - spread**2 * total) / (s * (total - s)))
        rows.append(
            walk.row(i, w_x0=b_t - keep * b_s, w_xt=keep, w_x1=a_t - keep * a_s, std=spread)
        )
    return [*rows, walk.finish()]


def posterior(walk: Walk) -> list[Row]:
    """I²SB Eq. 4: x_prev ~ N(mean of x̂_0 and x_t by their variances), no x_1 in it."""
    rows = []
    for i in range(walk.last):
        s, t = walk.variance(walk.source[i]), walk.variance(walk.target[i])
        rows.append(walk.row(i, w_x0=1 - t / s, w_xt=t / s, std=sqrt(t * (s - t) / s)))
    return [*rows, walk.finish()]


def parity(walk: Walk) -> list[Row]:
    """The released sampler, to the end: the last step lands on index 0, without noise."""
    s, t = walk.variance(walk.source[-1]), walk.variance(0)
    return [*posterior(walk)[:-1], walk.row(walk.last, w_x0=1 - t / s, w_xt=t / s)]


def bridge_ode(walk: Walk) -> list[Row]:
    """Probability-flow ODE of the bridge, 2nd-order multistep in λ = ln(b/c) (DBIM §4).

    The step after the boot is first order, as there is no estimate before it yet.
    """
    rows: list[Row] = []
    for i in range(walk.last):
        if i == 0:
            rows.append(walk.boot())
            continue
        source, target = walk.source[i], walk.target[i]
        (a_s, _, c_s), (a_t, b_t, c_t) = walk.marginal(source), walk.marginal(target)
        h = _log_ratio(walk, target) - _log_ratio(walk, source)
        first, second = -b_t * expm1(-h), 0.0
        if i > 1:
            h_before = _log_ratio(walk, source) - _log_ratio(walk, walk.source[i - 1])
            second = b_t * (exp(-h) + h - 1) / h_before
        keep = c_t / c_s
        rows.append(
            walk.row(i, w_x0=first + second, w_xt=keep, w_x1=a_t - a_s * keep, w_before=-second)
        )
    return [*rows, walk.finish()]


def _log_ratio(walk: Walk, n: int) -> float:
    _, b, c = walk.marginal(n)
    return log(b / c)


def ot_ode(walk: Walk) -> list[Row]:
    """I²SB's OT-ODE limit, Euler: a straight line from x_t to x̂_0 in τ = S/T."""
    rows = []
    for i in range(walk.last):
        ratio = walk.variance(walk.target[i]) / walk.variance(walk.source[i])
        rows.append(walk.row(i, w_x0=1 - ratio, w_xt=ratio))
    return [*rows, walk.finish()]


def ot_ode_2m(walk: Walk) -> list[Row]:
    """OT-ODE, 2nd-order multistep in λ = -ln τ."""
    rows: list[Row] = []
    for i in range(walk.last):
        s, t = walk.variance(walk.source[i]), walk.variance(walk.target[i])
        ratio, second = t / s, 0.0
        if i > 0:
            h, h_before = log(s / t), log(walk.variance(walk.source[i - 1]) / s)
            second = (exp(-h) + h - 1) / h_before
        rows.append(walk.row(i, w_x0=1 - ratio + second, w_xt=ratio, w_before=-second))
    return [*rows, walk.finish()]


SAMPLERS: dict[SamplerName, Callable[[Walk], list[Row]]] = {
    "i2sb": posterior,
    "dbim": dbim,
    "bridge-ode": bridge_ode,
    "ot-ode": ot_ode,
    "ot-ode-2m": ot_ode_2m,
    "parity": parity,
}
