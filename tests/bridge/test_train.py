from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from bridge.batches import training_batch
from bridge.checkpoint import load_checkpoint, save_checkpoint
from bridge.contract import SamplerName
from bridge.degrade.recipes import RECIPES
from bridge.plan import make_plan
from bridge.schedule import Schedule
from bridge.train import TrainingRun
from bridge.training_plan import TrainingPlan
from bridge.walked import walked

CROPS = np.random.default_rng(0).integers(0, 256, (6, 192, 192, 3), dtype=np.uint8)
PLAN = TrainingPlan("sr4x", iterations=8, width=8, blocks=1, patch=32, batch=2, warmup=2)


def test_a_run_that_was_killed_ends_as_one_that_was_not(tmp_path: Path) -> None:
    whole, killed = TrainingRun(PLAN, CROPS), TrainingRun(PLAN, CROPS)
    losses = list(whole.steps())
    first = [killed.step() for _ in range(3)]
    save_checkpoint(killed.state(), tmp_path / "latest.pt")
    killed.step()  # lost: the kill came before the next checkpoint

    resumed = TrainingRun(PLAN, CROPS)
    resumed.restore(load_checkpoint(tmp_path / "latest.pt"))
    assert [*first, *resumed.steps()] == losses
    pairs = zip(whole.average.parameters(), resumed.average.parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)


def test_a_run_can_be_prolonged_until_its_cool_down_begins() -> None:
    run = TrainingRun(PLAN, CROPS)
    for _ in range(5):
        run.step()
    longer = replace(PLAN, iterations=20)
    TrainingRun(longer, CROPS).restore(run.state())
    for _ in range(2):
        run.step()
    with pytest.raises(ValueError, match="cool-down"):
        TrainingRun(longer, CROPS).restore(run.state())


def test_a_checkpoint_of_another_plan_is_refused() -> None:
    state = TrainingRun(PLAN, CROPS).state()
    with pytest.raises(ValueError, match="another plan"):
        TrainingRun(replace(PLAN, rate=1e-4), CROPS).restore(state)


def test_a_run_begins_from_the_averaged_weights_of_another() -> None:
    first = TrainingRun(PLAN, CROPS)
    for _ in range(3):
        first.step()
    tuned = TrainingRun(replace(PLAN, task="jpeg", loss="l2", rate=1e-4), CROPS)
    tuned.begin_from(first.state())
    for network in (tuned.network, tuned.average):
        pairs = zip(first.average.parameters(), network.parameters(), strict=True)
        assert all(torch.equal(one, other) for one, other in pairs)
    assert tuned.iteration == 0
    with pytest.raises(ValueError, match="'width': 8"):
        TrainingRun(replace(PLAN, width=16), CROPS).begin_from(first.state())


def test_training_lowers_the_loss() -> None:
    plan = replace(PLAN, iterations=120, rate=5e-3)
    smooth = np.linspace(0, 255, 192).astype(np.uint8)
    crops = np.broadcast_to(smooth[None, :, None, None], (2, 192, 192, 3)).copy()
    crops[:, ::7] ^= 64
    losses = list(TrainingRun(plan, crops).steps())
    assert np.mean(losses[-10:]) < 0.9 * np.mean(losses[:10])


def test_the_rate_warms_up_stands_and_falls_to_nothing() -> None:
    plan = TrainingPlan("jpeg", iterations=1000, rate=1.0, warmup=100, cooldown=0.25)
    rates = [plan.rate_at(i) for i in range(1000)]
    assert rates[0] == pytest.approx(0.01)
    assert rates[100:750] == [1.0] * 650
    assert all(np.diff(rates[750:]) < 0)
    assert rates[-1] == pytest.approx(1 / 250)


def test_a_batch_follows_the_marginal_of_the_bridge() -> None:
    """Residuals of x_t against its mean have the spread c at each sample's own time."""
    schedule, plan = Schedule(), replace(PLAN, batch=64)
    batch = training_batch(plan, RECIPES["sr4x"], schedule, CROPS, 0)
    n = np.searchsorted(schedule.clock, batch.t.numpy() - 1e-3)
    a, b, c = (torch.tensor(table[n])[:, None, None, None] for table in schedule.marginal())
    residual = (batch.x_t - a * batch.x_1 - b * batch.x_0).std(dim=(1, 2, 3))
    torch.testing.assert_close(residual, c.flatten(), atol=0.01, rtol=0.1)


def test_a_network_that_learns_of_holes_begins_as_the_one_that_knew_none() -> None:
    first = TrainingRun(PLAN, CROPS)
    first.step()
    told = TrainingRun(replace(PLAN, task="inpaint"), CROPS)
    told.begin_from(first.state())
    batch = training_batch(told.plan, told.recipe, told.schedule, CROPS, 0)
    assert batch.mask is not None
    with torch.inference_mode():
        expected = first.average(batch.x_t, batch.t, batch.x_1)
        torch.testing.assert_close(
            told.average(batch.x_t, batch.t, batch.x_1, batch.mask), expected
        )


def test_what_is_known_is_no_part_of_an_inpainting_loss() -> None:
    plan = replace(PLAN, task="inpaint")
    batch = training_batch(plan, RECIPES["inpaint"], Schedule(), CROPS, 0)
    assert batch.mask is not None
    wrong_outside = batch.x_0 + 5 * (1 - batch.mask)
    assert float(batch.loss(wrong_outside, "l1")) == 0
    assert float(batch.loss(batch.x_0 + 0.5 * batch.mask, "l1")) == pytest.approx(0.5)


def test_a_perceptual_objective_pulls_on_the_estimate_and_leaves_its_judge_alone() -> None:
    plan = replace(PLAN, patch=48, perceptual=0.5)
    run, plain = TrainingRun(plan, CROPS), TrainingRun(replace(plan, perceptual=0.0), CROPS)
    assert run.step() > plain.step() + 0.05
    assert run.judge is not None
    assert not any(weight.requires_grad for weight in run.judge.parameters())
    pairs = zip(run.network.parameters(), plain.network.parameters(), strict=True)
    assert any(not torch.equal(one, other) for one, other in pairs)


def test_a_walk_begins_at_x_1_and_goes_where_the_sampler_goes() -> None:
    """After two evaluations x_t is what the plan's own rows make of the network's estimates."""
    plan = make_plan(Schedule(), "dbim", 3, eta=0.0)
    run = TrainingRun(PLAN, CROPS)
    batch = training_batch(PLAN, run.recipe, run.schedule, CROPS, 0)
    start = walked(batch, run.network, plan, 0, seed=1)
    assert torch.equal(start.x_t, batch.x_1)
    assert start.t.tolist() == [1000.0, 1000.0]

    there = walked(batch, run.network, plan, 2, seed=1)
    generator = torch.Generator().manual_seed(1)
    x_t = batch.x_1
    with torch.inference_mode():
        for row in plan.rows[:2]:
            x_0 = run.network(x_t, torch.full((2,), row.t), batch.x_1).clamp(-1, 1)
            noise = torch.randn(x_t.shape, generator=generator)
            x_t = row.w_x0 * x_0 + row.w_xt * x_t + row.w_x1 * batch.x_1 + row.std * noise
    torch.testing.assert_close(there.x_t, x_t)
    assert there.t.tolist() == pytest.approx([plan.rows[2].t] * 2)
    assert not torch.equal(walked(batch, run.network, plan, 2, seed=2).x_t, there.x_t)


def test_a_walk_leaves_what_is_known_in_place() -> None:
    plan = replace(PLAN, task="inpaint")
    run = TrainingRun(plan, CROPS)
    batch = training_batch(plan, run.recipe, run.schedule, CROPS, 0)
    assert batch.mask is not None
    walk = make_plan(run.schedule, "dbim", 2, eta=0.0)
    row = walk.rows[0]
    there = walked(batch, run.network, walk, 1, seed=0)
    noise = torch.randn(batch.x_1.shape, generator=torch.Generator().manual_seed(0))
    known = row.w_x0 * batch.x_0 + row.w_x1 * batch.x_1 + row.std * noise
    torch.testing.assert_close(there.x_t * (1 - batch.mask), known * (1 - batch.mask))


@pytest.mark.parametrize(("sampler", "done"), [("dbim", 4), ("dbim", -1), ("bridge-ode", 2)])
def test_a_walk_that_cannot_be_walked_is_refused(sampler: SamplerName, done: int) -> None:
    run = TrainingRun(PLAN, CROPS)
    batch = training_batch(PLAN, run.recipe, run.schedule, CROPS, 0)
    with pytest.raises(ValueError, match=r"done|estimates"):
        walked(batch, run.network, make_plan(run.schedule, sampler, 4), done, seed=0)


def test_training_on_walks_resumes_as_it_would_have_gone_on(tmp_path: Path) -> None:
    plan = replace(PLAN, walk=3)
    whole, killed = TrainingRun(plan, CROPS), TrainingRun(plan, CROPS)
    losses = list(whole.steps())
    first = [killed.step() for _ in range(3)]
    save_checkpoint(killed.state(), tmp_path / "latest.pt")
    resumed = TrainingRun(plan, CROPS)
    resumed.restore(load_checkpoint(tmp_path / "latest.pt"))
    assert [*first, *resumed.steps()] == losses
    assert losses != list(TrainingRun(PLAN, CROPS).steps())


def test_a_kill_while_saving_leaves_the_old_checkpoint(tmp_path: Path) -> None:
    file = tmp_path / "latest.pt"
    save_checkpoint({"iteration": 1}, file)
    (tmp_path / "latest.pt.partial").write_bytes(b"half")
    assert load_checkpoint(file) == {"iteration": 1}


def test_a_checkpoint_that_would_run_code_is_refused(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (tmp_path / "ran",))

    torch.save(Evil(), tmp_path / "evil.pt")
    with pytest.raises(Exception, match="Weights only load failed"):
        load_checkpoint(tmp_path / "evil.pt")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "fields", [{"task": "colourise"}, {"iterations": 0}, {"cooldown": 2.0}, {"walk": -1}]
)
def test_a_plan_that_cannot_run_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(fields))):
        replace(PLAN, **fields)  # type: ignore[arg-type]
