"""An ONNX network in float32 becomes one whose arithmetic is float16 or bfloat16.

The file itself is cast, as TensorRT from 11 on is strongly typed and computes in the types
that it reads. Inputs and output stay float32, as the contract has them; `export.tensorrt.zones`
says which nodes become half.
"""

from pathlib import Path
from typing import Any, Literal

import ml_dtypes
import numpy as np
import onnx
from onnx import NodeProto, TensorProto, helper, numpy_helper
from onnx.external_data_helper import load_external_data_for_model

from export.tensorrt.zones import Graph, half_nodes, typed

Precision = Literal["fp32", "fp16", "bf16"]
Half = Literal["fp16", "bf16"]

HALF: dict[Half, int] = {"fp16": TensorProto.FLOAT16, "bf16": TensorProto.BFLOAT16}
NUMPY: dict[int, Any] = {TensorProto.FLOAT16: np.float16, TensorProto.BFLOAT16: ml_dtypes.bfloat16}
LARGEST_PROTOBUF = 2**30  # bytes; the format ends at 2 GiB, and so does the sum of two copies
BFLOAT16_OPSET, BFLOAT16_IR = 22, 10  # the first in which convolutions know bfloat16
FLOAT_INPUTS = {"Resize": 1}  # only so many leading inputs may be half; the rest must be float32


def cast_file(file: Path, precision: Precision, folder: Path) -> Path:
    """The network in `file` as an ONNX file in `precision`: itself, or a new one in `folder`.

    Raises ValueError where a weight is beyond the range of float16.
    """
    if precision == "fp32":
        return file
    cast = folder / f"{precision}.onnx"
    write_model(read_cast(file, precision), cast)
    return cast


def read_cast(file: Path, precision: Half) -> onnx.ModelProto:
    """The network in `file` with its arithmetic in `precision`, weights inside.

    Of weights that lie beside the file, one at a time is in memory as float32. Raises
    ValueError where one is beyond the range of float16.
    """
    model = onnx.load(str(file), load_external_data=False)
    _bypass_identities(model.graph)
    graph = typed(model)
    _Rewriter(model.graph, graph, HALF[precision], file.parent).rewrite()
    load_external_data_for_model(model, str(file.parent))
    if precision == "bf16":
        # No operator that a network of ours has changed its meaning since.
        model.opset_import[0].version = max(model.opset_import[0].version, BFLOAT16_OPSET)
        model.ir_version = max(model.ir_version, BFLOAT16_IR)
    return model


def write_model(model: onnx.ModelProto, file: Path) -> None:
    """Write `model` to `file`, its weights beside it where they exceed what protobuf holds."""
    large = model.ByteSize() > LARGEST_PROTOBUF
    onnx.save(
        model,
        str(file),
        save_as_external_data=large,
        location=f"{file.name}.data" if large else None,
    )


def _bypass_identities(graph: onnx.GraphProto) -> None:
    """Drop the aliases by which an exporter lets equal weights share one tensor."""
    outputs = {value.name for value in graph.output}
    source: dict[str, str] = {}
    kept = []
    for node in graph.node:
        for position, name in enumerate(node.input):
            node.input[position] = source.get(name, name)
        if node.op_type == "Identity" and node.output[0] not in outputs:
            source[node.output[0]] = node.input[0]
        else:
            kept.append(node)
    del graph.node[:]
    graph.node.extend(kept)


class _Rewriter:
    """Rewrites one graph in place; casts are made once a tensor, before their first use."""

    def __init__(self, graph: onnx.GraphProto, types: Graph, half: int, folder: Path) -> None:
        self.graph, self.types, self.half, self.folder = graph, types, half, folder
        self.weights = {tensor.name: tensor for tensor in graph.initializer}
        self.made_half: set[str] = set()
        self.halved: dict[str, str] = {}
        self.widened: dict[str, str] = {}
        self.nodes: list[NodeProto] = []

    def rewrite(self) -> None:
        """Cast what half nodes take and what the others take back."""
        chosen = half_nodes(self.types)
        outputs = {value.name for value in self.graph.output}
        for index, node in enumerate(self.types.nodes):
            half = index in chosen
            castable = FLOAT_INPUTS.get(node.op_type, len(node.input)) if half else len(node.input)
            for position in range(castable):
                name = node.input[position]
                if self.types.types.get(name) == TensorProto.FLOAT:
                    node.input[position] = self._as_half(name) if half else self._as_float(name)
            self.nodes.append(node)
            if half:
                self._mark(node, outputs)
        self._replace()

    def _mark(self, node: NodeProto, outputs: set[str]) -> None:
        """Remember what a half node makes; an output of the graph is cast back to float32."""
        for position, name in enumerate(node.output):
            if self.types.types.get(name) != TensorProto.FLOAT:
                continue
            if name in outputs:
                node.output[position] = f"{name}_half"
                self._cast(f"{name}_half", name, TensorProto.FLOAT)
            else:
                self.made_half.add(name)

    def _as_half(self, name: str) -> str:
        if name in self.made_half:
            return name
        if name not in self.halved:
            self.halved[name] = f"{name}_half"
            if name in self.weights:
                self.graph.initializer.append(self._half_weight(self.weights[name]))
            else:
                self._cast(name, f"{name}_half", self.half)
        return self.halved[name]

    def _half_weight(self, weight: TensorProto) -> TensorProto:
        loaded = TensorProto()
        loaded.CopyFrom(weight)  # reading weights from beside the file keeps them in the message
        values = numpy_helper.to_array(loaded, str(self.folder))
        with np.errstate(over="ignore"):
            half = values.astype(NUMPY[self.half])
        if not np.isfinite(half).all():
            raise ValueError(f"{weight.name} holds weights beyond the range of {half.dtype}")
        return numpy_helper.from_array(half, f"{weight.name}_half")

    def _as_float(self, name: str) -> str:
        if name not in self.made_half:
            return name
        if name not in self.widened:
            self.widened[name] = f"{name}_float"
            self._cast(name, f"{name}_float", TensorProto.FLOAT)
        return self.widened[name]

    def _cast(self, source: str, target: str, to: int) -> None:
        self.nodes.append(helper.make_node("Cast", [source], [target], name=target, to=to))

    def _replace(self) -> None:
        del self.graph.node[:], self.graph.value_info[:]
        self.graph.node.extend(self.nodes)
        used = {name for node in self.nodes for name in node.input}
        for index in reversed(range(len(self.graph.initializer))):
            if self.graph.initializer[index].name not in used:
                del self.graph.initializer[index]  # in place: a copy of the rest would be large
