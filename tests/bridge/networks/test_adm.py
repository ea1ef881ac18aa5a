"""ADM against a slow reference that is written in NumPy, float64, from the papers' formulas."""

import re
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from bridge.networks.adm import Adm, AdmShape, AttentionBlock, ResidualBlock, embed_time

Array = NDArray[Any]
Weights = dict[str, Array]

SMALL = AdmShape(width=32, multipliers=(1, 2), blocks=1, attention=(2,), head=16)


def convolve(x: Array, weight: Array, bias: Array) -> Array:
    """Σ over taps and channels, zeros beyond the edge; [N,C,H,W] by [O,C,k,k]."""
    reach, (height, width) = weight.shape[-1] // 2, x.shape[2:]
    padded = np.pad(x, ((0, 0), (0, 0), (reach, reach), (reach, reach)))
    out = np.broadcast_to(bias[:, None, None], (len(x), len(weight), height, width)).copy()
    for i in range(weight.shape[2]):
        for j in range(weight.shape[3]):
            window = padded[:, :, i : i + height, j : j + width]
            out += np.einsum("oc,nchw->nohw", weight[:, :, i, j], window)
    return out


def normalise(x: Array, weight: Array, bias: Array) -> Array:
    """Zero mean and unit variance over each of 32 groups of channels (Wu and He 2018, Eq. 1)."""
    out = np.empty_like(x)
    size = x.shape[1] // 32
    for sample in range(len(x)):
        for group in range(32):
            channels = slice(group * size, (group + 1) * size)
            values = x[sample, channels]
            out[sample, channels] = (values - values.mean()) / np.sqrt(values.var() + 1e-5)
    rest = (1,) * (x.ndim - 2)
    return out * weight.reshape(-1, *rest) + bias.reshape(-1, *rest)


def silu(x: Array) -> Array:
    return x / (1 + np.exp(-x))


def resize(x: Array, change: int) -> Array:
    if change < 0:
        count, channels, height, width = x.shape
        return x.reshape(count, channels, height // 2, 2, width // 2, 2).mean(axis=(3, 5))
    return x.repeat(2, axis=2).repeat(2, axis=3) if change > 0 else x


def residual_block(w: Weights, x: Array, time: Array, change: int) -> Array:
    """AdaGN: scale and shift by the time between the convolutions (Dhariwal and Nichol, Eq. 3)."""
    inner = resize(silu(normalise(x, w["in_layers.0.weight"], w["in_layers.0.bias"])), change)
    inner = convolve(inner, w["in_layers.2.weight"], w["in_layers.2.bias"])
    film = silu(time) @ w["emb_layers.1.weight"].T + w["emb_layers.1.bias"]
    scale, shift = np.split(film[:, :, None, None], 2, axis=1)
    inner = normalise(inner, w["out_layers.0.weight"], w["out_layers.0.bias"])
    inner = silu(inner * (1 + scale) + shift)
    inner = convolve(inner, w["out_layers.3.weight"], w["out_layers.3.bias"])
    skip = resize(x, change)
    if "skip_connection.weight" in w:
        skip = convolve(skip, w["skip_connection.weight"], w["skip_connection.bias"])
    return skip + inner


def attention_block(w: Weights, x: Array, head: int) -> Array:
    """softmax(q·k/√d)·v, head by head and sample by sample; channels are q, k, v of each head."""
    count, channels = x.shape[:2]
    flat = x.reshape(count, channels, -1)
    normed = normalise(flat, w["norm.weight"], w["norm.bias"])
    qkv = np.einsum("oc,ncl->nol", w["qkv.weight"][:, :, 0], normed) + w["qkv.bias"][:, None]
    mixed = np.empty_like(flat)
    for sample in range(count):
        for index in range(channels // head):
            query, key, value = qkv[sample].reshape(channels // head, 3, head, -1)[index]
            score = np.exp(query.T @ key / np.sqrt(head))
            mixed[sample, index * head : (index + 1) * head] = (
                value @ (score / score.sum(axis=1, keepdims=True)).T
            )
    out = np.einsum("oc,ncl->nol", w["proj_out.weight"][:, :, 0], mixed)
    return x + (out + w["proj_out.bias"][:, None]).reshape(x.shape)


def sinusoids(t: Array, width: int) -> Array:
    angles = [[time / 10_000 ** (k / (width // 2)) for k in range(width // 2)] for time in t]
    return np.concatenate([np.cos(angles), np.sin(angles)], axis=1)


def below(w: Weights, prefix: str) -> Weights:
    return {k.removeprefix(prefix): v for k, v in w.items() if k.startswith(prefix)}


def stage(w: Weights, x: Array, time: Array, changes: list[int], head: int) -> Array:
    """One stage, whatever layers its weights are of; `changes` of its residual blocks, in order."""
    waiting = list(changes)
    for layer in sorted({int(name.split(".")[0]) for name in w}):
        own = below(w, f"{layer}.")
        if "in_layers.0.weight" in own:
            x = residual_block(own, x, time, waiting.pop(0))
        elif "qkv.weight" in own:
            x = attention_block(own, x, head)
        else:
            x = convolve(x, own["weight"], own["bias"])
    return x


def small_network(w: Weights, x: Array, t: Array) -> Array:
    """SMALL, stage by stage: down 32, 32 | 32 halved, 64; middle; up 64, 64 doubled | 32, 32."""
    time = sinusoids(t, 32) @ w["time_embed.0.weight"].T + w["time_embed.0.bias"]
    time = silu(time) @ w["time_embed.2.weight"].T + w["time_embed.2.bias"]
    left = []
    for index, changes in enumerate([[], [0], [-1], [0]]):
        x = stage(below(w, f"input_blocks.{index}."), x, time, changes, SMALL.head)
        left.append(x)
    x = stage(below(w, "middle_block."), x, time, [0, 0], SMALL.head)
    for index, changes in enumerate([[0], [0, 1], [0], [0]]):
        x = np.concatenate([x, left.pop()], axis=1)
        x = stage(below(w, f"output_blocks.{index}."), x, time, changes, SMALL.head)
    x = silu(normalise(x, w["out.0.weight"], w["out.0.bias"]))
    return convolve(x, w["out.2.weight"], w["out.2.bias"])


def random_weights(module: torch.nn.Module) -> Weights:
    """Fill every weight, those that start at zero included, and return them in float64."""
    torch.manual_seed(0)
    with torch.no_grad():
        for name, weight in module.named_parameters():
            spread = weight[0].numel() ** -0.5 if weight.ndim > 1 else 0.3
            weight.normal_(1.0 if re.search(r"(norm|\.0)\.weight$", name) else 0.0, spread)
    return {name: p.detach().double().numpy() for name, p in module.named_parameters()}


def image(*shape: int) -> Array:
    return np.random.default_rng(1).uniform(-1, 1, shape).astype(np.float32).astype(np.float64)


def run(module: torch.nn.Module, *inputs: Array) -> NDArray[Any]:
    with torch.inference_mode():
        answer: NDArray[Any] = module(*(torch.from_numpy(a).float() for a in inputs)).numpy()
    return answer


@pytest.mark.parametrize("change", [-1, 0, 1])
@pytest.mark.parametrize("outputs", [32, 64])
def test_a_residual_block_is_its_formula(change: int, outputs: int) -> None:
    block = ResidualBlock(32, outputs, 24, change)
    weights = random_weights(block)
    x, time = image(2, 32, 6, 10), image(2, 24)
    expected = residual_block(weights, x, time, change)
    np.testing.assert_allclose(run(block, x, time), expected, atol=2e-5)


def test_attention_is_its_formula() -> None:
    block = AttentionBlock(64, head=16)
    weights = random_weights(block)
    x = image(2, 64, 6, 4)
    np.testing.assert_allclose(run(block, x), attention_block(weights, x, 16), atol=2e-5)


def test_the_time_is_embedded_by_cosines_then_sines() -> None:
    t = np.array([0.1, 500.5505, 1000.0])
    embedded = embed_time(torch.from_numpy(t), 256).numpy()
    np.testing.assert_allclose(embedded, sinusoids(t, 256), atol=1e-4)  # float32 of 1000 radians


@pytest.mark.parametrize("inputs", [3, 6])
def test_the_whole_network_is_its_formulas(inputs: int) -> None:
    network = Adm(AdmShape(**{**SMALL.__dict__, "inputs": inputs}))
    weights = random_weights(network)
    x, t = image(2, inputs, 12, 8), np.array([0.1, 731.0])
    split = (x[:, :3], t) if inputs == 3 else (x[:, :3], t, x[:, 3:])
    expected = small_network(weights, x, t)
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(run(network, *split), expected, atol=1e-4)


@pytest.mark.parametrize(("inputs", "parameters"), [(3, 552_807_171), (6, 552_814_083)])
def test_the_published_network_has_its_parameters(inputs: int, parameters: int) -> None:
    with torch.device("meta"):
        network = Adm(AdmShape(inputs=inputs))
    shapes = {name: tuple(p.shape) for name, p in network.named_parameters()}
    assert sum(p.numel() for p in network.parameters()) == parameters
    assert len(shapes) == 566
    assert sum(isinstance(module, AttentionBlock) for module in network.modules()) == 16
    assert (next(iter(shapes)), list(shapes)[-1]) == ("time_embed.0.weight", "out.2.bias")
    assert shapes["input_blocks.0.0.weight"] == (256, inputs, 3, 3)
    assert shapes["middle_block.1.qkv.weight"] == (3072, 1024, 1)
    assert shapes["output_blocks.17.0.skip_connection.weight"] == (256, 512, 1, 1)
    assert shapes["out.2.weight"] == (3, 256, 3, 3)


def test_a_fresh_network_predicts_nothing() -> None:
    """Branches start at zero, so that training begins from the identity."""
    assert not run(Adm(SMALL), image(1, 3, 8, 8), np.array([500.0])).any()


def test_a_sample_does_not_depend_on_its_batch() -> None:
    network = Adm(SMALL)
    random_weights(network)
    x, t = image(3, 3, 8, 8), np.array([1.0, 10.0, 900.0])
    together = run(network, x, t)
    for index in range(3):
        alone = run(network, x[index : index + 1], t[index : index + 1])
        np.testing.assert_allclose(together[index], alone[0], atol=1e-5)


def test_channels_that_no_group_divides_are_refused() -> None:
    with pytest.raises(ValueError, match="multiple of 32"):
        Adm(AdmShape(width=48))
