import asyncio
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from bridge.contract import NetworkCard, SamplerName, Tile
from bridge.degrade.pixels import to_signed
from bridge.degrade.resize import resize_matrix
from bridge.grid import space_indices
from bridge.noise import noise_field
from bridge.plan import Plan, plan_for
from bridge.restoration import Progress, output_shape, regions_of, restore_pixels, tiles_of
from bridge.schedule import Schedule
from bridge.start import Pixels
from tests.bridge.cards import card

Float32 = NDArray[np.float32]
PHOTO = np.random.default_rng(5).integers(0, 256, (150, 203, 3), dtype=np.uint8)


async def damaged(tile: Tile) -> Float32:
    """A network that knows nothing: its estimate is x_1."""
    assert tile.x_1 is not None
    return tile.x_1


async def leaning(tile: Tile) -> Float32:
    """A network without a border: each pixel from its own x_t and x_1, and from the time."""
    assert tile.x_1 is not None
    return np.tanh(tile.x_1 + np.float32(0.3 + tile.t / 2000) * (tile.x_t - tile.x_1))


def restore(
    of: NetworkCard, plan: Plan, pixels: Pixels, network: object = damaged, seed: int = 0
) -> tuple[Pixels, list[Progress]]:
    out = np.zeros(output_shape(of, pixels), pixels.dtype)

    async def walk() -> list[Progress]:
        steps = restore_pixels(of, plan, pixels, network, out, seed=seed)  # type: ignore[arg-type]
        return [progress async for progress in steps]

    return out, asyncio.run(walk())


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("sampler", ["dbim", "i2sb", "bridge-ode"])
def test_an_ignorant_network_gives_back_every_sample_of_the_photo(
    sampler: SamplerName, channels: int, dtype: type
) -> None:
    white = np.iinfo(dtype).max
    photo = np.random.default_rng(1).integers(0, white, (150, 203, channels), dtype=dtype)
    out, _ = restore(card(), plan_for(card(), sampler, 4), photo)
    np.testing.assert_array_equal(out, photo)


def test_enlargement_by_regions_is_that_of_the_whole_photo() -> None:
    of = card(scale=4, start="bicubic")
    small = PHOTO[:50, :71]
    rows, columns = resize_matrix(50, 200), resize_matrix(71, 284)
    whole = rows @ to_signed(small) @ columns.T
    expected = (np.clip(whole, -1, 1) + 1) * 127.5
    out, progress = restore(of, plan_for(of, "dbim", 1), small)
    assert progress[-1].regions > 1
    assert np.abs(np.moveaxis(out, -1, 0) - expected).max() <= 0.51


def test_nearest_repeats_every_pixel() -> None:
    of = card(scale=4, start="nearest")
    out, _ = restore(of, plan_for(of, "dbim", 1), PHOTO[:33, :47])
    np.testing.assert_array_equal(out, PHOTO[:33, :47].repeat(4, axis=0).repeat(4, axis=1))


def test_tiles_and_regions_leave_no_trace_where_the_network_has_no_border() -> None:
    """The same photo in one tile and in many: one plan, one noise field, one result."""
    plan = plan_for(card(), "dbim", 5, eta=0.6)
    whole = card(tile={"size": 256, "multiple": 16, "overlap": 32, "region": 256, "margin": 32})
    one, _ = restore(whole, plan, PHOTO, leaning, seed=9)
    many, progress = restore(card(), plan, PHOTO, leaning, seed=9)
    assert progress[-1].regions == 4
    assert np.abs(one.astype(int) - many).max() <= 1
    assert np.mean(one != many) < 0.002


def test_a_grey_photo_comes_back_grey() -> None:
    out, _ = restore(card(), plan_for(card(), "dbim", 5), PHOTO[..., :1], leaning)
    assert out.shape == (150, 203, 1)


def test_seeds_decide_the_result() -> None:
    plan = plan_for(card(), "i2sb", 4)
    first, again, other = (restore(card(), plan, PHOTO, leaning, seed)[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.mean(first != other) > 0.5


def test_progress_counts_every_step_of_every_region() -> None:
    _, progress = restore(card(), plan_for(card(), "dbim", 3), PHOTO)
    assert [(p.region, p.step) for p in progress] == [
        (r, s) for r in range(1, 5) for s in (1, 2, 3)
    ]
    assert [p.fraction for p in progress] == sorted(p.fraction for p in progress)
    assert progress[-1].fraction == 1


def test_the_number_of_tiles_is_known_before() -> None:
    evaluated = 0

    async def counting(tile: Tile) -> Float32:
        nonlocal evaluated
        evaluated += 1
        return await damaged(tile)

    restore(card(), plan_for(card(), "dbim", 1), PHOTO, counting)
    assert evaluated == tiles_of(card(), PHOTO)


def test_parity_is_the_official_sampler_given_its_noise() -> None:
    """Against a slow reference, written from the formulas of I²SB's released code.

    Its arrays are float32 as there; so agreement is to their rounding.
    """
    of, schedule, seed, steps = card(), Schedule(), 3, 7
    photo = PHOTO[:64, :64]
    out, _ = restore(of, plan_for(of, "parity", steps), photo, leaning, seed)

    variance = np.cumsum(schedule.beta)
    indices = space_indices(1000, steps + 1)[::-1]
    x_1 = x = to_signed(photo)
    for index, (n, n_prev) in enumerate(pairwise(indices)):
        tile = Tile(x_t=x, t=float(schedule.clock[n]), sigma=float(variance[n] ** 0.5), x_1=x_1)
        estimate = np.clip(asyncio.run(leaning(tile)), -1, 1)
        delta = variance[n] - variance[n_prev]
        x = (delta * estimate + variance[n_prev] * x) / variance[n]
        if n_prev > 0:
            noise = noise_field(seed, index, 0, 0, 64, 64)
            x = x + np.sqrt(variance[n_prev] * delta / variance[n]) * noise
        x = x.astype(np.float32)
    expected = np.rint((np.clip(x, -1, 1) + 1) * 127.5)
    assert np.abs(np.moveaxis(out, -1, 0) - expected).max() <= 1


def test_the_first_failure_of_a_tile_ends_the_walk_as_itself() -> None:
    async def failing(_: Tile) -> Float32:
        raise OSError("device lost")

    with pytest.raises(OSError, match="device lost"):
        restore(card(), plan_for(card(), "dbim", 2), PHOTO, failing)


def test_regions_are_as_many_as_the_photo_needs() -> None:
    assert len(regions_of(card(), PHOTO)) == 4
    assert len(regions_of(card(), PHOTO[:128, :128])) == 1


def test_an_output_of_another_shape_is_refused() -> None:
    async def walk() -> None:
        plan = plan_for(card(), "dbim", 1)
        async for _ in restore_pixels(card(), plan, PHOTO, damaged, PHOTO[1:].copy()):
            pass

    with pytest.raises(ValueError, match="out is"):
        asyncio.run(walk())
