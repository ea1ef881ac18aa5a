"""A network small enough to check by hand, which fails when it is told to."""

import numpy as np
import onnx
from onnx import TensorProto, helper

from bridge.contract import Float32, NetworkCard, Tile
from export.onnx_file import write_card

FAILS_AT = 13.0  # the time at which the test network fails


def tiny_network(
    of: NetworkCard, gain: float = 0.001, number: int = TensorProto.FLOAT
) -> onnx.ModelProto:
    """x_0 = x_1 + gain·t·x_t + 0·sigma; t = FAILS_AT makes the runtime itself fail.

    The failure is a look-up beyond the end of a table. `number` is every tensor's type.
    """
    image = ["N", 3, "H", "W"]
    inputs = [
        helper.make_tensor_value_info(name, number, image if "x" in name else ["N"])
        for name in ("x_t", "t", "sigma", "x_1")
    ]
    constants = [
        helper.make_tensor("gain", number, [1], [gain]),
        helper.make_tensor("zero", number, [1], [0.0]),
        helper.make_tensor("bad_time", number, [1], [FAILS_AT]),
        helper.make_tensor("column", TensorProto.INT64, [4], [-1, 1, 1, 1]),
    ]
    nodes = [
        helper.make_node("Equal", ["t", "bad_time"], ["is_bad"]),
        helper.make_node("Cast", ["is_bad"], ["bad"], to=TensorProto.INT64),
        helper.make_node("ReduceMax", ["bad"], ["any_bad"], keepdims=1),
        helper.make_node("Gather", ["zero", "any_bad"], ["nothing"], axis=0),
        helper.make_node("Mul", ["t", "gain"], ["scaled"]),
        helper.make_node("Mul", ["sigma", "zero"], ["unused"]),
        helper.make_node("Add", ["scaled", "unused"], ["weight"]),
        helper.make_node("Reshape", ["weight", "column"], ["weights"]),
        helper.make_node("Mul", ["x_t", "weights"], ["part"]),
        helper.make_node("Add", ["part", "nothing"], ["whole"]),
        helper.make_node("Add", ["whole", "x_1"], ["x_0"]),
    ]
    output = helper.make_tensor_value_info("x_0", number, image)
    graph = helper.make_graph(nodes, "tiny", inputs, [output], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    write_card(model, of)
    return model


def tile(seed: int, t: float = 500.0, side: int = 32) -> Tile:
    rng = np.random.default_rng(seed)
    x_t, x_1 = rng.standard_normal((2, 3, side, side), dtype=np.float32)
    return Tile(x_t=x_t, t=t, sigma=0.1, x_1=x_1)


def expected(of: Tile) -> Float32:
    assert of.x_1 is not None
    return np.asarray(of.x_1 + np.float32(of.t / 1000) * of.x_t)
