"""Networks that a Triton shall not serve: their configs, cards and files disagree."""

import json
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2

from bridge.contract import METADATA_KEY
from export.model_repo import write_network
from export.triton_config import triton_config
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


def test_a_network_whose_file_and_config_disagree_is_not_loaded(tmp_path: Path) -> None:
    folder = write_network(tiny_network(card()), card(), tmp_path / "repo")
    other = triton_config(card(title="Another"), "python")
    (folder / "configs" / "python.pbtxt").write_text(other)
    with (
        pytest.raises(RuntimeError, match="the card in its file is not the one"),
        triton_on(tmp_path / "repo"),
    ):
        pytest.fail("it was loaded")
