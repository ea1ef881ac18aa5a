"""Perceptual distance of two photos: deep features in, one number a pair out; 0 where equal.

LPIPS 0.1 (Zhang et al. 2018, arXiv:1801.03924) on AlexNet, the headline of this field's
tables, or on VGG16; DISTS (Ding et al. 2020, arXiv:2004.07728) on VGG16. The modules are
differentiable, so that a network can be trained on one and judged by another. Inputs are
[N,3,H,W] in [-1,1], at least 48 pixels a side; results are float32 [N].
"""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from bridge.perceptual_weights import (
    Backbone,
    DistsWeights,
    Float32,
    LpipsWeights,
    dists_weights,
    lpips_weights,
)

UInt8 = NDArray[np.uint8]

ALEX_STRIDES = ((4, 2), (1, 2), (1, 1), (1, 1), (1, 1))  # stride, padding
VGG_BLOCKS = (2, 2, 3, 3, 3)  # convolutions before each pooling


class Lpips(nn.Module):
    """Mean over the plane of head-weighted squared distances of unit-length features."""

    def __init__(self, backbone: Backbone, weights: LpipsWeights) -> None:
        super().__init__()
        self.backbone = backbone
        self.convolutions = _convolutions(weights)
        self.heads = nn.ParameterList(_plane(head) for head in weights.heads)
        self.register_buffer("shift", _plane(np.array([-0.030, -0.088, -0.188], np.float32)))
        self.register_buffer("scale", _plane(np.array([0.458, 0.448, 0.450], np.float32)))
        self.requires_grad_(False)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """LPIPS of each pair, [N]; symmetric in `a` and `b`."""
        distance = torch.zeros(len(a), device=a.device)
        for of_a, of_b, head in zip(self.features(a), self.features(b), self.heads, strict=True):
            apart = (_unit(of_a) - _unit(of_b)) ** 2
            distance = distance + (apart * head).sum(1).mean((1, 2))
        return distance

    def features(self, photo: Tensor) -> list[Tensor]:
        """The five activations after ReLU that LPIPS compares."""
        x = (photo - self.get_buffer("shift")) / self.get_buffer("scale")
        if self.backbone == "vgg":
            return _vgg_features(x, self.convolutions, lambda y: functional.max_pool2d(y, 2))
        features = []
        for index, (convolution, (stride, padding)) in enumerate(
            zip(self.convolutions, ALEX_STRIDES, strict=True)
        ):
            weight, bias = convolution.parameters()
            x = functional.relu(functional.conv2d(x, weight, bias, stride, padding))
            features.append(x)
            if index < 2:
                x = functional.max_pool2d(x, 3, 2)
        return features


class Dists(nn.Module):
    """1 - the weighted similarity of feature means (texture) and of covariances (structure)."""

    def __init__(self, backbone: LpipsWeights, weights: DistsWeights) -> None:
        super().__init__()
        self.convolutions = _convolutions(backbone)
        total = weights.alpha.sum() + weights.beta.sum()
        self.register_buffer("alpha", torch.from_numpy(weights.alpha / total))
        self.register_buffer("beta", torch.from_numpy(weights.beta / total))
        self.register_buffer("shift", _plane(np.array([0.485, 0.456, 0.406], np.float32)))
        self.register_buffer("scale", _plane(np.array([0.229, 0.224, 0.225], np.float32)))
        self.requires_grad_(False)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """DISTS of each pair, [N]; symmetric in `a` and `b`."""
        means, structures = [], []
        for of_a, of_b in zip(self.features(a), self.features(b), strict=True):
            mean_a, mean_b = of_a.mean((2, 3)), of_b.mean((2, 3))
            var_a = of_a.var((2, 3), correction=0)
            var_b = of_b.var((2, 3), correction=0)
            covariance = (of_a * of_b).mean((2, 3)) - mean_a * mean_b
            means.append((2 * mean_a * mean_b + 1e-6) / (mean_a**2 + mean_b**2 + 1e-6))
            structures.append((2 * covariance + 1e-6) / (var_a + var_b + 1e-6))
        texture = torch.cat(means, 1) @ self.get_buffer("alpha")
        return 1 - texture - torch.cat(structures, 1) @ self.get_buffer("beta")

    def features(self, photo: Tensor) -> list[Tensor]:
        """The photo in [0,1] itself, then VGG16's activations with L2 instead of max pooling."""
        unit = (photo + 1) / 2
        x = (unit - self.get_buffer("shift")) / self.get_buffer("scale")
        return [unit, *_vgg_features(x, self.convolutions, _l2_pool)]


def lpips_metric(backbone: Backbone = "alex") -> Callable[[UInt8, UInt8], float]:
    """LPIPS of (original, restored), uint8 [H,W,3] each; raises WeightsError."""
    return of_photos(Lpips(backbone, lpips_weights(backbone)))


def dists_metric() -> Callable[[UInt8, UInt8], float]:
    """DISTS of (original, restored), uint8 [H,W,3] each; raises WeightsError."""
    return of_photos(Dists(lpips_weights("vgg"), dists_weights()))


def of_photos(distance: nn.Module) -> Callable[[UInt8, UInt8], float]:
    """A module over tensors in [-1,1] as a metric over two uint8 [H,W,3] photos."""

    def measure(original: UInt8, restored: UInt8) -> float:
        if original.shape != restored.shape:
            raise ValueError(f"original is {original.shape} but restored is {restored.shape}")
        with torch.inference_mode():
            return float(distance(_tensor(original), _tensor(restored)))

    return measure


def _tensor(photo: UInt8) -> Tensor:
    planes = np.ascontiguousarray(np.moveaxis(photo, -1, 0), dtype=np.float32)
    return torch.from_numpy(planes / 127.5 - 1)[None]


def _plane(channels: Float32) -> Tensor:
    return torch.from_numpy(channels).reshape(1, -1, 1, 1)


def _unit(features: Tensor) -> Tensor:
    """Each position's channels as a vector of length 1, as LPIPS' code adds its 1e-10."""
    return features / (features.square().sum(1, keepdim=True).sqrt() + 1e-10)


def _l2_pool(x: Tensor) -> Tensor:
    """Halve the plane by the root of a Hann-weighted mean of squares (DISTS Eq. 2)."""
    hann = torch.tensor([0.25, 0.5, 0.25], device=x.device)
    kernel = torch.outer(hann, hann).expand(x.shape[1], 1, 3, 3)
    pooled = functional.conv2d(x.square(), kernel, stride=2, padding=1, groups=x.shape[1])
    return (pooled + 1e-12).sqrt()


def _convolutions(weights: LpipsWeights) -> nn.ModuleList:
    pairs = zip(weights.kernels, weights.biases, strict=True)
    return nn.ModuleList(
        nn.ParameterList([torch.from_numpy(kernel), torch.from_numpy(bias)])
        for kernel, bias in pairs
    )


def _vgg_features(
    x: Tensor, convolutions: nn.ModuleList, pool: Callable[[Tensor], Tensor]
) -> list[Tensor]:
    """VGG16 up to relu5_3: the last activation before each pooling."""
    features: list[Tensor] = []
    layers = iter(convolutions)
    for count in VGG_BLOCKS:
        if features:
            x = pool(x)
        for _ in range(count):
            weight, bias = next(layers).parameters()
            x = functional.relu(functional.conv2d(x, weight, bias, padding=1))
        features.append(x)
    return features
