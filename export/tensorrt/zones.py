"""Which nodes of a network may compute in half precision, and which stay in float32.

In float32 stay: what the image does not reach (the time embedding and what it scales and
shifts by), norms and softmax with the elementwise work that follows them up to the next
product, and what follows the last product (the residual added to x_1, the fold by σ). The
rest, which is nearly all of the arithmetic, becomes half.
"""

from dataclasses import dataclass

import onnx
from onnx import NodeProto, TensorProto

IMAGES = ("x_t", "x_1", "mask")
PRODUCTS = frozenset({"Conv", "ConvTranspose", "Gemm", "MatMul"})
NORMS = frozenset({"InstanceNormalization", "GroupNormalization", "LayerNormalization", "Softmax"})
FOLLOWERS = frozenset(
    {"Reshape", "Mul", "Add", "Sub", "Div", "Sigmoid", "Relu", "LeakyRelu", "Tanh", "Erf", "Gelu"}
)
ALWAYS_FLOAT = frozenset({"Cast", "Constant", "ConstantOfShape", "Range", "Shape"})


@dataclass(frozen=True)
class Graph:
    """A graph's nodes in order, and the element type of each tensor in it."""

    nodes: list[NodeProto]
    types: dict[str, int]

    def floats(self, names: list[str]) -> list[str]:
        """Those of `names` that are float32."""
        return [name for name in names if self.types.get(name) == TensorProto.FLOAT]


def typed(model: onnx.ModelProto) -> Graph:
    """Infer the types of `model`, whose weights need not be loaded.

    Raises ValueError for control flow, which no network of ours has.
    """
    for node in model.graph.node:
        if any(attribute.type in _SUBGRAPHS for attribute in node.attribute):
            raise ValueError(f"{node.op_type} holds a graph of its own; it cannot be cast")
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True).graph
    types = {tensor.name: tensor.data_type for tensor in inferred.initializer}
    for value in (*inferred.input, *inferred.value_info, *inferred.output):
        types[value.name] = value.type.tensor_type.elem_type
    return Graph(list(model.graph.node), types)


_SUBGRAPHS = (onnx.AttributeProto.GRAPH, onnx.AttributeProto.GRAPHS)


def half_nodes(graph: Graph) -> set[int]:
    """Indices of the nodes that compute in half."""
    image = _reached_by_image(graph)
    leads = _leading_to_product(graph, image)
    calm: set[str] = set()  # what norms put out, and what is made of it elementwise
    chosen = set()
    for index, node in enumerate(graph.nodes):
        seen = [name for name in graph.floats(list(node.input)) if name in image]
        outputs = graph.floats(list(node.output))
        if not seen or not outputs or node.op_type in ALWAYS_FLOAT:
            continue
        follows = node.op_type in FOLLOWERS and all(name in calm for name in seen)
        if node.op_type in NORMS or follows:
            calm.update(outputs)
        elif node.op_type in PRODUCTS or any(name in leads for name in outputs):
            chosen.add(index)
    return chosen


def _reached_by_image(graph: Graph) -> set[str]:
    """Float tensors that depend on the pixels; a shape is no pixel."""
    reached = set(IMAGES)
    for node in graph.nodes:
        if reached & set(graph.floats(list(node.input))):
            reached.update(graph.floats(list(node.output)))
    return reached


def _leading_to_product(graph: Graph, image: set[str]) -> set[str]:
    """Float tensors from which a product with the image is still to come."""
    leading: set[str] = set()
    for node in reversed(graph.nodes):
        product = node.op_type in PRODUCTS and bool(image & set(node.input))
        if product or leading & set(node.output):
            leading.update(graph.floats(list(node.input)))
    return leading
