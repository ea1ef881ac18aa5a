"""The texts beside a network's file, made from its card alone, the same each time."""

from pathlib import Path

from bridge.contract import NetworkCard
from export.model_card import model_card
from export.triton_config import triton_config


def write_texts(card: NetworkCard, folder: Path) -> None:
    """Write Triton's config in its three variants, and the model card, into `folder`."""
    (folder / "configs").mkdir(exist_ok=True)
    (folder / "config.pbtxt").write_text(triton_config(card, "onnxruntime"))
    (folder / "configs" / "python.pbtxt").write_text(triton_config(card, "python"))
    (folder / "configs" / "tensorrt.pbtxt").write_text(triton_config(card, "tensorrt"))
    (folder / "README.md").write_text(model_card(card))
