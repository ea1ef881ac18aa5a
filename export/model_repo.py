"""A folder of the model repository: what Triton loads and what the embedded engine reads.

<name>/config.pbtxt                 served by onnxruntime
<name>/configs/{python,tensorrt}.pbtxt   the same network by another backend
<name>/1/model.onnx                 the network, its card inside
<name>/README.md                    the model card for people, made from the same card
"""

from pathlib import Path

import onnx

from bridge.contract import NetworkCard
from export.onnx_file import read_card, write_card
from export.texts import write_texts


def write_network(model: onnx.ModelProto, card: NetworkCard, repository: Path) -> Path:
    """Write `model` with `card` into `repository`; returns the network's folder."""
    folder = repository / card.name
    (folder / "1").mkdir(parents=True, exist_ok=True)
    write_card(model, card)
    partial = folder / "1" / "model.onnx.partial"
    onnx.save(model, str(partial))
    partial.replace(folder / "1" / "model.onnx")
    write_texts(card, folder)
    return folder


def replace_card(folder: Path, card: NetworkCard) -> None:
    """Give the network in `folder` a new card (measured quality, say), weights untouched."""
    file = folder / "1" / "model.onnx"
    if read_card(file).weights_sha256 != card.weights_sha256:
        raise ValueError(f"the card is of other weights than {file}")
    write_network(onnx.load(str(file), load_external_data=False), card, folder.parent)
