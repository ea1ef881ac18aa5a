"""Infer: a photo's pixels through the bridge, step by step, to restored pixels."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from bridge.contract import Float32, NetworkCard, Tile
from bridge.holes import Mask
from bridge.restoration import (
    Limit,
    Progress,
    feather_into,
    output_shape,
    regions_of,
    restore_pixels,
)
from bridge.start import start_of
from service.engine import Engine, EngineUnavailable, EvaluationFailed, Priority
from service.observe.traces import Traces
from service.photo.pages import canvas
from service.photo.photo import Photo, Pixels
from service.problems import Problem
from service.tasks import Chosen
from service.telemetry import Telemetry, timed

SPANS_MOST = 64  # evaluations of one photo that are traced; large photos have thousands
UNTOLD = Traces()


class EngineAway(Problem):
    """No network can be evaluated now."""

    status = 503
    slug = "engine-unavailable"
    title = "The engine is not available"
    headers: ClassVar[dict[str, str]] = {"Retry-After": "5"}


class EngineFailed(Problem):
    """The network failed on this photo, or answered what cannot be a photo."""

    status = 502
    slug = "engine-failed"
    title = "The network failed on this photo"


@dataclass(frozen=True)
class Work:
    """One photo's restoration: what is walked, by which seed, for whom, until when.

    deadline   a time of the event loop's clock        photo_id   shares the engine by it
    limit      ends regions early where the caller set a deadline of its own
    holes      bool [H,W] of the photo, exactly where the network fills them
    """

    chosen: Chosen
    seed: int
    photo_id: str
    priority: Priority
    deadline: float
    arrived: float
    limit: Limit | None = None
    holes: Mask | None = None


async def infer(
    photo: Photo, work: Work, engine: Engine, telemetry: Telemetry
) -> AsyncIterator[Progress | Photo]:
    """Yields progress, then the restored photo.

    Raises EngineAway, EngineFailed, or TimeoutError past the work's deadline.
    """
    card = work.chosen.card
    out = canvas(output_shape(card, photo.pixels), photo.pixels.dtype)
    evaluate = _Evaluation(card, work, engine, telemetry)
    try:
        async for progress in restore_pixels(
            card,
            work.chosen.plan,
            photo.pixels,
            evaluate,
            out,
            seed=work.seed,
            mask=work.holes,
            quantisation=photo.quantisation,
            limit=work.limit,
        ):
            yield progress
    except EngineUnavailable as error:
        raise EngineAway("The engine cannot be reached. Try again shortly.") from error
    except (EvaluationFailed, _Unsound) as error:
        raise EngineFailed(
            "Evaluated twice without a sound result. Try fewer steps, or report the request id."
        ) from error
    alpha = photo.alpha
    if alpha is not None and card.scale > 1:
        alpha = await asyncio.to_thread(_enlarged_alpha, card, alpha)
    yield photo.with_pixels(out, alpha)


class _Unsound(Exception):
    """A network's answer that is NaN, or flat where its input was not."""


class _Evaluation:
    """The engine, seen by one photo: each tile's answer checked, an unsound one tried again."""

    def __init__(self, card: NetworkCard, work: Work, engine: Engine, telemetry: Telemetry) -> None:
        self._card, self._work, self._engine, self._telemetry = card, work, engine, telemetry
        self._admitted = False
        self._spans_left = SPANS_MOST

    async def __call__(self, tile: Tile) -> Float32:
        self._spans_left -= 1
        traces = self._telemetry.traces if self._spans_left >= 0 else UNTOLD
        network = self._card.name
        with traces.span("rialto.evaluate", "client", rialto__network=network, rialto__t=tile.t):
            return await self._evaluate(tile)

    async def _evaluate(self, tile: Tile) -> Float32:
        for _ in range(2):
            x_0 = await self._engine.evaluate(
                self._card.key,
                tile,
                priority=self._work.priority,
                deadline=self._work.deadline,
                photo=self._work.photo_id,
            )
            self._count_admission()
            if sound(x_0, tile):
                return x_0
            self._telemetry.engine.unsound.labels(self._card.name).inc()
        raise _Unsound(f"{self._card.name} answered NaN or a flat tile twice")

    def _count_admission(self) -> None:
        if not self._admitted:
            self._admitted = True
            waited = asyncio.get_running_loop().time() - self._work.arrived
            name = self._work.priority.name.lower()
            timed(self._telemetry.photos.admission_seconds.labels(name), waited)


def sound(x_0: Float32, tile: Tile) -> bool:
    """Whether an estimate can be a photo: finite, and not flat where its input was not."""
    low, high = float(x_0.min()), float(x_0.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        return False
    given = tile.x_t if tile.x_1 is None else tile.x_1
    return low < high or float(given.min()) == float(given.max())


def _enlarged_alpha(card: NetworkCard, alpha: Pixels) -> Pixels:
    """Alpha has no network: it is enlarged as x_1 is, region by region."""
    source: Any = alpha[..., None]
    out = canvas(output_shape(card, source), source.dtype)
    for box in regions_of(card, source):
        feather_into(out, start_of(card, source, box), box, card.tile.margin)
    return np.asarray(out[..., 0])
