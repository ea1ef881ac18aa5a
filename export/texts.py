"""The texts beside a network's file, made from its card alone, the same each time."""

from pathlib import Path

from bridge.contract import NetworkCard
from export.model_card import model_card
from export.triton_config import Backend, Order, triton_config

CONFIG = "config.pbtxt"
VARIANTS: dict[str, tuple[Backend, Order]] = {  # for tritonserver --model-config-name
    "python": ("python", "fifo"),
    "tensorrt": ("tensorrt", "fifo"),
    "onnxruntime-priorities": ("onnxruntime", "priorities"),
    "python-priorities": ("python", "priorities"),
    "tensorrt-priorities": ("tensorrt", "priorities"),
}


def config_texts(card: NetworkCard) -> dict[str, str]:
    """Triton's config in all its variants, by path below the network's folder."""
    variants = {f"configs/{name}.pbtxt": triton_config(card, *of) for name, of in VARIANTS.items()}
    return {CONFIG: triton_config(card, "onnxruntime"), **variants}


def write_texts(card: NetworkCard, folder: Path) -> None:
    """Write Triton's config in all its variants, and the model card, into `folder`."""
    (folder / "configs").mkdir(exist_ok=True)
    for name, text in config_texts(card).items():
        (folder / name).write_text(text)
    (folder / "README.md").write_text(model_card(card))
