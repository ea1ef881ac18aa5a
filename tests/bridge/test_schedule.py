import numpy as np
import pytest

from bridge.schedule import Float64, Schedule


def official_marginal(schedule: Schedule) -> tuple[Float64, Float64, Float64]:
    """a, b and c as I²SB's released code tabulates them: its backward variance counts β_n too."""
    backward = np.cumsum(schedule.beta[::-1])[::-1]
    both = schedule.variance + backward
    spread = np.sqrt(schedule.variance * backward / both)
    return schedule.variance / both, backward / both, spread


@pytest.mark.parametrize(
    ("beta_max", "middle", "total", "widest"),
    [(0.3, 1.865025e-4, 0.14102725, 0.187892), (1.0, 4.326635e-4, 0.24692870, 0.248677)],
)
def test_tables_hold_the_official_numbers(
    beta_max: float, middle: float, total: float, widest: float
) -> None:
    schedule = Schedule(beta_max=beta_max)
    np.testing.assert_allclose(
        schedule.beta[[0, 499, 500, 999]], [1e-4, middle, middle, 1e-4], 1e-6
    )
    np.testing.assert_allclose(schedule.total, total, 1e-6)
    np.testing.assert_allclose(official_marginal(schedule)[2].max(), widest, 1e-5)
    np.testing.assert_allclose(schedule.sigma[0], 0.01)


def test_sigma_at_five_steps_is_the_official_one() -> None:
    sigma = Schedule(beta_max=0.3).sigma[[1, 100, 250, 500, 750]]
    np.testing.assert_allclose(sigma, [0.014147, 0.104203, 0.173146, 0.265895, 0.333658], atol=1e-6)


@pytest.mark.parametrize(("interval", "total"), [(100, 0.0487), (500, 0.0949), (2000, 0.2233)])
def test_another_interval_has_another_total_variance(interval: int, total: float) -> None:
    assert Schedule(interval=interval).total == pytest.approx(total, abs=6e-5)


def test_the_clock_runs_from_a_tenth_to_a_thousand() -> None:
    clock = Schedule().clock
    np.testing.assert_allclose(clock[[0, 500, 999]], [0.1, 500.5505, 1000.0], atol=5e-5)


def test_the_marginal_ends_at_the_damaged_photo_without_noise() -> None:
    a, b, c = Schedule().marginal()
    assert (a[-1], b[-1], c[-1]) == (1.0, 0.0, 0.0)
    np.testing.assert_allclose(a + b, 1.0)


def test_the_official_marginal_is_near_the_closed_form_but_keeps_noise_at_the_end() -> None:
    schedule = Schedule()
    closed, official = schedule.marginal(), official_marginal(schedule)
    assert np.abs(closed[0] - official[0]).max() < 7.9e-4
    np.testing.assert_allclose(
        [official[1][-1], official[0][-1], official[2][-1]],
        [0.000709, 0.999291, 0.009996],
        atol=1e-6,
    )


@pytest.mark.parametrize(
    "fields", [{"interval": 999}, {"interval": 0}, {"beta_max": 0.0}, {"t0": 2.0}]
)
def test_a_schedule_out_of_range_is_refused(fields: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(fields))):
        Schedule(**fields)  # type: ignore[arg-type]
