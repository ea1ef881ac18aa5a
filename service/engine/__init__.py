"""Engines evaluate networks: `local` in this process, `triton` over gRPC; one protocol."""

from enum import IntEnum
from typing import Protocol

from bridge.contract import Float32, NetworkCard, Tile


class Priority(IntEnum):
    """Who goes first: a person who waits, before an archive that does not."""

    INTERACTIVE = 0
    ARCHIVE = 1


class EngineUnavailable(Exception):
    """No evaluation can be had now; the same call may succeed later."""


class EvaluationFailed(Exception):
    """This tile's evaluation failed; other tiles of its batch are not harmed."""


class Engine(Protocol):
    """One call is ONE tile at ONE step; the engine forms the batches."""

    @property
    def runtime(self) -> str:
        """What computes the networks: a RuntimeName, or `triton`."""
        ...

    async def evaluate(
        self,
        network: str,
        tile: Tile,
        *,
        priority: Priority = Priority.INTERACTIVE,
        deadline: float | None = None,
        photo: str = "",
    ) -> Float32:
        """x̂_0 [3,H,W] of one tile.

        `network` is a name, or name@hash where the weights matter: those that began a photo.
        `photo` names whose tile it is: photos of one priority share the engine evenly.
        `deadline` is a time of `asyncio`'s clock (loop.time()); past it, TimeoutError.
        Raises EngineUnavailable or EvaluationFailed. Cancelling the call withdraws the tile
        if no batch has taken it yet.
        """
        ...

    def cards(self) -> dict[str, NetworkCard]:
        """The networks that can be evaluated, by name."""
        ...

    async def ready(self) -> bool:
        """Whether a tiny real evaluation succeeds now."""
        ...

    async def close(self) -> None:
        """Finish the running batch, refuse the rest, release the device."""
        ...
