"""Training state on disk: written whole or not at all, read without running any code in it."""

from pathlib import Path
from typing import Any

import torch


def save_checkpoint(state: dict[str, Any], file: Path) -> None:
    """Write `state` beside `file`, then put it in its place: a kill leaves the old one whole."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(file.name + ".partial")
    torch.save(state, partial)
    partial.replace(file)


def load_checkpoint(file: Path) -> dict[str, Any]:
    """Read a checkpoint; `weights_only` refuses anything but tensors and plain values."""
    state: dict[str, Any] = torch.load(file, map_location="cpu", weights_only=True)
    return state


def half_precision(weights: dict[str, Any]) -> dict[str, Any]:
    """Weights in 16 bits, which is what a repository keeps of a run (EMA only)."""
    return {name: tensor.half() for name, tensor in weights.items()}
