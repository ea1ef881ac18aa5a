from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from export.tensorrt import newest_version
from export.tensorrt.cast import Half, cast_file, read_cast
from export.tensorrt.parity import rounded

ROOT = Path(__file__).parents[3]
REPOSITORY = ROOT / "model_repo"
NETWORKS = ["sr4x", "jpeg"]
HALVES: list[Half] = ["fp16", "bf16"]


def file_of(network: str) -> Path:
    return newest_version(REPOSITORY / network) / "model.onnx"


def element_types(model: onnx.ModelProto) -> dict[str, int]:
    graph = onnx.shape_inference.infer_shapes(model, strict_mode=True).graph
    types = {tensor.name: tensor.data_type for tensor in graph.initializer}
    values = (*graph.input, *graph.value_info, *graph.output)
    return types | {value.name: value.type.tensor_type.elem_type for value in values}


@pytest.mark.parametrize("precision", HALVES)
@pytest.mark.parametrize("network", [*NETWORKS, "adm"])
def test_products_become_half_and_norms_time_and_ends_stay_float(
    adm: Path, network: str, precision: Half
) -> None:
    model = read_cast(adm if network == "adm" else file_of(network), precision)
    onnx.checker.check_model(model, full_check=True)
    types = element_types(model)
    half = {"fp16": TensorProto.FLOAT16, "bf16": TensorProto.BFLOAT16}[precision]
    taken: dict[str, set[int]] = {}
    for node in model.graph.node:
        taken.setdefault(node.op_type, set()).add(types[node.input[0]] if node.input else 0)
    assert taken["Conv"] == {half}
    assert taken["Sin"] == taken["Cos"] == taken["Gemm"] == {TensorProto.FLOAT}
    if network == "adm":
        assert taken["MatMul"] == {half}
        assert taken["InstanceNormalization"] == taken["Softmax"] == {TensorProto.FLOAT}
    ends = [value.name for value in (*model.graph.input, *model.graph.output)]
    assert {types[name] for name in ends} == {TensorProto.FLOAT}
    assert [value.name for value in model.graph.output] == ["x_0"]
    weights = [tensor for tensor in model.graph.initializer if len(tensor.dims) == 4]
    assert {tensor.data_type for tensor in weights if tensor.dims[2] == 3} == {half}


def test_float32_is_the_file_as_it_stands(tmp_path: Path) -> None:
    file = file_of("sr4x")
    assert cast_file(file, "fp32", tmp_path) == file
    assert not list(tmp_path.iterdir())


def product(weights: np.ndarray[Any, Any]) -> onnx.ModelProto:
    """x_0 = relu(x_t * w), as 1x1 convolutions, and once more."""
    value = helper.make_tensor_value_info
    shape: list[str | int | None] = ["N", 3, "H", "W"]
    nodes = [
        helper.make_node("Conv", ["x_t", "w"], ["a"]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Conv", ["b", "w"], ["x_0"]),
    ]
    graph = helper.make_graph(
        nodes,
        "product",
        [value("x_t", TensorProto.FLOAT, shape)],
        [value("x_0", TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(weights.astype(np.float32), "w")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


def test_rounding_after_every_node_is_what_half_arithmetic_gives(tmp_path: Path) -> None:
    """One tap a channel: each product is one multiplication, which NumPy's float16 does too."""
    factors = np.array([0.3, -1.7, 0.9])
    weights = np.zeros((3, 3, 1, 1))
    weights[range(3), range(3), 0, 0] = factors
    onnx.save(product(weights), tmp_path / "product.onnx")
    model = rounded(read_cast(tmp_path / "product.onnx", "fp16"))
    x = np.random.default_rng(0).uniform(-1, 1, (1, 3, 8, 8)).astype(np.float32)
    (served,) = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x_t": x})
    w = factors.astype(np.float16)[:, None, None]
    expected = np.maximum(x.astype(np.float16) * w, np.float16(0)) * w
    np.testing.assert_array_equal(served, expected.astype(np.float32))


def test_weights_that_half_cannot_hold_are_refused(tmp_path: Path) -> None:
    onnx.save(product(np.full((3, 3, 1, 1), 70_000.0)), tmp_path / "large.onnx")
    with pytest.raises(ValueError, match="w holds weights beyond the range of float16"):
        read_cast(tmp_path / "large.onnx", "fp16")
    assert read_cast(tmp_path / "large.onnx", "bf16")


def test_a_network_with_control_flow_is_refused(tmp_path: Path) -> None:
    model = product(np.eye(3)[:, :, None, None])
    branch = helper.make_graph([], "branch", [], [])
    model.graph.node.append(
        helper.make_node("If", ["b"], ["c"], then_branch=branch, else_branch=branch)
    )
    onnx.save(model, tmp_path / "if.onnx")
    with pytest.raises(ValueError, match="If holds a graph of its own"):
        read_cast(tmp_path / "if.onnx", "fp16")


def test_a_large_cast_keeps_its_weights_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("export.tensorrt.cast.LARGEST_PROTOBUF", 1000)
    file = cast_file(file_of("sr4x"), "fp16", tmp_path)
    assert file.stat().st_size < 200_000
    assert (tmp_path / "fp16.onnx.data").stat().st_size > 2_000_000
    onnxruntime.InferenceSession(str(file))
