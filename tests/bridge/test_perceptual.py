"""LPIPS and DISTS. The pinned values come from an implementation of its own, which gave the
authors' published numbers on their own example photos (LPIPS 0.722 and 0.138, DISTS 0.3347).
"""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from bridge.cache import cache_folder
from bridge.perceptual import Dists, Lpips, dists_metric, lpips_metric, of_photos
from bridge.perceptual_weights import (
    FOLDER,
    WEIGHTS,
    Backbone,
    DistsWeights,
    LpipsWeights,
)

UInt8 = NDArray[np.uint8]
Distance = Callable[[UInt8, UInt8], float]

ALEX = [(64, 3, 11), (192, 64, 5), (384, 192, 3), (256, 384, 3), (256, 256, 3)]
VGG_CHANNELS = [64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512]
VGG_COMPARED = [64, 128, 256, 512, 512]

needs_weights = pytest.mark.skipif(
    not all((cache_folder(FOLDER) / name).exists() for name in WEIGHTS),
    reason="the metrics' weights are fetched by `make metrics`",
)


def random_weights(backbone: Backbone) -> LpipsWeights:
    """He-scaled weights of the real shapes: the laws below hold for any."""
    rng = np.random.default_rng(5)
    vgg = zip(VGG_CHANNELS, [3, *VGG_CHANNELS], strict=False)
    shapes = ALEX if backbone == "alex" else [(out, into, 3) for out, into in vgg]
    compared = [out for out, _, _ in ALEX] if backbone == "alex" else VGG_COMPARED

    def kernel(out: int, into: int, side: int) -> NDArray[np.float32]:
        scale = (2 / (into * side * side)) ** 0.5
        drawn = rng.standard_normal((out, into, side, side), np.float32)
        return drawn * np.float32(scale)

    return LpipsWeights(
        kernels=tuple(kernel(*shape) for shape in shapes),
        biases=tuple(rng.standard_normal(out, np.float32) * 0.1 for out, _, _ in shapes),
        heads=tuple(rng.random(channels, np.float32) for channels in compared),
    )


def random_dists() -> Dists:
    rng = np.random.default_rng(6)
    alpha, beta = rng.random(1475, np.float32), rng.random(1475, np.float32)
    return Dists(random_weights("vgg"), DistsWeights(alpha, beta))


def example(blur: int = 0) -> UInt8:
    """Rings and a ramp, 96x112: smooth enough to blur, from integers alone."""
    y, x = np.mgrid[0:96, 0:112]
    red = ((y - 40) ** 2 + (x - 50) ** 2) // 9 % 256
    planes = np.stack([red, (3 * x + y) % 256, (y * x) // 40 % 256], axis=-1)
    for _ in range(blur):
        planes = (planes + np.roll(planes, 1, 0) + np.roll(planes, 1, 1) + 1) // 3
    return planes.astype(np.uint8)


@pytest.mark.parametrize(
    "module",
    [Lpips("alex", random_weights("alex")), Lpips("vgg", random_weights("vgg")), random_dists()],
    ids=["lpips-alex", "lpips-vgg", "dists"],
)
def test_a_distance_is_0_where_equal_symmetric_and_grows_with_damage(
    module: torch.nn.Module,
) -> None:
    distance = of_photos(module)
    clean, soft, softer = (example(blur)[:64, :56] for blur in (0, 1, 4))
    assert distance(clean, clean) == pytest.approx(0, abs=1e-6)
    assert distance(clean, soft) == pytest.approx(distance(soft, clean), rel=1e-4)
    assert 0.001 < distance(clean, soft) < distance(clean, softer)


def test_lpips_of_a_batch_is_that_of_each_pair_alone() -> None:
    lpips = Lpips("alex", random_weights("alex"))
    a, b = torch.rand(2, 2, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    alone = torch.cat([lpips(a[i : i + 1], b[i : i + 1]) for i in range(2)])
    torch.testing.assert_close(lpips(a, b), alone)


def test_lpips_follows_its_definition_layer_by_layer() -> None:
    weights = random_weights("alex")
    lpips = Lpips("alex", weights)
    a, b = torch.rand(2, 1, 3, 64, 72, generator=torch.Generator().manual_seed(1)) * 2 - 1

    def unit(features: Tensor) -> Tensor:
        return functional.normalize(features, dim=1)

    expected = 0.0
    for of_a, of_b, head in zip(lpips.features(a), lpips.features(b), weights.heads, strict=True):
        squares = (unit(of_a) - unit(of_b)).square()[0].numpy()
        expected += float(np.mean(np.tensordot(head, squares, axes=1)))
    assert lpips(a, b).item() == pytest.approx(expected, rel=1e-5)


def test_lpips_teaches_the_photo_and_never_its_own_weights() -> None:
    lpips = Lpips("alex", random_weights("alex"))
    a = torch.zeros(1, 3, 64, 64, requires_grad=True)
    b = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(2))
    lpips(a, b).sum().backward()
    assert a.grad is not None
    assert a.grad.abs().max() > 0
    assert all(parameter.grad is None for parameter in lpips.parameters())


def test_photos_of_two_shapes_are_refused_and_not_broadcast() -> None:
    distance = of_photos(Lpips("alex", random_weights("alex")))
    with pytest.raises(ValueError, match="original is"):
        distance(example(), example()[:48])


@needs_weights
@pytest.mark.parametrize(
    ("make", "soft", "softer"),
    [
        (lambda: lpips_metric("alex"), 0.01702, 0.10281),
        (lambda: lpips_metric("vgg"), 0.05361, 0.20254),
        (dists_metric, 0.11247, 0.20920),
    ],
    ids=["lpips-alex", "lpips-vgg", "dists"],
)
def test_the_fetched_weights_give_the_pinned_distances(
    make: Callable[[], Distance], soft: float, softer: float
) -> None:
    distance = make()
    assert distance(example(), example(blur=1)) == pytest.approx(soft, rel=1e-3)
    assert distance(example(), example(blur=4)) == pytest.approx(softer, rel=1e-3)
