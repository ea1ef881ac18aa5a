import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.contract import GridName, SamplerName
from bridge.grid import grid_indices, space_indices
from bridge.plan import Plan, make_plan, plan_for
from bridge.schedule import Schedule
from tests.bridge.cards import card

SAMPLERS: list[SamplerName] = ["i2sb", "dbim", "bridge-ode", "ot-ode", "ot-ode-2m", "parity"]
GRIDS: list[GridName] = ["uniform", "quadratic"]
SCHEDULES = [Schedule(beta_max=0.3), Schedule(beta_max=1.0)]
schedules = st.sampled_from(SCHEDULES)


@pytest.mark.parametrize(
    ("steps", "indices"),
    [
        (1, [0, 999]),
        (2, [0, 500, 999]),
        (3, [0, 333, 666, 999]),
        (4, [0, 250, 500, 749, 999]),
        (5, [0, 200, 400, 599, 799, 999]),
        (10, [0, 100, 200, 300, 400, 500, 599, 699, 799, 899, 999]),
    ],
)
def test_indices_are_spaced_as_the_official_code_spaces_them(
    steps: int, indices: list[int]
) -> None:
    assert space_indices(1000, steps + 1) == indices


@given(st.sampled_from(GRIDS), st.integers(1, 999))
def test_a_grid_falls_strictly_from_the_damaged_end_and_stops_above_the_clean_one(
    grid: GridName, steps: int
) -> None:
    indices = grid_indices(grid, steps, 1000)
    assert len(indices) == steps
    assert indices[0] == 999
    assert indices[-1] >= 1
    assert all(np.diff(indices) < 0)


@given(
    schedules,
    st.sampled_from(SAMPLERS),
    st.sampled_from(GRIDS),
    st.integers(1, 999),
    st.floats(0, 1),
)
def test_the_weights_of_every_row_sum_to_one(
    schedule: Schedule, sampler: SamplerName, grid: GridName, steps: int, eta: float
) -> None:
    plan = make_plan(schedule, sampler, steps, grid=grid, eta=eta)
    for row in plan.rows:
        assert abs(row.w_x0 + row.w_xt + row.w_x1 + row.w_before - 1) < 1e-9


@given(schedules, st.sampled_from(GRIDS), st.integers(2, 500))
def test_full_eta_is_the_posterior_of_i2sb(schedule: Schedule, grid: GridName, steps: int) -> None:
    """After the boot, where x_t and x_1 are one array and only the sum of their weights counts."""
    dbim = make_plan(schedule, "dbim", steps, grid=grid, eta=1.0)
    posterior = make_plan(schedule, "i2sb", steps, grid=grid)
    for mine, theirs in zip(dbim.rows, posterior.rows, strict=True):
        np.testing.assert_allclose(
            [mine.w_x0, mine.w_xt + mine.w_x1, mine.std],
            [theirs.w_x0, theirs.w_xt + theirs.w_x1, theirs.std],
            atol=1e-10,
        )
    for row in dbim.rows[1:]:
        assert abs(row.w_x1) < 1e-10


@given(schedules, st.integers(2, 200))
def test_no_eta_draws_noise_in_the_boot_alone(schedule: Schedule, steps: int) -> None:
    plan = make_plan(schedule, "dbim", steps, eta=0.0)
    assert [row.noisy for row in plan.rows] == [True] + [False] * (steps - 1)


def marginal_after(plan: Plan, rows: int) -> tuple[float, float, float]:
    """Weights of x_0 and x_1 and the spread of x_t after `rows` rows, given the true x_0."""
    of_x0, of_x1, spread = 0.0, 1.0, 0.0
    for row in plan.rows[:rows]:
        of_x0 = row.w_x0 + row.w_xt * of_x0
        of_x1 = row.w_x1 + row.w_xt * of_x1
        spread = float(np.hypot(row.w_xt * spread, row.std))
    return of_x0, of_x1, spread


@given(schedules, st.sampled_from([0.0, 0.3, 0.6, 0.8, 1.0]), st.integers(2, 60))
def test_with_the_true_x_0_every_step_keeps_the_bridge_marginal(
    schedule: Schedule, eta: float, steps: int
) -> None:
    plan = make_plan(schedule, "dbim", steps, eta=eta)
    a, b, c = schedule.marginal()
    for done in range(1, steps):
        n = plan.rows[done].n
        np.testing.assert_allclose(marginal_after(plan, done), (b[n], a[n], c[n]), atol=1e-10)


def test_the_first_order_form_of_the_ode_is_dbim_without_noise() -> None:
    """Its second-order terms vanish where the estimate does not change between steps."""
    schedule = Schedule()
    ode, dbim = (
        make_plan(schedule, name, 10, grid="uniform", eta=0.0) for name in ("bridge-ode", "dbim")
    )
    for mine, theirs in zip(ode.rows, dbim.rows, strict=True):
        np.testing.assert_allclose(
            [mine.w_x0 + mine.w_before, mine.w_xt, mine.w_x1],
            [theirs.w_x0, theirs.w_xt, theirs.w_x1],
            atol=1e-12,
        )


def toy_error(sampler: SamplerName, steps: int) -> float:
    """Error of a deterministic walk against a fine one, where E[x_0 | x_t, x_1] is known.

    x_0 is drawn from N(0, 0.1²), so the estimate is linear in x_t; x_1 = 0.1, boot noise 0.4.
    """
    schedule = Schedule()
    a, b, c = schedule.marginal()

    def walk(plan: Plan) -> float:
        x_t = x_1 = 0.1
        before = 0.0
        for row in plan.rows:
            n = row.n
            x_0 = 0.01 * b[n] * (x_t - a[n] * x_1) / (0.01 * b[n] ** 2 + c[n] ** 2 + 1e-30)
            boot = row.std * 0.4
            x_t = row.w_x0 * x_0 + row.w_xt * x_t + row.w_x1 * x_1 + row.w_before * before + boot
            before = float(x_0)
        return float(x_t)

    exact = walk(make_plan(schedule, "dbim", 900, grid="quadratic", eta=0.0))
    return abs(walk(make_plan(schedule, sampler, steps, grid="quadratic", eta=0.0)) - exact)


def test_the_second_order_ode_is_nearer_the_limit_than_the_first_order_walk() -> None:
    for steps in (10, 20, 40):
        assert toy_error("bridge-ode", steps) < 0.5 * toy_error("dbim", steps)


def test_a_second_order_plan_uses_the_estimate_before_from_its_third_row_on() -> None:
    plan = make_plan(Schedule(), "bridge-ode", 6)
    assert [row.w_before != 0 for row in plan.rows] == [False, False, True, True, True, False]


@pytest.mark.parametrize(("steps", "eta"), [(0, 1.0), (1000, 1.0), (5, -0.1), (5, 1.1)])
def test_a_plan_out_of_range_is_refused(steps: int, eta: float) -> None:
    with pytest.raises(ValueError, match="must lie in"):
        make_plan(Schedule(), "dbim", steps, eta=eta)


def test_a_network_refuses_a_sampler_whose_noise_it_never_saw() -> None:
    stochastic = card()
    straight = card(ot_ode=True, conditional=False, inputs=("x_t", "t", "sigma"))
    with pytest.raises(ValueError, match="stochastic"):
        plan_for(stochastic, "ot-ode", 5)
    with pytest.raises(ValueError, match="OT-ODE"):
        plan_for(straight, "dbim", 5)
