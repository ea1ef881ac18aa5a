"""What is promised of OpenVINO beside the reference; what every engine promises: test_contract."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bridge.contract import Float32, NetworkCard, Tile, batch_inputs
from service.engine.repository import NetworkFile, device_key, read_network
from service.engine.runtimes import REFERENCE, RuntimeName, signed
from service.engine.runtimes.onnx_runtime import OnnxRuntime
from tests.bridge.cards import card
from tests.conftest import ROOT
from tests.service.engine.runtimes import runtime_here

JPEG = ROOT / "model_repo" / "jpeg" / "1" / "model.onnx"
NEAR_DB = 50.0  # pixels that nobody tells apart


@pytest.fixture(scope="module")
def reference() -> NetworkFile:
    return read_network(JPEG, OnnxRuntime(1))


@pytest.fixture(scope="module", params=["openvino", "openvino-bf16"])
def network(request: pytest.FixtureRequest) -> NetworkFile:
    return read_network(JPEG, runtime_here(request.param))


def photo_like(of: NetworkCard, seed: int, height: int = 64, width: int = 96) -> Tile:
    """A soft pattern and its noisy state at half the walk."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width] / 16
    phases = rng.uniform(0, 6, (3, 1, 1))
    x_1 = (0.8 * np.sin(x + phases) * np.cos(y * rng.uniform(0.5, 2))).astype(np.float32)
    clock = of.schedule.build()
    middle = len(clock.clock) // 2
    x_t = x_1 + float(clock.sigma[middle]) * rng.standard_normal(x_1.shape, dtype=np.float32)
    return Tile(x_t, float(clock.clock[middle]), float(clock.sigma[middle]), x_1)


def run(network: NetworkFile, *tiles: Tile) -> Float32:
    return network.session.run(batch_inputs(network.card, list(tiles)))


def near_db(one: Float32, other: Float32) -> float:
    """PSNR of what lies in [-1, 1], as the loop clamps it."""
    error = np.mean((np.clip(one, -1, 1) - np.clip(other, -1, 1)).astype(float) ** 2)
    return float(10 * np.log10(4 / max(error, 1e-12)))


def test_a_batch_and_what_came_before_change_no_pixel(
    network: NetworkFile, request: pytest.FixtureRequest
) -> None:
    tiles = [photo_like(network.card, seed) for seed in range(4)]
    alone = [run(network, tile)[0] for tile in tiles]
    run(network, photo_like(network.card, 9, 128, 64))
    for first, last in ((0, 4), (0, 2), (1, 4)):
        batch = run(network, *tiles[first:last])
        for together, by_itself in zip(batch, alone[first:last], strict=True):
            if request.node.callspec.params["network"] == "openvino":
                np.testing.assert_array_equal(together, by_itself)
            else:  # equal where it was tried, but kernels for bf16 differ between processors
                assert near_db(together, by_itself) >= NEAR_DB


def test_an_estimate_is_the_callers_to_keep(network: NetworkFile) -> None:
    first = run(network, photo_like(network.card, 1))
    kept = first.copy()
    run(network, photo_like(network.card, 2))
    np.testing.assert_array_equal(first, kept)
    assert first.dtype == np.float32


def test_the_pixels_are_the_reference_s_or_near(
    network: NetworkFile, reference: NetworkFile
) -> None:
    assert network.card == reference.card
    tile = photo_like(network.card, 3)
    assert near_db(run(network, tile), run(reference, tile)) >= NEAR_DB


def test_a_measured_batch_size_holds_for_one_runtime() -> None:
    networks = {"jpeg": read_network(JPEG, OnnxRuntime(1))}
    names: tuple[RuntimeName, ...] = (REFERENCE, "openvino", "openvino-bf16")
    assert len({device_key(networks, runtime_here(name)) for name in names}) == 3


def test_only_the_reference_goes_unnamed() -> None:
    of = card()
    assert signed(of, REFERENCE) == signed(of, "triton") == f"test@{of.short_hash}"
    assert signed(of, "openvino-bf16") == f"test@{of.short_hash}+openvino-bf16"


def test_a_processor_without_bf16_is_told_so(tmp_path: Path) -> None:
    """OpenVINO's own switch makes this one such a processor."""
    done = subprocess.run(
        [sys.executable, "-m", "rialto.cli", "doctor", "--json"],
        cwd=tmp_path,
        env={
            **os.environ,
            "RIALTO_RUNTIME": "openvino-bf16",
            "RIALTO_DATA": str(tmp_path / "data"),
            "OV_CPU_MAX_ISA": "AVX2",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "does not compute in bfloat16" in done.stdout
