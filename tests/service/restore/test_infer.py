import asyncio
import contextlib
import gc
import weakref
from collections.abc import Callable

import numpy as np
import pytest

from bridge.contract import Float32, NetworkCard, Tile
from bridge.plan import plan_for
from service.engine import EngineUnavailable, EvaluationFailed, Priority
from service.photo.photo import Photo
from service.problems import Problem
from service.restore.infer import EngineAway, EngineFailed, Work, infer, sound
from service.tasks import Chosen
from service.telemetry import Telemetry
from tests.bridge.cards import card

PIXELS = np.random.default_rng(0).integers(0, 256, (40, 56, 3), dtype=np.uint8)


class ScriptedEngine:
    """Answers each evaluation with the next of its acts; the last act goes on."""

    def __init__(self, *acts: Callable[[Tile], Float32]) -> None:
        self.acts = list(acts)
        self.calls = 0

    async def evaluate(
        self,
        network: str,
        tile: Tile,
        *,
        priority: Priority = Priority.INTERACTIVE,
        deadline: float | None = None,
        photo: str = "",
    ) -> Float32:
        self.calls += 1
        return (self.acts.pop(0) if len(self.acts) > 1 else self.acts[0])(tile)

    def cards(self) -> dict[str, NetworkCard]:
        return {"test": card()}

    async def ready(self) -> bool:
        return True

    async def close(self) -> None:
        pass


def good(tile: Tile) -> Float32:
    assert tile.x_1 is not None
    return tile.x_1


def nan(tile: Tile) -> Float32:
    return np.full_like(tile.x_t, np.nan)


def flat(tile: Tile) -> Float32:
    return np.zeros_like(tile.x_t)


def raising(error: Exception) -> Callable[[Tile], Float32]:
    def act(_: Tile) -> Float32:
        raise error

    return act


async def restored(engine: ScriptedEngine, photo: Photo, telemetry: Telemetry) -> Photo:
    chosen = Chosen(card(), plan_for(card(), "dbim", 2))
    now = asyncio.get_running_loop().time()
    work = Work(chosen, 0, "photo", Priority.INTERACTIVE, now + 60, now)
    async for made in infer(photo, work, engine, telemetry):
        if isinstance(made, Photo):
            return made
    raise AssertionError("no photo")


@pytest.mark.parametrize("fault", [nan, flat])
async def test_one_unsound_answer_is_evaluated_again(fault: Callable[[Tile], Float32]) -> None:
    telemetry, engine = Telemetry(), ScriptedEngine(fault, good)
    photo = await restored(engine, Photo(format="png", pixels=PIXELS), telemetry)
    np.testing.assert_array_equal(photo.pixels, PIXELS)
    caught = telemetry.registry.get_sample_value(
        "rialto_unsound_evaluations_total", {"network": "test"}
    )
    assert (engine.calls, caught) == (3, 1)


@pytest.mark.parametrize(
    ("act", "problem"),
    [
        (nan, EngineFailed),
        (flat, EngineFailed),
        (raising(EvaluationFailed("broken")), EngineFailed),
        (raising(EngineUnavailable("away")), EngineAway),
    ],
)
async def test_a_lasting_fault_is_one_clear_problem(
    act: Callable[[Tile], Float32], problem: type[Problem]
) -> None:
    with pytest.raises(problem) as raised:
        await restored(ScriptedEngine(act), Photo(format="png", pixels=PIXELS), Telemetry())
    assert raised.value.__cause__ is not None


def test_a_flat_answer_to_a_flat_photo_is_sound() -> None:
    grey = np.zeros((3, 16, 16), np.float32)
    assert sound(grey, Tile(x_t=grey, t=1.0, sigma=0.1, x_1=grey))


async def test_alpha_stays_with_its_photo() -> None:
    alpha = PIXELS[..., 0].copy()
    photo = Photo(format="png", pixels=PIXELS, alpha=alpha)
    made = await restored(ScriptedEngine(good), photo, Telemetry())
    np.testing.assert_array_equal(made.alpha, alpha)


async def test_a_failed_photo_is_let_go_at_once() -> None:
    """No cycle holds its arrays until the collector comes by."""
    pixels = PIXELS.copy()
    photo, gone = Photo(format="png", pixels=pixels), weakref.ref(pixels)
    gc.disable()
    try:
        with contextlib.suppress(EngineFailed):
            await restored(ScriptedEngine(nan), photo, Telemetry())
        del photo, pixels
        # The loop and its threads let go of what woke this task in their own time.
        async with asyncio.timeout(10):
            while gone() is not None:  # noqa: ASYNC110 -- a garbage collector sets no event
                await asyncio.sleep(0)
    finally:
        gc.enable()
