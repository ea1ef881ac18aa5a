"""Networks that a Triton shall not serve: their configs, cards and files disagree."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import text_format
from tritonclient.grpc import InferenceServerClient, model_config_pb2

from bridge.contract import METADATA_KEY
from export.model_repo import write_network
from export.texts import VARIANTS
from export.triton_config import Backend, triton_config
from service.engine.repository import RepositoryError
from service.engine.triton import networks
from tests.bridge.cards import card
from tests.service.engine.conftest import triton_on
from tests.service.engine.tiny import tiny_network


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"name": "other"}, "carries the card of test"),
        ({"max_batch_size": 0}, "allows no batches"),
        ({"output": [{"name": "y", "data_type": "TYPE_FP32", "dims": [3, -1, -1]}]}, "its card"),
        ({"parameters": {"rialto": {"string_value": "{}"}}}, "cannot read"),
    ],
)
def test_a_config_that_contradicts_its_card_is_refused(
    change: dict[str, Any], complaint: str
) -> None:
    config = text_format.Parse(triton_config(card(), "python"), model_config_pb2.ModelConfig())
    for name, value in change.items():
        config.ClearField(name)
        text_format.Parse(prototext(name, value), config)
    with pytest.raises(RepositoryError, match=complaint):
        networks.served_by(config, "1")


def prototext(name: str, value: Any) -> str:
    if name == "parameters":
        text = json.dumps(value[METADATA_KEY]["string_value"])
        return f'parameters {{ key: "{METADATA_KEY}" value {{ string_value: {text} }} }}'
    if name == "output":
        return 'output [ { name: "y" data_type: TYPE_FP32 dims: [ 3, -1, -1 ] } ]'
    return f"{name}: {json.dumps(value)}"


def test_a_model_that_carries_no_card_is_not_ours_and_is_passed_over() -> None:
    config = text_format.Parse(triton_config(card(), "python"), model_config_pb2.ModelConfig())
    del config.parameters[METADATA_KEY]
    assert networks.served_by(config, "1") is None


@pytest.mark.parametrize("backend", ["onnxruntime", "python", "tensorrt"])
def test_the_variant_with_priorities_is_the_same_network_with_triton_s_own_levels(
    backend: Backend,
) -> None:
    plain, ordered = (
        text_format.Parse(triton_config(card(), backend, order), model_config_pb2.ModelConfig())
        for order in ("fifo", "priorities")
    )
    served = networks.served_by(ordered, "1")
    assert served is not None
    assert served.priorities
    assert served.card == card()
    assert ordered.instance_group[0].count == 2  # with one, its batcher stalls
    assert not networks.served_by(plain, "1").priorities  # type: ignore[union-attr]
    for one in (plain, ordered):
        one.ClearField("dynamic_batching")
        one.instance_group[0].count = 1
    assert plain == ordered


def test_triton_parses_every_variant_and_serves_those_whose_backend_it_has(tmp_path: Path) -> None:
    variants = {"onnxruntime": ("onnxruntime", "fifo"), **VARIANTS}
    for name, (backend, order) in variants.items():
        folder = write_network(tiny_network(card(name=name)), card(name=name), tmp_path / "repo")
        shutil.rmtree(folder / "configs")
        (folder / "configs").mkdir()
        (folder / "config.pbtxt").write_text(triton_config(card(name=name), backend, order))
    lenient = "--exit-on-error=false", "--strict-readiness=false"
    with triton_on(tmp_path / "repo", *lenient) as live, InferenceServerClient(live.url) as client:
        index = client.get_model_repository_index().models
    # A config that does not parse leaves a model without a state.
    assert {one.name: one.state for one in index} == {
        name: "READY" if backend == "python" else "UNAVAILABLE"
        for name, (backend, _) in variants.items()
    }
    for one in index:
        backend, _ = variants[one.name]
        assert backend == "python" or f"backend library for backend '{backend}'" in one.reason


def test_a_corrupt_network_keeps_triton_from_starting_and_is_named(tmp_path: Path) -> None:
    folder = write_network(tiny_network(card()), card(), tmp_path / "repo")
    (folder / "1" / "model.onnx").write_bytes(b"half a file")
    with (
        pytest.raises(RuntimeError, match=r"failed to load 'test'.*model\.onnx"),
        triton_on(tmp_path / "repo"),
    ):
        pytest.fail("it was loaded")


def test_a_network_whose_file_and_config_disagree_is_not_loaded(tmp_path: Path) -> None:
    folder = write_network(tiny_network(card()), card(), tmp_path / "repo")
    other = triton_config(card(title="Another"), "python")
    (folder / "configs" / "python.pbtxt").write_text(other)
    with (
        pytest.raises(RuntimeError, match="the card in its file is not the one"),
        triton_on(tmp_path / "repo"),
    ):
        pytest.fail("it was loaded")
