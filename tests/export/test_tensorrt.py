"""Checking, comparing and placing: all of TensorRT's export that needs no GPU."""

import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import onnx
import pytest
import tensorrt_rtx
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper
from PIL import Image

from bridge.contract import TileCard
from bridge.degrade.mask import scratches
from bridge.tiles import cover_axis
from export.onnx_file import read_card
from export.tensorrt import export_plan, newest_version
from export.tensorrt.builder import BuildOptions, TensorRtError, build_plan
from export.tensorrt.cast import Half, Precision
from export.tensorrt.parity import parity
from export.tensorrt.plan_file import Gpu, place, plan_name, read_gpu
from export.tensorrt.profile import profile_of
from export.tensorrt_check import check_network, check_repository
from export.triton_config import MAX_BATCH, triton_config
from tests.bridge.cards import card

ROOT = Path(__file__).parents[2]
REPOSITORY = ROOT / "model_repo"
NETWORKS = ["sr4x", "jpeg"]
PHOTOS = {
    "sr4x": "parrots-small.png",
    "sr4x-detail": "parrots-small.png",
    "jpeg": "market-q10.jpg",
    "jpeg-detail": "market-q10.jpg",
    "inpaint": "parrots-small.png",
}
HALVES: list[Half] = ["fp16", "bf16"]


def file_of(network: str) -> Path:
    return newest_version(REPOSITORY / network) / "model.onnx"


def test_every_network_of_the_repository_is_parsed_and_built_by_nvidias_builder() -> None:
    checks = {(check.network, check.precision): check for check in check_repository(REPOSITORY)}
    assert {network for network, _ in checks} == {p.parent.name for p in REPOSITORY.glob("*/1")}
    for network in NETWORKS:
        weights = 4 * read_card(file_of(network)).parameters
        assert checks[network, "fp32"].plan_bytes > weights
        assert weights / 2 < checks[network, "fp16"].plan_bytes < checks[network, "fp32"].plan_bytes
        assert checks[network, "bf16"].plan_bytes < checks[network, "fp32"].plan_bytes


@pytest.mark.parametrize(
    "precision", ["fp16", *(pytest.param(p, marks=pytest.mark.long) for p in ("fp32", "bf16"))]
)
def test_the_authors_architecture_is_parsed_and_built_too(adm: Path, precision: Precision) -> None:
    assert check_network(adm, read_card(adm), precision).plan_bytes > 0


def test_a_network_that_tensorrt_cannot_parse_is_refused_in_its_own_words(tmp_path: Path) -> None:
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("Custom", ["x_t"], ["x_0"], domain="nobody", name="odd")],
        "odd",
        [value("x_t", TensorProto.FLOAT, ["N", 3, "H", "W"])],
        [value("x_0", TensorProto.FLOAT, ["N", 3, "H", "W"])],
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("nobody", 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), tmp_path / "odd.onnx")
    with pytest.raises(TensorRtError, match=r"cannot parse .*Custom"):
        check_network(tmp_path / "odd.onnx", card(inputs=("x_t", "t", "sigma", "x_1")), "fp32")


def test_a_profile_that_lacks_an_input_is_refused() -> None:
    file = file_of("sr4x")
    whole = profile_of(read_card(file))
    lacking = replace(whole, shapes={k: v for k, v in whole.shapes.items() if k != "x_1"})
    with pytest.raises(TensorRtError, match="x_1"):
        build_plan(tensorrt_rtx, file, lacking, BuildOptions(capabilities=("SM89",)))


def test_an_empty_repository_is_no_success(tmp_path: Path) -> None:
    with pytest.raises(TensorRtError, match="no networks"):
        list(check_repository(tmp_path))


# What each may differ by at most; measured: fp16 68 to 71 dB, bf16 59 to 62 dB, 1 level both.
BOUNDS = {"fp16": (65.0, 1), "bf16": (57.0, 2)}


@pytest.mark.parametrize("precision", HALVES)
@pytest.mark.parametrize("network", [*NETWORKS, "inpaint"])
def test_half_precision_is_not_seen_on_a_photo(network: str, precision: Half) -> None:
    photo = np.asarray(Image.open(ROOT / "examples" / PHOTOS[network]).convert("RGB"))
    holes = scratches(64, 96, 0.1, np.random.default_rng(0)) if network == "inpaint" else None
    found = parity(file_of(network), precision, "fast", photo[:64, :96], holes)
    least, most = BOUNDS[precision]
    assert least < found.psnr_db < 110
    assert found.grey_levels <= most


@pytest.mark.long
@pytest.mark.parametrize("precision", HALVES)
@pytest.mark.parametrize(
    ("network", "preset"),
    [("sr4x-detail", "balanced"), ("sr4x-detail", "best"), ("jpeg-detail", "best")],
)
def test_half_precision_does_not_add_up_over_steps(
    network: str, precision: Half, preset: Any
) -> None:
    photo = np.asarray(Image.open(ROOT / "examples" / PHOTOS[network]).convert("RGB"))
    found = parity(file_of(network), precision, preset, photo)
    assert found.psnr_db > {"fp16": 62, "bf16": 52}[precision]
    assert found.grey_levels <= {"fp16": 2, "bf16": 4}[precision]


@given(cells=st.integers(1, 200), multiple=st.sampled_from([16, 32]))
def test_a_plan_takes_every_tile_that_a_photo_is_cut_into(cells: int, multiple: int) -> None:
    tile = TileCard(size=256, multiple=multiple, overlap=32)
    _, side = cover_axis(cells * multiple, tile.size, tile.overlap, multiple)
    least, likely, largest = profile_of(card(tile=tile)).shapes["x_t"]
    assert least[-1] <= side <= largest[-1]
    assert least[-1] <= likely[-1] <= largest[-1]


def test_a_plan_takes_every_batch_that_triton_makes() -> None:
    of = card()
    profile = profile_of(of)
    assert set(profile.shapes) == set(of.inputs)
    assert {shapes[0][0] for shapes in profile.shapes.values()} == {1}
    assert {shapes[2][0] for shapes in profile.shapes.values()} == {MAX_BATCH}
    assert f"max_batch_size: {MAX_BATCH}\n" in triton_config(of, "tensorrt")
    with pytest.raises(ValueError, match="at least 1"):
        profile_of(of, 0)


def test_a_plan_is_named_by_all_that_it_depends_on() -> None:
    gpu = read_gpu("NVIDIA H100 80GB HBM3, 9.0\n")
    assert gpu == Gpu("h100-80gb-hbm3", "sm90")
    assert read_gpu("NVIDIA L4, 8.9") == Gpu("l4", "sm89")

    def named(**options: Any) -> str:
        return plan_name("10.13.2.6", gpu, "fp16", "n8-256", BuildOptions(**options))

    assert named() == "model.trt10.13.2.6-h100-80gb-hbm3-sm90-fp16-n8-256.plan"
    assert named(hardware="ampere-plus") == "model.trt10.13.2.6-ampere-plus-fp16-n8-256.plan"
    assert named(hardware="same-capability") == "model.trt10.13.2.6-sm90-fp16-n8-256.plan"
    assert named(version_compatible=True).startswith("model.trt10+-h100")
    with pytest.raises(TensorRtError, match="not a GPU's name"):
        read_gpu("No devices were found")


def test_the_plan_that_was_built_last_is_what_triton_reads(tmp_path: Path) -> None:
    first = place(b"first", "model.trt10.plan", tmp_path)
    second = place(b"second", "model.trt11.plan", tmp_path)
    assert (tmp_path / "model.plan").read_bytes() == b"second"
    assert first.read_bytes() == b"first"
    assert (tmp_path / "model.plan").readlink() == Path(second.name)  # it may be moved whole
    assert len(list(tmp_path.iterdir())) == 3


def test_the_newest_version_is_the_highest_number(tmp_path: Path) -> None:
    for version in ("2", "10", "draft"):
        (tmp_path / version).mkdir()
        (tmp_path / version / "model.onnx").touch()
    assert newest_version(tmp_path).name == "10"
    with pytest.raises(ValueError, match="holds no"):
        newest_version(tmp_path / "2")


def test_a_machine_without_tensorrt_or_a_gpu_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorrt", None)
    with pytest.raises(TensorRtError, match=r"pip install 'rialto\[tensorrt\]'"):
        export_plan(REPOSITORY / "sr4x")
    module: Any = ModuleType("tensorrt")
    monkeypatch.setitem(sys.modules, "tensorrt", module)
    module.__version__ = "8.6.1"
    with pytest.raises(TensorRtError, match="10 and 11 are known to work; this is 8"):
        export_plan(REPOSITORY / "sr4x")
    module.__version__ = "11.4.0"
    monkeypatch.setenv("PATH", "")
    with pytest.raises(TensorRtError, match="no nvidia-smi"):
        export_plan(REPOSITORY / "sr4x")
