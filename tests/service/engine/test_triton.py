"""The Triton engine against the real server: batches, shared memory, and a Triton that dies."""

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto
from tritonclient.grpc.aio import InferenceServerClient

from bridge.contract import Float32
from deploy.ports import free_ports
from export.model_repo import write_network
from rialto.commands.triton_server import TritonServer
from service.engine import EngineUnavailable, EvaluationFailed, Priority
from service.engine.repository import RepositoryError
from service.engine.triton import Patience, TritonEngine, memory
from service.telemetry import Telemetry
from tests.bridge.cards import card
from tests.service.engine.conftest import LiveTriton, tiny_repository, triton_on, until
from tests.service.engine.tiny import expected, tile, tiny_network

BATCH = 8  # of the shipped configs


@pytest.fixture
def telemetry() -> Telemetry:
    return Telemetry()


@pytest.fixture
async def engine(triton: LiveTriton, telemetry: Telemetry) -> AsyncIterator[TritonEngine]:
    made = await TritonEngine.open(triton.url, telemetry)
    yield made
    await made.close()


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[LiveTriton]:
    """A Triton of a test's own, to be killed."""
    with triton_on(tiny_repository(tmp_path / "repo")) as live:
        yield live


def calls(telemetry: Telemetry, transport: str, outcome: str = "answered") -> float:
    labels = {"network": "test", "transport": transport, "outcome": outcome}
    value = telemetry.registry.get_sample_value("rialto_triton_calls_total", labels)
    return value or 0.0


def up(telemetry: Telemetry) -> float | None:
    return telemetry.registry.get_sample_value("rialto_triton_up", {"network": "test"})


def left_in_shared_memory(*prefixes: str) -> list[str]:
    """Files of ours that lie in /dev/shm."""
    return [path.name for path in memory.FOLDER.iterdir() if path.name.startswith(prefixes)]


async def executions(url: str) -> tuple[int, int]:
    """Tiles evaluated by Triton so far, and the batches that they took."""
    async with InferenceServerClient(url) as client:
        answer = await client.get_inference_statistics("test")
    return answer.model_stats[0].inference_count, answer.model_stats[0].execution_count


async def test_tiles_of_many_photos_and_steps_share_triton_s_batches(
    engine: TritonEngine, triton: LiveTriton
) -> None:
    before = await executions(triton.url)
    photos = [tile(seed, t=100.0 + seed, side=256) for seed in range(32)]
    await asyncio.gather(*(engine.evaluate("test", one, photo=str(one.t)) for one in photos))
    after = await executions(triton.url)
    assert after[0] - before[0] == len(photos)
    assert after[1] - before[1] <= len(photos) / 2


async def test_on_one_host_tensors_go_through_shared_memory_and_leave_no_file(
    engine: TritonEngine, telemetry: Telemetry
) -> None:
    np.testing.assert_allclose(await engine.evaluate("test", tile(0)), expected(tile(0)), atol=1e-6)
    assert calls(telemetry, "shared-memory") > 0
    assert calls(telemetry, "wire") == 0
    assert not left_in_shared_memory(memory.PREFIX)


async def test_a_triton_that_cannot_see_our_memory_gets_tensors_over_the_wire(
    triton: LiveTriton,
    telemetry: Telemetry,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(memory, "FOLDER", tmp_path)  # as on another host
    engine = await TritonEngine.open(triton.url, telemetry)
    np.testing.assert_allclose(await engine.evaluate("test", tile(0)), expected(tile(0)), atol=1e-6)
    assert calls(telemetry, "wire") > 0
    assert calls(telemetry, "shared-memory") == 0
    await engine.close()


async def test_where_shared_memory_is_exhausted_tensors_go_over_the_wire(
    triton: LiveTriton, telemetry: Telemetry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "GRAIN", 2**50)  # more than there is, whatever the tile
    engine = await TritonEngine.open(triton.url, telemetry)
    await engine.evaluate("test", tile(0))
    assert calls(telemetry, "wire") > 0
    assert not left_in_shared_memory(memory.PREFIX)
    await engine.close()


async def test_a_slot_that_was_given_up_is_never_written_by_another_call(
    engine: TritonEngine, telemetry: Telemetry
) -> None:
    """Deadlines fall while Triton works; what comes after must have its own pixels."""
    loop = asyncio.get_running_loop()
    for round_ in range(5):
        kept = [tile(100 * round_ + seed, side=256) for seed in range(6)]
        hurried = [tile(seed, side=256) for seed in range(6)]
        start = loop.time()
        gone = [
            engine.evaluate("test", one, deadline=start + 0.003 * (number + 1))
            for number, one in enumerate(hurried)
        ]
        outcomes = await asyncio.gather(
            *gone, *(engine.evaluate("test", one) for one in kept), return_exceptions=True
        )
        for one, outcome in zip(kept, outcomes[6:], strict=True):
            assert isinstance(outcome, np.ndarray)
            np.testing.assert_allclose(outcome, expected(one), atol=1e-6)
    assert calls(telemetry, "shared-memory", "away") > 0


async def test_a_person_finds_at_most_two_batches_of_the_archive_before_them(
    engine: TritonEngine,
) -> None:
    done = 0

    async def scan(seed: int) -> None:
        nonlocal done
        one = tile(seed, side=384)
        await engine.evaluate("test", one, priority=Priority.ARCHIVE, photo=str(seed % 8))
        done += 1

    archive = [asyncio.create_task(scan(seed)) for seed in range(120)]
    await until(lambda: done >= 2 * BATCH)
    before = done
    await engine.evaluate("test", tile(0, side=384), photo="person")
    # Two batches, and what shares the batch of the person's own tile.
    assert done - before <= 3 * BATCH - 1
    assert done < len(archive)
    await asyncio.gather(*archive)


async def walk(engine: TritonEngine, steps: int, reached: list[int]) -> Float32:
    """A photo's steps, each from the one before: 0.5 is added to black at each."""
    one = tile(0)
    x_t = one.x_t
    for step in range(steps):
        moved = type(one)(x_t=x_t, t=1000.0, sigma=0.1, x_1=np.full_like(x_t, 0.5))
        x_t = await engine.evaluate("test", moved, photo="walker")
        reached.append(step)
    return x_t


@pytest.mark.parametrize("killed", ["server", "model"])
async def test_a_photo_goes_on_from_its_step_after_triton_was_killed(
    mortal: LiveTriton, telemetry: Telemetry, killed: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "rialto.triton")
    server, reached = mortal.server, list[int]()
    engine = await TritonEngine.open(mortal.url, telemetry)
    walker = asyncio.create_task(walk(engine, 400, reached))
    await until(lambda: len(reached) >= 20)
    assert server.process is not None
    pid = server.process.pid if killed == "server" else model_process(server)
    os.kill(pid, signal.SIGKILL)
    await until(lambda: up(telemetry) == 0)
    at_death = len(reached)
    assert not await engine.ready()
    await until(lambda: bool(server.failing()))
    server.kill()
    server.start()
    x_t = await walker
    assert reached == list(range(400))
    assert 20 <= at_death < 400
    np.testing.assert_allclose(x_t, tile(0).x_t + 200, atol=1e-3)
    assert await engine.ready()
    lines = [record for record in caplog.records if record.name == "rialto.triton"]
    assert len(lines) == 2  # it went, it came back
    await engine.close()
    server.stop()
    assert not left_in_shared_memory(memory.PREFIX, server.name)


def model_process(server: TritonServer) -> int:
    """The process that runs the network for Triton."""
    assert server.process is not None
    children = Path(f"/proc/{server.process.pid}/task").glob("*/children")
    return int(" ".join(path.read_text() for path in children).split()[0])


async def test_half_precision_tensors_are_cast_on_the_way(
    tmp_path: Path, telemetry: Telemetry
) -> None:
    network = tiny_network(card(), number=TensorProto.FLOAT16)
    folder = write_network(network, card(), tmp_path / "repo")
    variant = folder / "configs" / "python.pbtxt"
    variant.write_text(variant.read_text().replace("TYPE_FP32", "TYPE_FP16"))
    with triton_on(tmp_path / "repo") as live:
        engine = await TritonEngine.open(live.url, telemetry)
        x_0 = await engine.evaluate("test", tile(0))
        assert x_0.dtype == np.float32
        np.testing.assert_allclose(x_0, expected(tile(0)), atol=0.01)
        assert calls(telemetry, "shared-memory") > 0
        await engine.close()


async def test_a_person_waits_for_triton_only_so_long_and_an_archive_till_its_deadline(
    mortal: LiveTriton, telemetry: Telemetry
) -> None:
    engine = await TritonEngine.open(mortal.url, telemetry, Patience(away_s=0.3))
    mortal.server.kill()
    with pytest.raises(EngineUnavailable, match="has not evaluated test"):
        await engine.evaluate("test", tile(0))
    deadline = asyncio.get_running_loop().time() + 0.6
    with pytest.raises(TimeoutError):
        await engine.evaluate("test", tile(0), priority=Priority.ARCHIVE, deadline=deadline)
    assert asyncio.get_running_loop().time() >= deadline
    await engine.close()


async def test_a_triton_that_hangs_is_noticed_and_the_tile_is_sent_again(
    mortal: LiveTriton, telemetry: Telemetry
) -> None:
    engine = await TritonEngine.open(mortal.url, telemetry, Patience(call_s=0.3))
    pid = model_process(mortal.server)
    os.kill(pid, signal.SIGSTOP)
    waiting = asyncio.create_task(engine.evaluate("test", tile(0)))
    await until(lambda: up(telemetry) == 0)
    os.kill(pid, signal.SIGCONT)
    np.testing.assert_allclose(await waiting, expected(tile(0)), atol=1e-6)
    await engine.close()


async def test_a_tile_that_is_never_answered_fails_alone(
    triton: LiveTriton, telemetry: Telemetry
) -> None:
    engine = await TritonEngine.open(triton.url, telemetry, Patience(call_s=0.05))
    with pytest.raises(EvaluationFailed, match="though sent 5 times"):
        await engine.evaluate("test", tile(0, side=2048))  # 150 MB: copied in more than that
    np.testing.assert_allclose(await engine.evaluate("test", tile(1)), expected(tile(1)), atol=1e-6)
    await engine.close()


async def test_no_triton_at_start_is_an_error_that_says_what_to_do(telemetry: Telemetry) -> None:
    url = f"127.0.0.1:{free_ports(1)[0]}"
    with pytest.raises(RepositoryError, match=rf"{url}.*rialto triton.*RIALTO_TRITON_URL"):
        await TritonEngine.open(url, telemetry, Patience(start_s=0.2))
