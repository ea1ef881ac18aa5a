"""What every engine promises, tried on each: in this process by each runtime, by a real Triton."""

import asyncio
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from bridge.contract import Float32, Tile
from service.engine import Engine, EngineUnavailable, EvaluationFailed, Priority
from service.engine.local import LocalEngine, load_networks
from service.engine.runtimes import REFERENCE, RuntimeName
from service.engine.runtimes.opening import open_runtime
from service.engine.triton import TritonEngine
from service.telemetry import Telemetry
from tests.bridge.cards import card
from tests.service.engine.conftest import LiveTriton
from tests.service.engine.tiny import FAILS_AT, expected, tile


async def local_engine(
    repository: Path, telemetry: Telemetry, runtime: RuntimeName = REFERENCE
) -> Engine:
    store = repository / "sizes.json"
    return LocalEngine(load_networks(repository, open_runtime(runtime, 1), store, 8), telemetry)


@pytest.fixture
def telemetry() -> Telemetry:
    return Telemetry()


@pytest.fixture(params=["onnxruntime", "openvino", "triton"])
async def engine(
    request: pytest.FixtureRequest, both_repository: Path, telemetry: Telemetry
) -> AsyncIterator[Engine]:
    made: Engine
    if request.param != "triton":
        made = await local_engine(both_repository, telemetry, request.param)
    else:
        live: LiveTriton = request.getfixturevalue("triton")
        made = await TritonEngine.open(live.url, telemetry)
    yield made
    await made.close()


async def test_it_knows_the_networks_by_their_cards(engine: Engine) -> None:
    cards = engine.cards()
    assert set(cards) == {"jpeg", "test"}
    assert cards["test"] == card(weights_sha256=cards["test"].weights_sha256)


async def test_every_tile_gets_its_own_estimate_whatever_shares_its_batch(engine: Engine) -> None:
    tiles = [tile(seed, t=100.0 + seed, side=32 + 16 * (seed % 2)) for seed in range(24)]
    outputs = await asyncio.gather(
        *(
            engine.evaluate("test", one, priority=Priority(number % 2), photo=str(number % 3))
            for number, one in enumerate(tiles)
        )
    )
    for one, output in zip(tiles, outputs, strict=True):
        assert output.dtype == np.float32
        np.testing.assert_allclose(output, expected(one), atol=1e-6)


async def test_a_tile_that_fails_takes_no_other_down(engine: Engine) -> None:
    if engine.runtime == "openvino":
        pytest.skip("it does not check the look-up by which the tiny network fails")
    tiles = [tile(0), tile(1, t=FAILS_AT), tile(2), tile(3)]
    outcomes = await asyncio.gather(
        *(engine.evaluate("test", one) for one in tiles), return_exceptions=True
    )
    assert isinstance(outcomes[1], EvaluationFailed)
    for index in (0, 2, 3):
        np.testing.assert_allclose(outcomes[index], expected(tiles[index]), atol=1e-6)


async def test_a_tile_without_an_input_of_the_network_fails(engine: Engine) -> None:
    with pytest.raises(EvaluationFailed, match="takes x_1"):
        await engine.evaluate("test", Tile(x_t=tile(0).x_t, t=1.0, sigma=0.1))


async def test_cancelled_tiles_leave_the_line_and_harm_no_other(
    engine: Engine, telemetry: Telemetry
) -> None:
    tasks = [asyncio.create_task(engine.evaluate("test", tile(seed))) for seed in range(40)]
    await asyncio.sleep(0)  # the tasks stand in line, and the loop has not yielded since
    for task in tasks[20:]:
        task.cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(outcome, np.ndarray) for outcome in outcomes[:20])
    assert all(isinstance(outcome, asyncio.CancelledError) for outcome in outcomes[20:])
    for priority in ("interactive", "archive"):
        labels = {"priority": priority}
        assert telemetry.registry.get_sample_value("rialto_engine_waiting_tiles", labels) == 0


async def test_a_deadline_that_has_passed_is_a_timeout(engine: Engine) -> None:
    past = asyncio.get_running_loop().time() - 1
    with pytest.raises(TimeoutError):
        await engine.evaluate("test", tile(0), deadline=past, priority=Priority.ARCHIVE)


async def test_a_network_that_is_not_served_is_unavailable(engine: Engine) -> None:
    with pytest.raises(EngineUnavailable, match="no network"):
        await engine.evaluate("colourise", tile(0))


async def test_a_closed_engine_is_not_ready_and_refuses(engine: Engine) -> None:
    assert await engine.ready()
    await engine.close()
    assert not await engine.ready()
    with pytest.raises(EngineUnavailable, match="shutting down"):
        await engine.evaluate("test", tile(0))


async def test_what_waits_when_the_engine_closes_is_told_so(engine: Engine) -> None:
    tasks = [asyncio.create_task(engine.evaluate("test", tile(seed))) for seed in range(60)]
    await asyncio.sleep(0)
    await engine.close()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(outcome, (np.ndarray, EngineUnavailable)) for outcome in outcomes)
    assert any(isinstance(outcome, EngineUnavailable) for outcome in outcomes)


async def test_both_engines_give_the_same_pixels_bit_for_bit(
    both_repository: Path, triton: LiveTriton
) -> None:
    here = await local_engine(both_repository, Telemetry())
    there = await TritonEngine.open(triton.url, Telemetry())
    tiles = [tile(seed, t=100.0 * seed, side=64 + 64 * (seed % 2)) for seed in range(8)]
    hashes = []
    for engine in (here, there):
        outputs = await asyncio.gather(*(engine.evaluate("jpeg", one) for one in tiles))
        hashes.append([digest(output) for output in outputs])
        await engine.close()
    assert hashes[0] == hashes[1]


def digest(pixels: Float32) -> str:
    return sha256(pixels.tobytes()).hexdigest()
