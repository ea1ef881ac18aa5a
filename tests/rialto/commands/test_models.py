"""A version goes live, and back, while photos are walked: none is lost, none is mixed."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from typer.main import get_command

from bridge.contract import NetworkCard
from export.model_repo import next_version, write_network
from rialto import cli_triton
from rialto.commands import models
from rialto.commands.model_files import ModelsError
from rialto.commands.models import Models
from service.engine import Engine
from service.engine.triton import TritonEngine, engine
from service.telemetry import Telemetry
from tests.bridge.cards import card
from tests.service.engine.conftest import LiveTriton, supervised, tiny_repository, until
from tests.service.engine.tiny import expected, tile, tiny_network

NEWER = card(weights_sha256="1" * 64)


@pytest.fixture
def triton(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveTriton]:
    monkeypatch.setattr(models, "TAKEN_UP_SECONDS", 0.6)
    monkeypatch.setattr(engine, "WATCH_SECONDS", 0.1)
    with supervised(tiny_repository(tmp_path / "repo")) as live:
        yield live


def put_second_version(triton: LiveTriton, of: NetworkCard) -> None:
    """What an export of new weights leaves: twice the gain of the first version."""
    network = tiny_network(of, gain=0.002)
    version = next_version(triton.repository / of.name)
    write_network(network, of, triton.repository, version=version)


async def walk(of: Engine, network: str, stop: asyncio.Event) -> int:
    """A photo that began with `network`: every answer must be of the first version."""
    steps = 0
    while not stop.is_set():
        x_0 = await of.evaluate(network, tile(steps), photo="walker")
        np.testing.assert_allclose(x_0, expected(tile(steps)), atol=1e-6)
        steps += 1
    return steps


async def test_a_version_goes_live_and_back_without_a_lost_or_mixed_photo(
    triton: LiveTriton, capsys: pytest.CaptureFixture[str]
) -> None:
    made = await TritonEngine.open(triton.url, Telemetry())
    first = made.cards()["test"]
    asked = Models(triton.url, triton.repository)
    stop = asyncio.Event()
    photo = asyncio.create_task(walk(made, f"test@{first.short_hash}", stop))
    put_second_version(triton, NEWER)

    loading = asyncio.create_task(asyncio.to_thread(asked.load, "test"))
    await until(lambda: made.cards()["test"] == NEWER)
    assert not loading.done()  # it waits for the photo that began with the first version
    doubled = 2 * (expected(tile(0)) - tile(0).x_1) + tile(0).x_1
    np.testing.assert_allclose(await made.evaluate("test", tile(0)), doubled, atol=1e-6)
    stop.set()
    assert await photo > 0
    await loading
    assert [(one.version, one.state) for one in asked.listed() if one.state == "READY"] == [
        ("2", "READY")
    ]

    back = asyncio.create_task(asyncio.to_thread(asked.rollback, "test"))
    await until(lambda: made.cards()["test"] == first)
    np.testing.assert_allclose(await made.evaluate("test", tile(0)), expected(tile(0)), atol=1e-6)
    await back
    assert (triton.repository / "test" / "2.withdrawn").is_dir()
    assert "version 2 goes live beside 1" in capsys.readouterr().out
    await made.close()


async def test_a_version_that_cannot_be_loaded_leaves_the_one_before(triton: LiveTriton) -> None:
    made = await TritonEngine.open(triton.url, Telemetry())
    broken = triton.repository / "test" / "2"
    broken.mkdir()
    (broken / "model.onnx").write_bytes(b"half a file")
    asked = Models(triton.url, triton.repository)
    with pytest.raises(ModelsError, match="test was not loaded"):
        await asyncio.to_thread(asked.load, "test")
    np.testing.assert_allclose(await made.evaluate("test", tile(0)), expected(tile(0)), atol=1e-6)
    assert [one.version for one in asked.listed() if one.state == "READY"] == ["1"]
    await made.close()


async def test_what_is_served_is_listed_by_hash_and_can_be_unloaded(triton: LiveTriton) -> None:
    asked = Models(triton.url, triton.repository)
    (only,) = asked.listed()
    assert (only.name, only.version, only.state, only.network) == ("test", "1", "READY", "0" * 12)
    asked.unload("test")
    assert [one for one in asked.listed() if one.state == "READY"] == []
    asked.load("test")
    assert [one.version for one in asked.listed() if one.state == "READY"] == ["1"]


def test_versions_on_disk_are_listed_and_withdrawn_without_a_triton(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repository = tiny_repository(tmp_path)
    write_network(tiny_network(NEWER), NEWER, repository, version=2)
    command = ["--model-repo", str(repository), "--files"]
    for told in (["list"], ["rollback", "test"], ["list"]):
        get_command(cli_triton.models)([*told, *command], standalone_mode=False)
    assert capsys.readouterr().out.splitlines() == [
        f"test\t1\tKEPT\t{'0' * 12}",
        f"test\t2\tNEWEST\t{'1' * 12}",
        "test: version 1 is served within seconds, 2 is withdrawn",
        f"test\t1\tNEWEST\t{'0' * 12}",
        f"test\t2\tWITHDRAWN\t{'1' * 12}",
    ]
    assert next_version(repository / "test") == 3


def test_there_is_nothing_before_the_first_version(triton: LiveTriton) -> None:
    with pytest.raises(ModelsError, match="no version before 1"):
        Models(triton.url, triton.repository).rollback("test")


def test_a_triton_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelsError, match=r"Triton at 127\.0\.0\.1:1:"):
        Models("127.0.0.1:1", tmp_path).listed()
