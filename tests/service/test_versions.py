"""A network's version goes live, and back, under load: no photo fails, and none is mixed."""

import asyncio
import io
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bridge.contract import NetworkCard
from export.model_repo import next_version, write_network
from rialto.commands import models
from rialto.commands.model_files import version_before, withdraw
from rialto.commands.models import Models
from service.app import open_restorer
from service.engine import EngineUnavailable, shelf
from service.engine.repository import read_repository
from service.engine.runtimes.onnx_runtime import OnnxRuntime
from service.engine.triton import engine
from service.restore import Order, Restorer
from service.restore.accept import Upload
from service.restore.reply import Restored
from service.settings import Settings
from service.tasks import Choice
from service.telemetry import Telemetry
from tests.bridge.cards import card
from tests.service.engine.conftest import supervised, tiny_repository, until
from tests.service.engine.tiny import tiny_network

OLD, NEW = card(), card(weights_sha256="1" * 64)
PEOPLE, STEPS = 4, 10
ORDER = Order(Choice("test", steps=STEPS))


@dataclass(frozen=True)
class Served:
    """A service, its repository, and how an operator has a version taken up and withdrawn."""

    restorer: Restorer
    repository: Path
    load: Callable[[], None]
    roll_back: Callable[[], None]

    def card(self) -> NetworkCard:
        """What the next photo is restored by."""
        return self.restorer.tasks.choose(ORDER.choice).card


@pytest.fixture(params=["local", "triton"])
async def served(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Served]:
    monkeypatch.setattr(models, "TAKEN_UP_SECONDS", 0.6)
    monkeypatch.setattr(engine, "WATCH_SECONDS", 0.1)
    monkeypatch.setattr(shelf, "LOOK_SECONDS", 0.1)
    repository = tiny_repository(tmp_path / "repo")
    settings = Settings(model_repo=repository, cache=tmp_path, max_batch=4, threads=1)
    async with AsyncExitStack() as stack:
        if request.param == "local":

            def load() -> None:
                """Nothing: the engine follows the files."""

            def roll_back() -> None:
                _, newest, before = version_before(repository / "test")
                withdraw(repository / "test", newest, before)

        else:
            live = stack.enter_context(supervised(repository))
            settings = settings.model_copy(update={"engine": "triton", "triton_url": live.url})
            told = Models(live.url, repository)

            def load() -> None:
                told.load("test")

            def roll_back() -> None:
                told.rollback("test")

        restorer = await stack.enter_async_context(open_restorer(settings, Telemetry()))
        yield Served(restorer, repository, load, roll_back)


def photo() -> bytes:
    file = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 256, (96, 96, 3), np.uint8)
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


async def restored(by: Restorer) -> tuple[str, str]:
    """The hash of the network that a photo says it was restored by, and of its file."""
    async for made in by.restore(Upload(photo()), ORDER):
        if isinstance(made, Restored):
            return made.network, sha256(made.data).hexdigest()
    raise RuntimeError("no photo")


async def test_a_version_goes_live_and_back_while_photos_are_restored(served: Served) -> None:
    stop, seen = asyncio.Event(), defaultdict[str, set[str]](set)

    async def person() -> None:
        while not stop.is_set():
            network, pixels = await restored(served.restorer)
            seen[network].add(pixels)

    async with asyncio.TaskGroup() as group:
        people = [group.create_task(person()) for _ in range(PEOPLE)]
        await until(lambda: len(seen) == 1)
        version = next_version(served.repository / "test")
        write_network(tiny_network(NEW, gain=0.0005), NEW, served.repository, version=version)
        await asyncio.to_thread(served.load)
        await until(lambda: len(seen) == 2)
        assert served.card() == NEW
        await asyncio.to_thread(served.roll_back)
        await until(lambda: served.card() == OLD)
        stop.set()
    assert all(person.exception() is None for person in people)
    # Each photo was one network's from its first step to its last, and says whose.
    assert set(seen) == {f"test@{one.short_hash}" for one in (OLD, NEW)}
    assert [len(pixels) for pixels in seen.values()] == [1, 1]
    assert await restored(served.restorer) == (
        f"test@{OLD.short_hash}",
        *seen[f"test@{OLD.short_hash}"],
    )


@pytest.mark.parametrize("served", ["local"], indirect=True)
async def test_a_version_that_cannot_be_served_leaves_the_one_before(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    broken = served.repository / "test" / "2"
    broken.mkdir()
    (broken / "model.onnx").write_bytes(b"half a file")
    await until(lambda: "stays as it was" in caplog.text)
    assert (await restored(served.restorer))[0] == f"test@{OLD.short_hash}"
    write_network(tiny_network(NEW, gain=float("nan")), NEW, served.repository, version=3)
    await until(lambda: "answers NaN" in caplog.text)
    assert (await restored(served.restorer))[0] == f"test@{OLD.short_hash}"
    write_network(tiny_network(NEW), NEW, served.repository, version=3)
    await until(lambda: served.card() == NEW)


@pytest.mark.parametrize("served", ["local"], indirect=True)
async def test_a_network_comes_goes_and_comes_back_as_its_folder_does(served: Served) -> None:
    other = card(name="other", task="other")
    offered = served.restorer.engine.cards
    folder = write_network(tiny_network(other), other, served.repository)
    await until(lambda: "other" in offered())
    assert served.restorer.tasks.choose(Choice("other")).card == other
    away = folder.rename(served.repository.parent / "away")
    await until(lambda: "other" not in offered())
    away.rename(folder)
    await until(lambda: "other" in offered())


def test_weights_that_no_photo_used_for_long_are_let_go(tmp_path: Path) -> None:
    now = [0.0]
    repository = tiny_repository(tmp_path)
    held = shelf.Shelf(read_repository(repository, OnnxRuntime(1)), lambda: now[0])
    write_network(tiny_network(NEW), NEW, repository)
    held.put(read_repository(repository, OnnxRuntime(1)))
    old = f"test@{OLD.short_hash}"
    for now[0] in (500.0, 1000.0):
        assert held.find(old).card == OLD
        held.put(held.newest())
    now[0] = 1000.0 + shelf.KEPT_SECONDS
    held.put(held.newest())
    with pytest.raises(EngineUnavailable, match="no network"):
        held.find(old)
    assert held.find("test").card == NEW
