"""A synthetic checkpoint, from its file to its pixels."""

import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from bridge.contract import NetworkCard, Tile, batch_inputs
from bridge.networks.adm import Adm
from bridge.plan import plan_for
from export.nvlabs import CheckpointError, import_results
from export.nvlabs.parity import difference, probe
from export.onnx_file import read_card, weights_digest
from service.engine.repository import read_repository
from service.engine.runtimes.onnx_runtime import OnnxRuntime
from tests.export.nvlabs.checkpoints import (
    SHAPE,
    UPDATES,
    Touch,
    checkpoint,
    imported,
    options,
    write_results,
)


@pytest.fixture(scope="module", params=[False, True], ids=["unconditional", "conditional"])
def network(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, NetworkCard, Adm]:
    """An imported network that no test changes."""
    return imported(tmp_path_factory.mktemp("imported"), cond_x1=request.param)


def test_the_averaged_weights_are_what_is_served(network: tuple[Path, NetworkCard, Adm]) -> None:
    folder, card, average = network
    cond_x1 = card.conditional
    rng = np.random.default_rng(0)
    x_t, x_1 = rng.uniform(-1, 1, (2, 2, 3, 48, 80)).astype(np.float32)
    t, sigma = np.array([0.1, 700], np.float32), np.array([0.01, 0.3], np.float32)
    feed = {"x_t": x_t, "t": t, "sigma": sigma} | ({"x_1": x_1} if cond_x1 else {})
    session = onnxruntime.InferenceSession(str(folder / "1" / "model.onnx"))
    (x_0,) = session.run(None, feed)
    seen = (torch.from_numpy(x_t), torch.from_numpy(t), torch.from_numpy(x_1) if cond_x1 else None)
    with torch.inference_mode():
        label = average(*seen).numpy()
    expected = x_t - sigma[:, None, None, None] * label
    assert np.abs(expected - x_t).max() > 0.05
    np.testing.assert_allclose(x_0, expected, atol=2e-5)
    assert card.weights_sha256 == weights_digest(average)
    assert card.parameters == sum(p.numel() for p in average.parameters())
    assert card.inputs == tuple(feed)
    assert (card.name, card.task) == ("nvlabs-jpeg-10", "nvlabs-jpeg-10")
    assert (card.training.iterations, card.licence) == (UPDATES, "CC-BY-NC-SA-4.0")


def test_the_service_reads_what_was_imported_and_walks_its_plan(
    network: tuple[Path, NetworkCard, Adm],
) -> None:
    folder, card, _ = network
    served = read_repository(folder.parent, OnnxRuntime(1))["nvlabs-jpeg-10"]
    assert served.card == card == read_card(folder / "1" / "model.onnx")
    preset = card.presets["balanced"]
    plan = plan_for(card, preset.sampler, preset.steps, grid=preset.grid, eta=preset.eta)
    x_1 = np.zeros((3, 32, 32), np.float32)
    row = plan.rows[0]
    feed = batch_inputs(card, [Tile(x_1, row.t, row.sigma, x_1)])
    x_0 = served.session.run(feed)
    assert x_0.shape == (1, 3, 32, 32)
    assert np.isfinite(x_0).all()


def without(key: str) -> Callable[[dict[str, Any]], None]:
    return lambda state: state.pop(key)


def shorten(state: dict[str, Any]) -> None:
    state["ema"]["shadow_params"].pop()


def rename(state: dict[str, Any]) -> None:
    state["net"]["diffusion_model.label_emb.weight"] = state["net"].pop(
        "diffusion_model.time_embed.0.weight"
    )


def reshape(state: dict[str, Any]) -> None:
    state["ema"]["shadow_params"][0] = torch.zeros(128, 31)


def diverge(state: dict[str, Any]) -> None:
    state["ema"]["shadow_params"][-1][0] = torch.nan


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (without("ema"), "lacks 'ema'"),
        (without("net"), "lacks 'net'"),
        (shorten, "averages other ones"),
        (rename, "lacks 1 weights of ADM, such as time_embed.0.weight"),
        (reshape, r"time_embed.0.weight is \(128, 31\)"),
        (diverge, "out.2.bias is not finite"),
    ],
)
def test_a_checkpoint_that_is_no_such_network_is_refused(
    tmp_path: Path, damage: Callable[[dict[str, Any]], None], said: str
) -> None:
    state, _ = checkpoint()
    damage(state)
    results = write_results(tmp_path / "results", state, options())
    with pytest.raises(CheckpointError, match=said):
        import_results(results, tmp_path / "repo", shape=SHAPE)
    assert not list(tmp_path.glob("repo/*"))


def test_a_network_of_another_size_is_refused_by_its_first_weight_that_differs(
    tmp_path: Path,
) -> None:
    results = write_results(tmp_path / "results", checkpoint()[0], options())
    with pytest.raises(CheckpointError, match="lacks 440 weights of ADM"):
        import_results(results, tmp_path / "repo")
    shape = replace(SHAPE, width=64)
    with pytest.raises(CheckpointError, match=r"is \(128, 32\), in this ADM it is \(256, 64\)"):
        import_results(results, tmp_path / "repo", shape=shape)


def test_the_average_is_mapped_by_the_checkpoints_own_order(tmp_path: Path) -> None:
    """Another version of their code may register weights in another order than ours."""
    state, average = checkpoint()
    names = list(state["net"])
    state["net"] = {name: state["net"][name] for name in reversed(names)}
    state["ema"]["shadow_params"].reverse()
    results = write_results(tmp_path / "results", state, options())
    card = import_results(results, tmp_path / "repo", shape=SHAPE).card
    assert card.weights_sha256 == weights_digest(average)


def test_a_checkpoint_that_tries_to_run_code_is_refused(tmp_path: Path) -> None:
    state, _ = checkpoint()
    trap = tmp_path / "ran"
    results = write_results(tmp_path / "results", {**state, "sched": Touch(trap)}, options())
    with pytest.raises(CheckpointError, match=r"latest\.pt is refused"):
        import_results(results, tmp_path / "repo", shape=SHAPE)
    assert not trap.exists()


def test_a_truncated_checkpoint_is_refused(tmp_path: Path) -> None:
    state, _ = checkpoint()
    results = write_results(tmp_path / "results", state, options())
    whole = (results / "latest.pt").read_bytes()
    for content in (whole[: len(whole) // 2], b"", b"junk"):
        (results / "latest.pt").write_bytes(content)
        with pytest.raises(CheckpointError, match=r"latest\.pt"):
            import_results(results, tmp_path / "repo", shape=SHAPE)
    assert zipfile.is_zipfile(results / "latest.pt") is False


def test_importing_again_leaves_one_network_and_one_set_of_weights(tmp_path: Path) -> None:
    folder, card, _ = imported(tmp_path)
    state, _ = checkpoint()
    for weight in state["ema"]["shadow_params"]:
        weight.mul_(0.9)
    results = write_results(tmp_path / "results", state, options())
    again = import_results(results, tmp_path / "repo", shape=SHAPE)
    assert again.card.weights_sha256 != card.weights_sha256
    assert {path.name for path in (folder / "1").iterdir()} == {
        "model.onnx",
        f"weights-{again.card.short_hash}.data",
    }
    assert [path.name for path in (tmp_path / "repo").iterdir()] == [folder.name]


def test_the_graph_holds_no_weights_and_the_weights_lie_where_a_runtime_can_map_them(
    network: tuple[Path, NetworkCard, Adm],
) -> None:
    folder, card, average = network
    model = onnx.load(str(folder / "1" / "model.onnx"), load_external_data=False)
    names = {f"network.{name}" for name, _ in average.named_parameters()}
    assert {tensor.name for tensor in model.graph.initializer} == names
    for tensor in model.graph.initializer:
        pointer = {entry.key: entry.value for entry in tensor.external_data}
        assert int(pointer["offset"]) % 4096 == 0
    assert tuple(value.name for value in model.graph.input) == card.inputs


def test_a_file_that_is_not_the_network_is_refused(
    network: tuple[Path, NetworkCard, Adm],
) -> None:
    folder, card, average = network
    expected = probe(average, card)
    assert difference(folder / "1" / "model.onnx", expected) < 1e-5
    for other in (expected.x_0 + np.float32(1e-3), expected.x_0 * np.float32("nan")):
        with pytest.raises(CheckpointError, match="differs from torch"):
            difference(folder / "1" / "model.onnx", replace(expected, x_0=other))
