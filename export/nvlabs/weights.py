"""`latest.pt` of I²SB's authors becomes our own ADM network with their averaged weights.

The file holds the network under names and its exponential moving average without: a list
in the order of the network's parameters. The average is what the authors sample from.
Tensors stay in the file and are mapped, so that 2.2 GB of weights need no memory of their
own, and the optimiser's 4.4 GB none at all.
"""

from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor

from bridge.networks.adm import Adm, AdmShape
from export.nvlabs.options import CheckpointError

PREFIX = "diffusion_model."  # the official wrapper's name for its ADM network


@dataclass(frozen=True)
class Average:
    """The averaged network in evaluation mode, and after how many updates it was saved."""

    network: Adm
    updates: int


def read_average(file: Path, shape: AdmShape) -> Average:
    """The averaged weights in `file`, in a network of `shape`.

    Raises CheckpointError where the file would run code, or does not hold such a network.
    """
    state = _read(file)
    try:
        names = [name.removeprefix(PREFIX) for name in state["net"]]
        shadow, updates = state["ema"]["shadow_params"], state["ema"]["num_updates"]
    except (KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{file} lacks {error}: not a checkpoint of I²SB's code") from error
    if not isinstance(shadow, list) or len(names) != len(shadow):
        raise CheckpointError(f"{file} names {len(names)} weights and averages other ones")
    with torch.device("meta"):
        network = Adm(shape)
    weights = dict(zip(names, shadow, strict=True))
    _hold(file, weights, {name: tuple(p.shape) for name, p in network.named_parameters()})
    network.load_state_dict({name: tensor.float() for name, tensor in weights.items()}, assign=True)
    return Average(network.eval().requires_grad_(False), int(updates or 0))


def _read(file: Path) -> Any:
    try:
        # weights_only: torch's own unpickler, which knows tensors and plain values only.
        return torch.load(file, map_location="cpu", mmap=True, weights_only=True)
    except UnpicklingError as error:
        reason = str(error).splitlines()[0]
        raise CheckpointError(f"{file} is refused: it holds more than weights ({reason})") from None
    except (RuntimeError, EOFError, ValueError, KeyError) as error:
        raise CheckpointError(f"{file} cannot be read as a torch checkpoint: {error}") from error


def _hold(file: Path, weights: dict[str, Tensor], wanted: dict[str, tuple[int, ...]]) -> None:
    """Hold what was found to what the network has, name by name, shape by shape."""
    if missing := sorted(wanted.keys() - weights.keys()):
        raise CheckpointError(f"{file} lacks {len(missing)} weights of ADM, such as {missing[0]}")
    if unknown := sorted(weights.keys() - wanted.keys()):
        raise CheckpointError(f"{file} has {len(unknown)} weights that ADM lacks: {unknown[0]}, …")
    for name, tensor in weights.items():
        if not isinstance(tensor, Tensor) or not tensor.is_floating_point():
            raise CheckpointError(f"{file}: {name} is no tensor of weights")
        if tuple(tensor.shape) != wanted[name]:
            raise CheckpointError(
                f"{file}: {name} is {tuple(tensor.shape)}, in this ADM it is {wanted[name]}"
            )
        if not torch.isfinite(tensor).all():
            raise CheckpointError(f"{file}: {name} is not finite; the training had diverged")
