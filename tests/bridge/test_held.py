"""Restorations held to what the damaged photo says for certain, whatever the network answers."""

import asyncio

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bridge.contract import Projection, Tile
from bridge.degrade.pixels import to_signed, to_uint8
from bridge.degrade.resize import shrink
from bridge.plan import plan_for
from bridge.restoration import output_shape, restore_pixels
from tests.bridge.cards import card
from tests.conftest import EXAMPLES

with Image.open(EXAMPLES / "parrots-small.png") as photo:
    LOW = np.asarray(photo.convert("RGB").crop((40, 20, 96, 60)))


async def wilful(tile: Tile) -> NDArray[np.float32]:
    """A network that darkens all it sees."""
    assert tile.x_1 is not None
    return np.asarray(tile.x_1 * np.float32(0.8) - np.float32(0.1))


def missed(projection: Projection) -> float:
    """Mean grey levels by which the enlarged photo, made small again, is not what was sent."""
    held = card(scale=4, start="bicubic", projection=projection)
    out = np.zeros(output_shape(held, LOW), np.uint8)

    async def walk() -> None:
        plan = plan_for(held, "dbim", 3, eta=0.0)
        async for _ in restore_pixels(held, plan, LOW, wilful, out):
            pass

    asyncio.run(walk())
    back = to_uint8(shrink(to_signed(out), 4))
    return float(np.abs(back.astype(int) - LOW.astype(int)).mean())


def test_an_enlarged_photo_shrinks_back_to_what_was_sent() -> None:
    """But for rounding, and what would lie beyond black and white."""
    assert missed("sr") < 1.5
    assert missed("none") > 10
