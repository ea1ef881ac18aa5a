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
from bridge.degrade.recipes import RECIPES, Example
from bridge.metrics import psnr_y
from bridge.networks.compact import Compact
from bridge.photos import centre_crop, read_photo
from bridge.schedule import Schedule

CROP = 256  # pixels a side, the size the tables of this field are made with
BORDER = 4  # pixels left out of the score on each side


@dataclass(frozen=True)
class Validation:
    """Examples of CROP x CROP pixels, and the time the network is told at x_1."""

    examples: list[Example]
    t: float

    def score(self, network: Compact) -> float:
        """Mean PSNR-Y in dB of x̂_0 at x_t = x_1 (one evaluation, the `fast` preset)."""
        device = next(network.parameters()).device
        scores = []
        t = torch.tensor([self.t], device=device)
        for example in self.examples:
            start = torch.from_numpy(example.x_1)[None].to(device)
            mask = example.mask
            holes = None if mask is None else torch.from_numpy(mask)[None].to(device)
            with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16):
                estimate = network(start, t, start, holes)
            x_0 = estimate[0].float().cpu().numpy()
            if mask is not None:
                x_0 = np.where(mask > 0, x_0, example.x_1)
            scores.append(psnr_y(to_uint8(example.x_0), to_uint8(x_0), BORDER))
        return float(np.mean(scores))

    def untouched(self) -> float:
        """Mean PSNR-Y in dB of x_1 itself: what the network has to beat."""
        scores = [psnr_y(to_uint8(e.x_0), to_uint8(e.x_1), BORDER) for e in self.examples]
        return float(np.mean(scores))


def fits_validation(task: str, file: Path) -> bool:
    """Whether a photograph is large enough to be judged, by its header."""
    with Image.open(file) as image:
        return min(image.size) >= CROP + 2 * RECIPES[task].margin


def validation_of(task: str, files: list[Path], beta_max: float = 0.3) -> Validation:
    """Validation on the centres of `files`; photographs below CROP pixels raise ValueError."""
    recipe = RECIPES[task]
    examples = []
    for index, file in enumerate(files):
        clean = centre_crop(read_photo(file), CROP + 2 * recipe.margin)
        examples.append(recipe.example(clean, np.random.default_rng([1, index])))
    return Validation(examples, float(Schedule(beta_max=beta_max).clock[-1]))
