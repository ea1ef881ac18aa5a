"""The step loop: walk a plan from x_1 to x_0, yielding the clean estimate at every step.

Order within a step: evaluate the tiles, blend, clamp, project, yield, then the row. The
loop yields, so previews, progress, deadlines, early stop and cancelling need no callback
and no second loop: whoever iterates stops when it likes.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bridge.contract import NetworkCard, Tile
from bridge.holes import Mask
from bridge.plan import Plan
from bridge.samplers import Row
from bridge.tiles import Box, blend, cover

Float32 = NDArray[np.float32]
Evaluate = Callable[[Tile], Awaitable[Float32]]
Noise = Callable[[int], Float32]  # step -> standard normals [3,H,W]
Project = Callable[[Float32], Float32]  # x̂_0 -> x̂_0 that agrees with what is known


@dataclass(frozen=True)
class Step:
    """What one step made: `x_0`, the estimate so far, after `done` of `steps` evaluations."""

    done: int
    steps: int
    x_0: Float32
    x_t: Float32


async def sample(
    card: NetworkCard,
    plan: Plan,
    x_1: Float32,
    evaluate: Evaluate,
    noise: Noise,
    *,
    holes: Mask | None = None,
    project: Project | None = None,
) -> AsyncIterator[Step]:
    """Walk `plan` from x_1 [3,H,W], H and W multiples of the tile's, in [-1,1].

    holes   bool [H,W] where the network fills holes: tiles without any are not evaluated,
            since nothing of them would be kept

    The last Step's x_0 is the result. Arithmetic is float32 with float64 coefficients; it
    runs in a thread, so that an event loop with other photos on it stays responsive.
    """
    boxes = cover(x_1.shape[-2], x_1.shape[-1], card.tile)
    x_t, before = x_1, None
    for index, row in enumerate(plan.rows):
        parts = await _evaluate_tiles(boxes, card, row, x_t, x_1, holes, evaluate)
        x_0 = await asyncio.to_thread(_estimate, card, boxes, parts, x_1, project)
        last = index + 1 == plan.steps
        if last and row.w_xt:  # parity ends with the bridge at index 0, not with the estimate
            x_0 = mix(row, x_0, x_t, x_1, before, None)
        yield Step(index + 1, plan.steps, x_0, x_t)
        if last:
            return
        draw = (lambda index=index: noise(index)) if row.noisy else None
        x_t = await asyncio.to_thread(mix, row, x_0, x_t, x_1, before, draw)
        before = x_0


async def _evaluate_tiles(
    boxes: list[Box],
    card: NetworkCard,
    row: Row,
    x_t: Float32,
    x_1: Float32,
    holes: Mask | None,
    evaluate: Evaluate,
) -> list[Float32]:
    """All tiles of one step at once: the engine forms the batches.

    The first failure cancels the step's other tiles, so that no evaluation is wasted.
    """
    arrays = {"x_t": x_t, "x_1": x_1 if card.conditional else None}
    if holes is not None and "mask" in card.inputs:
        arrays["mask"] = holes[None].astype(np.float32)
    needed = [box for box in boxes if holes is None or holes[box.window[1:]].any()]
    tasks = [asyncio.ensure_future(evaluate(_cut(box, row, arrays))) for box in needed]
    try:
        made = dict(zip(needed, await asyncio.gather(*tasks), strict=True))
        return [made[box] if box in made else x_1[box.window] for box in boxes]
    except BaseException:
        await _cancelled(tasks)
        raise
    finally:
        # A failure's traceback holds this frame, and a task its failure: together they would
        # keep the photo's arrays until the cycle collector comes by. So does a TaskGroup.
        tasks.clear()


async def _cancelled(tasks: Sequence[asyncio.Future[Float32]]) -> None:
    """Cancel what still runs, and wait until it has ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _cut(box: Box, row: Row, arrays: Mapping[str, Float32 | None]) -> Tile:
    """One tile of the canvas at the row's time."""
    windows = {name: a[box.window] for name, a in arrays.items() if a is not None}
    return Tile(t=row.t, sigma=row.sigma, **windows)


def _estimate(
    card: NetworkCard,
    boxes: list[Box],
    parts: list[Float32],
    x_1: Float32,
    project: Project | None,
) -> Float32:
    """x̂_0 of the whole canvas: blended, clamped, and made to agree with what is known."""
    x_0 = blend(boxes, parts, x_1.shape[-2], x_1.shape[-1], card.tile.overlap)
    if card.clamp:
        x_0 = np.clip(x_0, -1.0, 1.0)
    return project(x_0) if project else x_0


def mix(
    row: Row,
    x_0: Float32,
    x_t: Float32,
    x_1: Float32,
    before: Float32 | None,
    draw: Callable[[], Float32] | None,
) -> Float32:
    """One row of the table applied: x_prev [3,H,W] float32."""
    x_prev = x_0 * np.float32(row.w_x0)
    terms = ((row.w_xt, x_t), (row.w_x1, x_1), (row.w_before, before))
    for weight, value in terms:
        if weight and value is not None:
            x_prev += value * np.float32(weight)
    if draw is not None:
        x_prev += draw() * np.float32(row.std)
    return x_prev
