"""A trained network becomes one self-describing ONNX file.

The file takes what `bridge.contract` says and carries its card in the metadata; what the
network was trained to predict is folded in, so nothing outside needs to know.
"""

import hashlib
import json
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

import onnx
import torch
from torch import Tensor, nn

from bridge.contract import METADATA_KEY, OUTPUT, NetworkCard

OPSET = 18


class Contract(nn.Module):
    """A network behind the contract's inputs: `sigma` is taken, and here not needed."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x_t: Tensor, t: Tensor, sigma: Tensor, x_1: Tensor, *mask: Tensor) -> Tensor:
        """x_t, x_1 [N,3,H,W], t, sigma [N], perhaps mask [N,1,H,W] -> x̂_0 [N,3,H,W]."""
        # An input that reaches no output is dropped from the file, and every caller refused.
        unused = 0 * sigma[:, None, None, None]
        return self.network(x_t, t, x_1, *mask) + unused  # type: ignore[no-any-return]


def weights_digest(network: nn.Module) -> str:
    """SHA-256 over names, shapes and float32 bytes of all weights, in name order."""
    digest = hashlib.sha256()
    for name, tensor in sorted(network.state_dict().items()):
        digest.update(f"{name}{tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().float().contiguous().numpy().tobytes())
    return digest.hexdigest()


def to_onnx(network: nn.Module, card: NetworkCard) -> onnx.ModelProto:
    """Export with free batch, height and width, the card in the metadata, and check the file."""
    size = card.tile.multiple * 4
    shapes = {"t": (2,), "sigma": (2,), "mask": (2, 1, size, size)}
    example = tuple(torch.zeros(shapes.get(name, (2, 3, size, size))) for name in card.inputs)
    image = {0: "N", 2: "H", 3: "W"}
    axes = {name: {0: "N"} if name in ("t", "sigma") else image for name in (*card.inputs, OUTPUT)}
    with TemporaryDirectory() as folder, warnings.catch_warnings():
        file = Path(folder) / "model.onnx"
        # The newer exporter needs onnxscript and writes the same operators; until it is gone,
        # the older one has fewer parts.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            Contract(network).eval(),
            example,
            str(file),
            input_names=list(card.inputs),
            output_names=[OUTPUT],
            dynamic_axes=axes,
            opset_version=OPSET,
            dynamo=False,
        )
        model = onnx.load(str(file))
    write_card(model, card)
    onnx.checker.check_model(model)
    return model


def write_card(model: onnx.ModelProto, card: NetworkCard) -> None:
    """Put `card` into the metadata, in the place of one that is there."""
    kept = [entry for entry in model.metadata_props if entry.key != METADATA_KEY]
    del model.metadata_props[:]
    model.metadata_props.extend(kept)
    model.metadata_props.add(key=METADATA_KEY, value=card.model_dump_json())


def read_card(file: Path) -> NetworkCard:
    """The card of an ONNX file; raises ValueError where it carries none."""
    model = onnx.load(str(file), load_external_data=False)
    for entry in model.metadata_props:
        if entry.key == METADATA_KEY:
            return NetworkCard.model_validate(json.loads(entry.value))
    raise ValueError(f"{file} carries no `{METADATA_KEY}` metadata: not one of Rialto's networks")
