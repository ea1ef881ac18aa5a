"""A compact residual bridge network: photos in, an estimate of the clean photo out.

x_0 = x_1 + F(x_t, x_1, t). Conditioning on x_1 and predicting a residual to it are what
makes a small network learn a bridge at all. All convolutions are dense 3x3 at a quarter
of the resolution, where CPUs and GPUs run near their peak; there is no norm and no
attention, so an image's result cannot depend on its batch or on its size.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

FREQUENCIES = 8  # cos and sin of k·π·t/1000 for k = 1..8
EMBEDDING = 64


class Block(nn.Module):
    """Residual block with FiLM: the time scales and shifts its inner features."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.film = nn.Linear(EMBEDDING, 2 * width)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        # Near-identity at the start: a deep stack then trains without a norm.
        nn.init.normal_(self.second.weight, std=0.1 / math.sqrt(9 * width))
        nn.init.zeros_(self.film.weight)
        for bias in (self.first.bias, self.film.bias, self.second.bias):
            nn.init.zeros_(bias)  # type: ignore[arg-type]

    def forward(self, features: Tensor, time: Tensor) -> Tensor:
        """[N,W,h,w] and a time [N,EMBEDDING] -> [N,W,h,w]."""
        scale, shift = self.film(time)[:, :, None, None].chunk(2, dim=1)
        inner = functional.relu(self.first(features) * (1 + scale) + shift)
        residual: Tensor = self.second(inner)
        return features + residual


class Compact(nn.Module):
    """Estimate x_0 from x_t, x_1 and, for inpainting, the mask.

    width      channels of the trunk
    blocks     residual blocks; the receptive field reaches (2·blocks+2)·unshuffle pixels
    unshuffle  the trunk runs at 1/unshuffle of the resolution; H and W are multiples of it
    period     0, or pixels after which the damage's own grid repeats (16 for JPEG's blocks
               and their halved chroma): the network is then told where in it a pixel lies,
               which a convolution cannot see; H and W are multiples of it
    mask       whether the network is told which pixels are holes
    """

    def __init__(
        self,
        width: int = 96,
        blocks: int = 7,
        unshuffle: int = 4,
        period: int = 0,
        mask: bool = False,
    ) -> None:
        super().__init__()
        self.unshuffle = unshuffle
        self.frequency: Tensor
        cells = period // unshuffle
        self.phase = nn.Parameter(torch.zeros(1, width, cells, cells)) if period else None
        self.register_buffer(
            "frequency", math.pi * torch.arange(1.0, FREQUENCIES + 1) / 1000, persistent=False
        )
        self.time = nn.Sequential(
            nn.Linear(2 * FREQUENCIES, EMBEDDING),
            nn.SiLU(),
            nn.Linear(EMBEDDING, EMBEDDING),
            nn.SiLU(),
        )
        planes = 7 if mask else 6
        self.head = nn.Conv2d(planes * unshuffle**2, width, 3, padding=1)
        self.blocks = nn.ModuleList(Block(width) for _ in range(blocks))
        self.tail = nn.Conv2d(width, 3 * unshuffle**2, 3, padding=1)
        nn.init.normal_(self.tail.weight, std=0.02 / math.sqrt(width))
        nn.init.zeros_(self.tail.bias)  # type: ignore[arg-type]

    def forward(self, x_t: Tensor, t: Tensor, x_1: Tensor, mask: Tensor | None = None) -> Tensor:
        """x_t, x_1 [N,3,H,W] in [-1,1], t [N] in 0..1000 -> x̂_0 [N,3,H,W], not clamped.

        mask   [N,1,H,W], 1 = hole, exactly where the network was made to take one
        """
        phase = t[:, None].float() * self.frequency
        time = self.time(torch.cat([phase.cos(), phase.sin()], dim=1))
        planes = [x_t, x_1] if mask is None else [x_t, x_1, mask]
        head = self.head(functional.pixel_unshuffle(torch.cat(planes, dim=1), self.unshuffle))
        if self.phase is not None:
            rows, columns = (
                head.shape[2] // self.phase.shape[2],
                head.shape[3] // self.phase.shape[3],
            )
            head = head + self.phase.repeat(1, 1, rows, columns)
        features = head
        for block in self.blocks:
            features = block(features, time)
        residual = functional.pixel_shuffle(self.tail(features + head), self.unshuffle)
        return x_1 + residual.to(x_1.dtype)
