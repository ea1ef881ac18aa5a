"""The shapes that a TensorRT plan is built for, from a network's card."""

from dataclasses import dataclass

from bridge.contract import NetworkCard
from export.triton_config import MAX_BATCH

CHANNELS = {"x_t": 3, "x_1": 3, "mask": 1}

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Profile:
    """Least, likeliest and largest shape of each input, and the name of the three.

    shapes   input -> (least, likeliest, largest)
    name     batch and tile, as the plan's file is named by: `n8-256`
    """

    shapes: dict[str, tuple[Shape, Shape, Shape]]
    name: str


def profile_of(card: NetworkCard, max_batch: int = MAX_BATCH) -> Profile:
    """One tile of the smallest side up to `max_batch` tiles of the card's own.

    Tuned for half a batch of whole tiles: larger batches come under load only, and a small
    photo's tile is soon done. Triton's `max_batch_size` must not exceed `max_batch`.
    """
    if max_batch < 1:
        raise ValueError(f"max_batch must be at least 1, not {max_batch}")
    tile = card.tile
    likely = (-(-max_batch // 2), tile.size)
    three = ((1, tile.multiple), likely, (max_batch, tile.size))
    shapes = {
        name: tuple(
            (batch, CHANNELS[name], side, side) if name in CHANNELS else (batch,)
            for batch, side in three
        )
        for name in card.inputs
    }
    return Profile(shapes, f"n{max_batch}-{tile.size}")  # type: ignore[arg-type]
