"""One number per checkpoint: PSNR-Y of one-step restorations of held-out photographs.

The damage is drawn once, by a fixed generator, so every checkpoint of every run of a task
is judged on the same pixels.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from bridge.degrade.pixels import to_uint8
from bridge.degrade.recipes import RECIPES, Pair
from bridge.metrics import psnr_y
from bridge.networks.compact import Compact
from bridge.photos import centre_crop, read_photo
from bridge.schedule import Schedule

CROP = 256  # pixels a side, the size the tables of this field are made with
BORDER = 4  # pixels left out of the score on each side


@dataclass(frozen=True)
class Validation:
    """Pairs (x_0, x_1), each [3,CROP,CROP], and the time the network is told at x_1."""

    pairs: list[Pair]
    t: float

    def score(self, network: Compact) -> float:
        """Mean PSNR-Y in dB of x̂_0 at x_t = x_1 (one evaluation, the `fast` preset)."""
        device = next(network.parameters()).device
        scores = []
        for x_0, x_1 in self.pairs:
            start = torch.from_numpy(x_1)[None].to(device)
            with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16):
                estimate = network(start, torch.tensor([self.t], device=device), start)
            restored = to_uint8(estimate[0].float().cpu().numpy())
            scores.append(psnr_y(to_uint8(x_0), restored, BORDER))
        return float(np.mean(scores))

    def untouched(self) -> float:
        """Mean PSNR-Y in dB of x_1 itself: what the network has to beat."""
        scores = [psnr_y(to_uint8(x_0), to_uint8(x_1), BORDER) for x_0, x_1 in self.pairs]
        return float(np.mean(scores))


def fits_validation(task: str, file: Path) -> bool:
    """Whether a photograph is large enough to be judged, by its header."""
    with Image.open(file) as image:
        return min(image.size) >= CROP + 2 * RECIPES[task].margin


def validation_of(task: str, files: list[Path], beta_max: float = 0.3) -> Validation:
    """Validation on the centres of `files`; photographs below CROP pixels raise ValueError."""
    recipe = RECIPES[task]
    pairs = []
    for index, file in enumerate(files):
        clean = centre_crop(read_photo(file), CROP + 2 * recipe.margin)
        pairs.append(recipe.pair(clean, np.random.default_rng([1, index])))
    return Validation(pairs, float(Schedule(beta_max=beta_max).clock[-1]))
