"""A sampler is a table: every reverse step of a bridge is linear in what is at hand.

    x_prev = w_x0·x̂_0 + w_xt·x_t + w_x1·x_1 + std·noise + w_before·x̂_0(of the step before)

The weights of a row sum to 1, so brightness cannot drift. Rows are made on the host in
float64. The last row is w_x0 = 1: what leaves is the estimate itself, not the bridge a
step away from it (`parity` alone ends as the official code does, at index 0).

Sources: I²SB (arXiv:2302.05872) Eq. 4 and its released sampler; DBIM (arXiv:2405.15885);
I3SB (arXiv:2403.06069), whose coefficients are the same numbers.
"""

from dataclasses import dataclass
from math import exp, expm1, log, sqrt

from bridge.contract import GridName, NetworkCard, SamplerName
from bridge.schedule import Schedule


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
class Plan:
    """A sampler, ready to run: its rows in the order they are walked, and its name."""

    sampler: SamplerName
    grid: GridName
    eta: float
    rows: tuple[Row, ...]

    @property
    def steps(self) -> int:
        """Network evaluations of each tile."""
        return len(self.rows)

    def __str__(self) -> str:
        return f"{self.sampler};steps={self.steps};grid={self.grid};eta={self.eta:g}"


def space_indices(count: int, wanted: int) -> list[int]:
    """`wanted` indices from 0 to count-1 as the official code spaces them, ascending.

    The stride is accumulated in floating point and rounded half to even, so the gaps are
    not all equal: space_indices(1000, 5) is [0, 250, 500, 749, 999].
    """
    if not 2 <= wanted <= count:
        raise ValueError(f"can't space {wanted} indices over {count}")
    stride = (count - 1) / (wanted - 1)
    position, indices = 0.0, []
    for _ in range(wanted):
        indices.append(round(position))
        position += stride
    return indices


def grid_indices(grid: GridName, steps: int, interval: int) -> list[int]:
    """The `steps` indices at which the network is evaluated, from N-1 down, 0 left out.

    `quadratic` crowds them at the clean end, where fine detail is made: index (N-1)(i/n)².
    """
    if not 1 <= steps < interval:
        raise ValueError(f"steps must lie in 1..{interval - 1}, not {steps}")
    if grid == "uniform":
        return space_indices(interval, steps + 1)[:0:-1]
    indices = [round((interval - 1) * (i / steps) ** 2) for i in range(1, steps + 1)]
    indices[0] = max(indices[0], 1)
    for i in range(1, steps):  # many steps round to the same index near 0: keep them apart
        indices[i] = max(indices[i], indices[i - 1] + 1)
    return indices[::-1]


def make_plan(
    schedule: Schedule,
    sampler: SamplerName,
    steps: int,
    *,
    grid: GridName = "quadratic",
    eta: float = 1.0,
) -> Plan:
    """The table of `sampler` over `steps` evaluations.

    eta   share of the posterior's noise, 0..1; only `dbim` takes it, the others say their own
    Raises ValueError where steps or eta are out of range.
    """
    if not 0 <= eta <= 1:
        raise ValueError(f"eta must lie in 0..1, not {eta}")
    if sampler == "parity":
        grid = "uniform"
    source = grid_indices(grid, steps, schedule.interval)
    target = [*source[1:], 0]
    walk = _WALKS[sampler]
    rows = walk(_Steps(schedule, source, target, eta))
    spent = {"dbim": eta, "i2sb": 1.0, "parity": 1.0}.get(sampler, 0.0)
    return Plan(sampler, grid, spent, tuple(rows))


def plan_for(
    card: NetworkCard,
    sampler: SamplerName,
    steps: int,
    *,
    grid: GridName = "quadratic",
    eta: float = 1.0,
) -> Plan:
    """`make_plan` for one network; raises ValueError where it was not trained for the sampler.

    An OT-ODE network never saw bridge noise; a stochastic one never saw its absence.
    """
    if card.ot_ode and sampler not in ("ot-ode", "ot-ode-2m"):
        raise ValueError(f"{card.name} is an OT-ODE network: sampler must be ot-ode or ot-ode-2m")
    if not card.ot_ode and sampler in ("ot-ode", "ot-ode-2m"):
        raise ValueError(f"{card.name} is stochastic: {sampler} would never show it noise")
    return make_plan(card.schedule.build(), sampler, steps, grid=grid, eta=eta)


@dataclass(frozen=True)
class _Steps:
    """The walk from source[i] to target[i] over a schedule, for the functions below."""

    schedule: Schedule
    source: list[int]
    target: list[int]
    eta: float

    def row(self, i: int, **weights: float) -> Row:
        n = self.source[i]
        return Row(n, float(self.schedule.clock[n]), float(self.schedule.sigma[n]), **weights)

    def variance(self, n: int) -> float:
        return float(self.schedule.variance[n])

    def marginal(self, n: int) -> tuple[float, float, float]:
        a, b, c = self.schedule.marginal()
        return float(a[n]), float(b[n]), float(c[n])

    @property
    def last(self) -> int:
        return len(self.source) - 1

    def boot(self) -> Row:
        """From x_1 itself (c = 0) to the first target: the marginal given x̂_0."""
        a, b, c = self.marginal(self.target[0])
        return self.row(0, w_x0=b, w_x1=a, std=c)

    def finish(self) -> Row:
        return self.row(self.last, w_x0=1.0)


def _dbim(steps: _Steps) -> list[Row]:
    """DBIM with η: 0 is deterministic after the boot, 1 is I²SB's posterior."""
    rows = []
    for i in range(steps.last):
        if i == 0:
            rows.append(steps.boot())
            continue
        s, t, total = (
            steps.variance(steps.source[i]),
            steps.variance(steps.target[i]),
            steps.schedule.total,
        )
        (a_s, b_s, _), (a_t, b_t, _) = (
            steps.marginal(steps.source[i]),
            steps.marginal(steps.target[i]),
        )
        spread = steps.eta * sqrt(t * (s - t) / s)
        keep = sqrt(max(0.0, t * (total - t) - spread**2 * total) / (s * (total - s)))
        rows.append(
            steps.row(i, w_x0=b_t - keep * b_s, w_xt=keep, w_x1=a_t - keep * a_s, std=spread)
        )
    return [*rows, steps.finish()]


def _posterior(steps: _Steps) -> list[Row]:
    """I²SB Eq. 4: x_prev ~ N(mean of x̂_0 and x_t by their variances), no x_1 in it."""
    rows = []
    for i in range(steps.last):
        s, t = steps.variance(steps.source[i]), steps.variance(steps.target[i])
        rows.append(steps.row(i, w_x0=1 - t / s, w_xt=t / s, std=sqrt(t * (s - t) / s)))
    return [*rows, steps.finish()]


def _parity(steps: _Steps) -> list[Row]:
    """The released sampler, to the end: the last step lands on index 0, without noise."""
    s, t = steps.variance(steps.source[-1]), steps.variance(0)
    return [*_posterior(steps)[:-1], steps.row(steps.last, w_x0=1 - t / s, w_xt=t / s)]


def _bridge_ode(steps: _Steps) -> list[Row]:
    """Probability-flow ODE of the bridge, 2nd-order multistep in λ = ln(b/c) (DBIM §4).

    The step after the boot is first order, as there is no estimate before it yet.
    """
    rows: list[Row] = []
    lambdas: dict[int, float] = {}
    for i in range(steps.last):
        if i == 0:
            rows.append(steps.boot())
            continue
        source, target = steps.source[i], steps.target[i]
        (a_s, b_s, c_s), (a_t, b_t, c_t) = steps.marginal(source), steps.marginal(target)
        lambdas[source], lambdas[target] = log(b_s / c_s), log(b_t / c_t)
        h = lambdas[target] - lambdas[source]
        first, second = -b_t * expm1(-h), 0.0
        if i > 1:
            h_before = lambdas[source] - lambdas[steps.source[i - 1]]
            second = b_t * (exp(-h) + h - 1) / h_before
        keep = c_t / c_s
        rows.append(
            steps.row(i, w_x0=first + second, w_xt=keep, w_x1=a_t - a_s * keep, w_before=-second)
        )
    return [*rows, steps.finish()]


def _ot_ode(steps: _Steps) -> list[Row]:
    """I²SB's OT-ODE limit, Euler: a straight line from x_t to x̂_0 in τ = S/T."""
    rows = []
    for i in range(steps.last):
        ratio = steps.variance(steps.target[i]) / steps.variance(steps.source[i])
        rows.append(steps.row(i, w_x0=1 - ratio, w_xt=ratio))
    return [*rows, steps.finish()]


def _ot_ode_2m(steps: _Steps) -> list[Row]:
    """OT-ODE, 2nd-order multistep in λ = -ln τ."""
    rows: list[Row] = []
    for i in range(steps.last):
        s, t = steps.variance(steps.source[i]), steps.variance(steps.target[i])
        ratio, second = t / s, 0.0
        if i > 0:
            h, h_before = log(s / t), log(steps.variance(steps.source[i - 1]) / s)
            second = (exp(-h) + h - 1) / h_before
        rows.append(steps.row(i, w_x0=1 - ratio + second, w_xt=ratio, w_before=-second))
    return [*rows, steps.finish()]


_WALKS = {
    "i2sb": _posterior,
    "dbim": _dbim,
    "bridge-ode": _bridge_ode,
    "ot-ode": _ot_ode,
    "ot-ode-2m": _ot_ode_2m,
    "parity": _parity,
}
