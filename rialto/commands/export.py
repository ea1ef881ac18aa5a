"""`rialto export`: a checkpoint becomes a folder of the model repository."""

import json
import platform
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console

from bridge.checkpoint import load_checkpoint
from bridge.contract import PRESETS, NetworkCard, PresetName
from bridge.degrade.recipes import RECIPES
from bridge.photos import centre_crop, photo_files, read_photo
from export.model_repo import next_version, write_network
from export.network import export_network, parity

PARITY_PHOTOS = 4
PARITY_SIDE = 256


@dataclass(frozen=True)
class Wished:
    """What an export is to be.

    photos        a folder of photographs to check it on      photographs  what it learnt from
    presets       of the task that the network serves; all where no other network serves some
    new_version   leave the versions that are there, so that one can go back
    """

    name: str
    model_repo: Path
    photos: Path
    photographs: str = ""
    cpu_hours: float | None = None
    presets: tuple[PresetName, ...] = PRESETS
    new_version: bool = False


def export(checkpoint: Path, wished: Wished, *, as_json: bool = False) -> None:
    """Export, check against torch on real photographs, and only then write; then say so."""
    state = load_checkpoint(checkpoint)
    training = {
        "photographs": wished.photographs,
        "machine": platform.machine(),
        "cpu_hours": wished.cpu_hours,
    }
    exported = export_network(state, wished.name, training, wished.presets)
    recipe = RECIPES[exported.card.task]
    examples = [
        recipe.example(
            centre_crop(read_photo(file), PARITY_SIDE + 2 * recipe.margin),
            np.random.default_rng([2, index]),
        )
        for index, file in enumerate(photo_files(wished.photos)[:PARITY_PHOTOS])
    ]
    masks = [example.mask for example in examples if example.mask is not None]
    worst = parity(
        exported,
        np.stack([example.x_1 for example in examples]),
        np.stack(masks) if masks else None,
    )
    repository = wished.model_repo
    version = next_version(repository / wished.name) if wished.new_version else None
    folder = write_network(exported.model, exported.card, repository, version=version)
    say_written(folder, exported.card, worst, as_json=as_json)


def say_written(folder: Path, card: NetworkCard, difference: float, *, as_json: bool) -> None:
    """What now lies in the model repository, for a person or a program."""
    if as_json:
        told = {"folder": str(folder), "name": card.name, "task": card.task}
        network = {"weights_sha256": card.weights_sha256, "parameters": card.parameters}
        print(json.dumps({**told, **network, "difference": difference}))
        return
    Console().print(
        f"{folder}: {card.parameters:,} parameters, {card.short_hash}, "
        f"largest difference to torch {difference:.1e}",
        soft_wrap=True,
    )
