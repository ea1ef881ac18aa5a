"""`rialto export`: a checkpoint becomes a folder of the model repository."""

import platform
from pathlib import Path

import numpy as np
from rich.console import Console

from bridge.checkpoint import load_checkpoint
from bridge.degrade.recipes import RECIPES
from bridge.photos import centre_crop, photo_files, read_photo
from export.model_repo import write_network
from export.network import export_network, parity

PARITY_PHOTOS = 4
PARITY_SIDE = 256


def export(
    checkpoint: Path,
    name: str,
    model_repo: Path,
    photos: Path,
    photographs: str,
    cpu_hours: float | None,
) -> None:
    """Export, check against torch on real photographs, and only then write."""
    state = load_checkpoint(checkpoint)
    training = {
        "photographs": photographs,
        "machine": platform.machine(),
        "cpu_hours": cpu_hours,
    }
    exported = export_network(state, name, training)
    recipe = RECIPES[exported.card.task]
    starts = [
        recipe.pair(
            centre_crop(read_photo(file), PARITY_SIDE + 2 * recipe.margin),
            np.random.default_rng([2, index]),
        )[1]
        for index, file in enumerate(photo_files(photos)[:PARITY_PHOTOS])
    ]
    worst = parity(exported, np.stack(starts))
    folder = write_network(exported.model, exported.card, model_repo)
    Console().print(
        f"{folder}: {exported.card.parameters:,} parameters, {exported.card.short_hash}, "
        f"largest difference to torch {worst:.1e}"
    )
