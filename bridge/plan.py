"""A sampler is a table: every reverse step of a bridge is linear in what is at hand.

    x_prev = w_x0·x̂_0 + w_xt·x_t + w_x1·x_1 + std·noise + w_before·x̂_0(of the step before)

The weights of a row sum to 1, so brightness cannot drift. Rows are made on the host in
float64. The last row is w_x0 = 1: what leaves is the estimate itself, not the bridge a
step away from it (`parity` alone ends as the official code does, at index 0).
"""

from dataclasses import dataclass

from bridge.contract import GridName, NetworkCard, SamplerName
from bridge.grid import grid_indices
from bridge.samplers import SAMPLERS, Row, Walk
from bridge.schedule import Schedule


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
    rows = SAMPLERS[sampler](Walk(schedule, source, target, eta))
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
