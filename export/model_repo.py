"""A folder of the model repository: what Triton loads and what the embedded engine reads.

<name>/config.pbtxt                 served by onnxruntime
<name>/configs/{python,tensorrt}.pbtxt   the same network by another backend
<name>/1/model.onnx                 the network, its card inside
<name>/README.md                    the model card for people, made from the same card
"""

from pathlib import Path

import onnx

from bridge.contract import NetworkCard
from export.model_card import model_card
from export.onnx_file import read_card, write_card
from export.triton_config import triton_config


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


def write_texts(card: NetworkCard, folder: Path) -> None:
    """Everything beside the ONNX file: made from the card alone, the same each time."""
    (folder / "configs").mkdir(exist_ok=True)
    (folder / "config.pbtxt").write_text(triton_config(card, "onnxruntime"))
    (folder / "configs" / "python.pbtxt").write_text(triton_config(card, "python"))
    (folder / "configs" / "tensorrt.pbtxt").write_text(triton_config(card, "tensorrt"))
    (folder / "README.md").write_text(model_card(card))


def replace_card(folder: Path, card: NetworkCard) -> None:
    """Give the network in `folder` a new card (measured quality, say), weights untouched."""
    file = folder / "1" / "model.onnx"
    if read_card(file).weights_sha256 != card.weights_sha256:
        raise ValueError(f"the card is of other weights than {file}")
    write_network(onnx.load(str(file), load_external_data=False), card, folder.parent)
