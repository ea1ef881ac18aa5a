"""The ADM U-Net of I²SB's authors: x_t and the time in, (x_t - x_0)/σ out.

Dhariwal and Nichol 2021 (arXiv:2105.05233), unconditional 256-pixel configuration, as I²SB
(arXiv:2302.05872) uses it, written anew from the formulas. Parameters bear the names and
have the order of the published checkpoints, which map by them (`export.nvlabs`). Attention
is `scaled_dot_product_attention`, so that the network exports and fuses.

Shapes: x [N,C,H,W]; H and W are multiples of `AdmShape.multiple`.
"""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

GROUPS = 32  # of every group norm
LONGEST_PERIOD = 10_000  # of the sinusoids that embed the time

Layer = TypeVar("Layer", nn.Conv1d, nn.Conv2d)


@dataclass(frozen=True)
class AdmShape:
    """What decides the parameters; the defaults are the published network, 552.8 million.

    inputs       channels of the input: 3, or 6 where x_1 stands beside x_t
    width        channels at full resolution; a multiple of 32
    multipliers  channels at each level over `width`; the resolution halves between levels
    blocks       residual blocks a level on the way down; one more on the way up
    attention    downsampling factors at which attention follows each residual block
    head         channels of one attention head
    """

    inputs: int = 3
    width: int = 256
    multipliers: tuple[int, ...] = (1, 1, 2, 2, 4, 4)
    blocks: int = 2
    attention: tuple[int, ...] = (8, 16, 32)
    head: int = 64

    @property
    def multiple(self) -> int:
        """H and W must be multiples of this many pixels."""
        return int(2 ** (len(self.multipliers) - 1))


def embed_time(t: Tensor, width: int) -> Tensor:
    """Sinusoids of t [N] -> [N,width]: cosines, then sines, from period 2π to 2π·10,000."""
    exponent = torch.arange(width // 2, dtype=torch.float32, device=t.device) / (width // 2)
    phase = t[:, None].float() * torch.exp(-math.log(LONGEST_PERIOD) * exponent)
    return torch.cat([phase.cos(), phase.sin()], dim=1)


def _zero(layer: Layer) -> Layer:
    """A branch that starts at zero leaves its residual block the identity."""
    nn.init.zeros_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


class ResidualBlock(nn.Module):
    """Two convolutions; between them the time scales and shifts the normed features.

    change   -1 halves and +1 doubles the resolution, within both branches, 0 keeps it
    """

    def __init__(self, inputs: int, outputs: int, embedding: int, change: int = 0) -> None:
        super().__init__()
        self.outputs, self.change = outputs, change
        self.in_layers = nn.Sequential(
            nn.GroupNorm(GROUPS, inputs), nn.SiLU(), nn.Conv2d(inputs, outputs, 3, padding=1)
        )
        self.emb_layers = nn.Sequential(nn.SiLU(), nn.Linear(embedding, 2 * outputs))
        self.out_layers = nn.Sequential(
            nn.GroupNorm(GROUPS, outputs),
            nn.SiLU(),
            nn.Identity(),  # dropout in training; the checkpoints count it
            _zero(nn.Conv2d(outputs, outputs, 3, padding=1)),
        )
        same = inputs == outputs
        self.skip_connection = nn.Identity() if same else nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        """[N,inputs,H,W] and a time [N,embedding] -> [N,outputs,H',W']."""
        norm, activation, convolution = self.in_layers
        inner = convolution(self._resized(activation(norm(x))))
        film = self.emb_layers(time)[:, :, None, None]
        # Split by a number, here and below: by `chunk`, its sizes would be exported as a graph.
        scale, shift = film.split(self.outputs, dim=1)
        inner = self.out_layers[0](inner) * (1 + scale) + shift
        residual: Tensor = self.out_layers[1:](inner)
        return residual + self.skip_connection(self._resized(x))  # type: ignore[no-any-return]

    def _resized(self, x: Tensor) -> Tensor:
        if self.change < 0:
            return functional.avg_pool2d(x, 2)
        if self.change > 0:
            return functional.interpolate(x, scale_factor=2.0, mode="nearest")
        return x


class AttentionBlock(nn.Module):
    """Self-attention over all pixels, `channels / head` heads, added to its input.

    The channels of `qkv` are laid out head by head, each with its query, key and value.
    """

    def __init__(self, channels: int, head: int) -> None:
        super().__init__()
        self.head = head
        self.heads = channels // head
        self.norm = nn.GroupNorm(GROUPS, channels)
        self.qkv = nn.Conv1d(channels, 3 * channels, 1)
        self.proj_out = _zero(nn.Conv1d(channels, channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        """[N,C,H,W] -> [N,C,H,W]."""
        count, channels, height, width = x.shape
        flat = x.flatten(2)
        mixed = self.qkv(self.norm(flat)).reshape(count, self.heads, 3 * self.head, height * width)
        query, key, value = mixed.transpose(2, 3).chunk(3, dim=3)
        # The scale is told as a number: derived from a shape it would be exported as a graph.
        attended = functional.scaled_dot_product_attention(query, key, value, scale=self.head**-0.5)
        attended = attended.transpose(2, 3).reshape(count, channels, height * width)
        residual: Tensor = self.proj_out(attended)
        return (flat + residual).reshape(count, channels, height, width)


class Stage(nn.ModuleList):
    """Layers in a row, of which the residual blocks are told the time."""

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        """[N,C,H,W] and a time [N,embedding] -> what the last layer makes of it."""
        for layer in self:
            x = layer(x, time) if isinstance(layer, ResidualBlock) else layer(x)
        return x


class Adm(nn.Module):
    """Predict (x_t - x_0)/σ from x_t, the time and, for six inputs, x_1.

    Raises ValueError where the shape has channels that groups or heads do not divide.
    """

    def __init__(self, shape: AdmShape = AdmShape()) -> None:
        super().__init__()
        if shape.width % GROUPS or shape.width % shape.head:
            raise ValueError(f"width {shape.width} must be a multiple of {GROUPS} and of head")
        self.shape = shape
        embedding = 4 * shape.width
        self.time_embed = nn.Sequential(
            nn.Linear(shape.width, embedding), nn.SiLU(), nn.Linear(embedding, embedding)
        )
        self.input_blocks, skips = self._down(embedding)
        deepest = skips[-1]
        self.middle_block = Stage(
            [
                ResidualBlock(deepest, deepest, embedding),
                AttentionBlock(deepest, shape.head),
                ResidualBlock(deepest, deepest, embedding),
            ]
        )
        self.output_blocks = self._up(embedding, skips)
        first = shape.width * shape.multipliers[0]
        self.out = nn.Sequential(
            nn.GroupNorm(GROUPS, first), nn.SiLU(), _zero(nn.Conv2d(first, 3, 3, padding=1))
        )

    def _down(self, embedding: int) -> tuple[nn.ModuleList, list[int]]:
        """The way down, and the channels that each of its stages hands to the way up."""
        shape = self.shape
        stages: list[nn.Module] = [Stage([nn.Conv2d(shape.inputs, shape.width, 3, padding=1)])]
        skips = [shape.width]
        for level, multiplier in enumerate(shape.multipliers):
            channels = multiplier * shape.width
            for inputs, outputs in pairwise([skips[-1], *[channels] * shape.blocks]):
                block = ResidualBlock(inputs, outputs, embedding)
                stages.append(Stage([block, *self._attention(level, outputs)]))
                skips.append(outputs)
            if level < len(shape.multipliers) - 1:
                stages.append(Stage([ResidualBlock(channels, channels, embedding, change=-1)]))
                skips.append(channels)
        return nn.ModuleList(stages), skips

    def _up(self, embedding: int, skips: list[int]) -> nn.ModuleList:
        """The way up: each stage takes what is there beside what the way down left it."""
        shape = self.shape
        stages: list[nn.Module] = []
        waiting, inputs = list(skips), skips[-1]
        for level in reversed(range(len(shape.multipliers))):
            channels = shape.multipliers[level] * shape.width
            for index in range(shape.blocks + 1):
                block = ResidualBlock(inputs + waiting.pop(), channels, embedding)
                layers = [block, *self._attention(level, channels)]
                if level and index == shape.blocks:
                    layers.append(ResidualBlock(channels, channels, embedding, change=1))
                stages.append(Stage(layers))
                inputs = channels
        return nn.ModuleList(stages)

    def _attention(self, level: int, channels: int) -> list[nn.Module]:
        here = 2**level in self.shape.attention
        return [AttentionBlock(channels, self.shape.head)] if here else []

    def forward(self, x_t: Tensor, t: Tensor, x_1: Tensor | None = None) -> Tensor:
        """x_t (and x_1) [N,3,H,W] in [-1,1], t [N] in 0..1000 -> (x_t - x_0)/σ [N,3,H,W]."""
        time = self.time_embed(embed_time(t, self.shape.width))
        features = x_t if x_1 is None else torch.cat([x_t, x_1], dim=1)
        left: list[Tensor] = []
        for stage in self.input_blocks:
            features = stage(features, time)
            left.append(features)
        features = self.middle_block(features, time)
        for stage in self.output_blocks:
            features = stage(torch.cat([features, left.pop()], dim=1), time)
        prediction: Tensor = self.out(features)
        return prediction
