"""A network too large for one protobuf becomes an ONNX file with its weights beside it.

The graph is traced without its weights and the weights are written one by one, so that
memory holds one of them at a time and never the network.
"""

import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

import onnx
import torch
from onnx import TensorProto
from torch import Tensor, nn

from bridge.contract import OUTPUT, NetworkCard
from bridge.networks.adm import Adm
from export.onnx_file import OPSET, write_card

ALIGNMENT = 4096  # bytes: a page, at which a runtime can map a tensor


class Denoiser(nn.Module):
    """The contract around a network that predicts (x_t - x_0)/σ: x̂_0 = x_t - σ·prediction."""

    def __init__(self, network: Adm) -> None:
        super().__init__()
        self.network = network

    def forward(self, x_t: Tensor, t: Tensor, sigma: Tensor, x_1: Tensor | None = None) -> Tensor:
        """x_t, x_1 [N,3,H,W], t, sigma [N] -> x̂_0 [N,3,H,W], not clamped."""
        prediction: Tensor = self.network(x_t, t, x_1)
        return x_t - sigma[:, None, None, None] * prediction


def write_graph(network: Adm, card: NetworkCard, folder: Path) -> onnx.ModelProto:
    """Write `model.onnx` and its weights into `folder`; returns the model, without weights.

    The weights' file is named by their digest: a new version never overwrites the weights
    of a file that is being served.
    """
    model = _trace(network, card)
    location = f"weights-{card.short_hash}.data"
    weights = {f"network.{name}": tensor for name, tensor in network.named_parameters()}
    _name_weights(model.graph, set(weights))
    with (folder / location).open("wb") as data:
        for name, tensor in weights.items():
            model.graph.initializer.append(_write_weight(data, location, name, tensor))
    write_card(model, card)
    onnx.save(model, str(folder / "model.onnx"))
    onnx.checker.check_model(str(folder / "model.onnx"))
    return model


def _trace(network: Adm, card: NetworkCard) -> onnx.ModelProto:
    """The graph with free batch, height and width; its weights are inputs, named as such."""
    size = card.tile.multiple
    image, value = torch.zeros(2, 3, size, size), torch.zeros(2)
    inputs = tuple(image if name in ("x_t", "x_1") else value for name in card.inputs)
    free = {"x_t": {0: "N", 2: "H", 3: "W"}, "t": {0: "N"}, "sigma": {0: "N"}}
    free |= {"x_1": free["x_t"], OUTPUT: free["x_t"]}
    with TemporaryDirectory() as folder, warnings.catch_warnings():
        file = Path(folder) / "graph.onnx"
        warnings.simplefilter("ignore", DeprecationWarning)  # as in `export.onnx_file`
        # torch's own check that a norm is of more than one value cannot be traced.
        warnings.filterwarnings("ignore", "Converting a tensor to a Python boolean")
        torch.onnx.export(
            Denoiser(network).eval(),
            inputs,
            str(file),
            input_names=list(card.inputs),
            output_names=[OUTPUT],
            dynamic_axes={name: free[name] for name in (*card.inputs, OUTPUT)},
            opset_version=OPSET,
            export_params=False,
            do_constant_folding=False,  # it would bring weights into the graph
            dynamo=False,
        )
        return onnx.load(str(file))


def _name_weights(graph: onnx.GraphProto, names: set[str]) -> None:
    """Let every weight bear its own name, and none be an input.

    The exporter lets weights that are equal (zeros, say) share one name, by an Identity.
    """
    inputs = [value for value in graph.input if value.name not in names]
    nodes = [node for node in graph.node if not set(node.output) & names]
    del graph.input[:], graph.node[:]
    graph.input.extend(inputs)
    graph.node.extend(nodes)


def _write_weight(data: BinaryIO, location: str, name: str, weight: Tensor) -> TensorProto:
    """Append `weight` to `data`, little-endian float32; returns the tensor that points there."""
    data.write(bytes(-data.tell() % ALIGNMENT))
    offset = data.tell()
    data.write(weight.detach().contiguous().numpy().astype("<f4", copy=False).data)
    tensor = TensorProto(
        name=name,
        dims=weight.shape,
        data_type=TensorProto.FLOAT,
        data_location=TensorProto.EXTERNAL,
    )
    pointer = {"location": location, "offset": offset, "length": data.tell() - offset}
    for key, value in pointer.items():
        tensor.external_data.add(key=key, value=str(value))
    return tensor
