from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch

from bridge.contract import METADATA_KEY, NetworkCard
from bridge.train import TrainingRun
from bridge.training_plan import TrainingPlan
from export.model_repo import replace_card, write_network
from export.network import Exported, export_network, parity
from export.onnx_file import read_card, weights_digest

CROPS = np.random.default_rng(0).integers(0, 256, (4, 192, 192, 3), dtype=np.uint8)
TRAINING: dict[str, Any] = {"photographs": "noise", "machine": "test", "cpu_hours": None}


@pytest.fixture(scope="module", params=["sr4x", "jpeg"])
def exported(request: pytest.FixtureRequest) -> Exported:
    period = 16 if request.param == "jpeg" else 0
    plan = TrainingPlan(
        request.param, 20, width=16, blocks=2, patch=32, batch=2, rate=0.01, period=period
    )
    run = TrainingRun(plan, CROPS)
    for _ in run.steps():
        pass
    return export_network(run.state(), request.param, TRAINING)


def test_the_file_is_the_network(exported: Exported) -> None:
    x_1 = np.random.default_rng(1).uniform(-1, 1, (2, 3, 64, 96)).astype(np.float32)
    assert parity(exported, x_1) < 1e-5


def test_a_file_that_is_not_the_network_is_refused(exported: Exported) -> None:
    other = export_network(
        {
            "plan": {**TrainingPlan("sr4x", 1, width=16, blocks=2).__dict__},
            "average": TrainingPlan("sr4x", 1, width=16, blocks=2).network().state_dict(),
            "iteration": 0,
        },
        "other",
        TRAINING,
    )
    x_1 = np.random.default_rng(1).uniform(-1, 1, (1, 3, 64, 64)).astype(np.float32)
    with pytest.raises(ValueError, match="differs from torch"):
        parity(replace(exported, model=other.model), x_1)


def test_batch_height_and_width_are_free(exported: Exported) -> None:
    session = onnxruntime.InferenceSession(exported.model.SerializeToString())
    for count, height, width in ((1, 16, 16), (3, 32, 80)):
        image = np.zeros((count, 3, height, width), np.float32)
        time = np.full(count, 500, np.float32)
        (x_0,) = session.run(None, {"x_t": image, "t": time, "sigma": time, "x_1": image})
        assert x_0.shape == image.shape


def test_a_sample_does_not_depend_on_its_batch(exported: Exported) -> None:
    session = onnxruntime.InferenceSession(exported.model.SerializeToString())
    rng = np.random.default_rng(2)
    images = rng.standard_normal((4, 3, 32, 32)).astype(np.float32)
    times = np.array([1, 10, 100, 1000], np.float32)

    def run(rows: slice) -> np.ndarray[Any, Any]:
        feed = {"x_t": images[rows], "t": times[rows], "sigma": times[rows], "x_1": images[rows]}
        output: np.ndarray[Any, Any] = session.run(None, feed)[0]
        return output

    together = run(slice(0, 4))
    for index in range(4):
        np.testing.assert_allclose(together[index], run(slice(index, index + 1))[0], atol=1e-6)


def test_the_file_carries_its_card(exported: Exported) -> None:
    metadata = {entry.key: entry.value for entry in exported.model.metadata_props}
    assert NetworkCard.model_validate_json(metadata[METADATA_KEY]) == exported.card
    assert exported.card.weights_sha256 == weights_digest(exported.network)
    assert exported.card.parameters == sum(p.numel() for p in exported.network.parameters())


def test_the_digest_follows_every_weight(exported: Exported) -> None:
    before = weights_digest(exported.network)
    weight = next(exported.network.parameters())
    with torch.no_grad():
        weight.flatten()[0].add_(1e-3)
        changed = weights_digest(exported.network)
        weight.flatten()[0].sub_(1e-3)
    assert changed != before


def test_a_new_card_leaves_the_weights_alone(exported: Exported, tmp_path: Path) -> None:
    folder = write_network(exported.model, exported.card, tmp_path)
    told = exported.card.model_copy(update={"limits": ("Only noise.",)})
    replace_card(folder, told)
    assert read_card(folder / "1" / "model.onnx") == told
    assert "Only noise." in (folder / "README.md").read_text()
    with pytest.raises(ValueError, match="other weights"):
        replace_card(folder, told.model_copy(update={"weights_sha256": "1" * 64}))
