"""What the embedded engine alone does; what every engine promises stands in test_contract."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper

from bridge.contract import NetworkCard
from export.onnx_file import write_card
from service.engine import EvaluationFailed
from service.engine.local import LocalEngine, load_networks
from service.engine.repository import RepositoryError, read_repository
from service.engine.runtimes import RuntimeName
from service.engine.runtimes.onnx_runtime import OnnxRuntime
from service.engine.runtimes.opening import open_runtime
from service.telemetry import Telemetry
from tests.bridge.cards import card
from tests.service.engine.tiny import expected, tile, tiny_network


def put(repository: Path, of: NetworkCard, model: onnx.ModelProto | None = None) -> None:
    folder = repository / of.name
    (folder / "1").mkdir(parents=True)
    (folder / "config.pbtxt").write_text(f'name: "{of.name}"')
    onnx.save(model or tiny_network(of), str(folder / "1" / "model.onnx"))


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    put(tmp_path / "repo", card())
    return tmp_path / "repo"


@pytest.fixture
def telemetry() -> Telemetry:
    return Telemetry()


@pytest.fixture
async def engine(repository: Path, telemetry: Telemetry) -> AsyncIterator[LocalEngine]:
    made = LocalEngine(
        load_networks(repository, OnnxRuntime(1), repository / "sizes.json", 4), telemetry
    )
    yield made
    await made.close()


async def test_every_tile_gets_its_own_estimate_whatever_shares_its_batch(
    engine: LocalEngine, telemetry: Telemetry
) -> None:
    tiles = [tile(seed, t=float(seed), side=32 + 16 * (seed % 2)) for seed in range(12)]
    outputs = await asyncio.gather(*(engine.evaluate("test", one) for one in tiles))
    for one, output in zip(tiles, outputs, strict=True):
        np.testing.assert_allclose(output, expected(one), atol=1e-6)
    batches = telemetry.registry.get_sample_value(
        "rialto_engine_batch_size_count", {"network": "test"}
    )
    assert batches is not None
    assert batches < 12


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
async def test_an_answer_of_another_size_fails_its_tile_and_leaves_nobody_waiting(
    tmp_path: Path, telemetry: Telemetry, runtime: RuntimeName
) -> None:
    model = tiny_network(card())
    model.graph.node[-1].output[0] = "one"
    model.graph.node.append(helper.make_node("Concat", ["one", "one"], ["x_0"], axis=0))
    put(tmp_path / "repo", card(), model)
    networks = load_networks(tmp_path / "repo", open_runtime(runtime, 1), tmp_path / "sizes", 4)
    engine = LocalEngine(networks, telemetry)
    outcomes = await asyncio.gather(
        *(engine.evaluate("test", tile(seed)) for seed in range(3)), return_exceptions=True
    )
    await engine.close()
    assert all(isinstance(outcome, EvaluationFailed) for outcome in outcomes)


def test_an_empty_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match="no networks below"):
        read_repository(tmp_path, OnnxRuntime(1))


def test_a_corrupt_network_is_refused_by_name(repository: Path) -> None:
    file = repository / "test" / "1" / "model.onnx"
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(RepositoryError, match=r"model\.onnx cannot be loaded"):
        read_repository(repository, OnnxRuntime(1))


def test_a_network_whose_card_disagrees_with_its_inputs_is_refused(tmp_path: Path) -> None:
    model = tiny_network(card())
    masked = card(
        inputs=("x_t", "t", "sigma", "x_1", "mask"), hole_fill="grey", projection="known-pixels"
    )
    put(tmp_path, masked, model)
    write_card(model, masked)
    onnx.save(model, str(tmp_path / "test" / "1" / "model.onnx"))
    with pytest.raises(RepositoryError, match="its card says"):
        read_repository(tmp_path, OnnxRuntime(1))


def test_a_network_without_a_card_is_refused(tmp_path: Path) -> None:
    model = tiny_network(card())
    del model.metadata_props[:]
    put(tmp_path, card(), model)
    with pytest.raises(RepositoryError, match="carries no"):
        read_repository(tmp_path, OnnxRuntime(1))


def test_the_newest_version_is_served(repository: Path) -> None:
    newer = card(title="Newer")
    (repository / "test" / "10").mkdir()
    onnx.save(tiny_network(newer), str(repository / "test" / "10" / "model.onnx"))
    assert read_repository(repository, OnnxRuntime(1))["test"].card.title == "Newer"


def test_batch_sizes_are_measured_on_the_networks_themselves(repository: Path) -> None:
    store = repository / "sizes.json"
    assert load_networks(repository, OnnxRuntime(1), store).batch_sizes["test"] in (1, 2, 4, 8)
    assert store.exists()
