"""A tile to try a network with: grey, and as small as the network allows unless told otherwise."""

import numpy as np

from bridge.contract import NetworkCard, Tile


def probe_tile(card: NetworkCard, side: int | None = None) -> Tile:
    """A grey tile of `side` pixels at the schedule's end, with every input the card names."""
    side = side or card.tile.multiple
    grey = np.zeros((3, side, side), np.float32)
    clock = card.schedule.build()
    return Tile(
        x_t=grey,
        t=float(clock.clock[-1]),
        sigma=float(clock.sigma[-1]),
        x_1=grey if "x_1" in card.inputs else None,
        mask=grey[:1] if "mask" in card.inputs else None,
    )
