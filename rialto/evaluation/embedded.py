"""The presets of a task as plain functions over pixels, run by the embedded engine.

What is measured is what is served: the same engine, step loop, tiles and noise as behind
`POST /restore`, without the codec and the door.
"""

import asyncio
import os
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from bridge.cache import cache_folder
from bridge.contract import NetworkCard, PresetName, Tile
from bridge.degrade.strokes import Mask
from bridge.plan import Plan, plan_for
from bridge.quantised import Quantisation
from bridge.restoration import output_shape, restore_pixels
from service.engine import Engine
from service.engine.local import LocalEngine, load_networks
from service.engine.runtimes.onnx_runtime import OnnxRuntime
from service.photo.jpeg import quantisation
from service.tasks import presets_of
from service.telemetry import Telemetry

UInt8 = NDArray[np.uint8]
JPEG = b"\xff\xd8"


class Restore(Protocol):
    """A network's preset: a damaged photo and perhaps its holes in, a restored photo out."""

    def __call__(self, pixels: UInt8, holes: Mask | None = None, file: bytes = b"") -> UInt8:
        """uint8 [H,W,3], bool [H,W] -> uint8 [H·s,W·s,3]."""
        ...


class Embedded:
    """A LocalEngine on an event loop of its own, for callers that have none.

    with Embedded(model_repo) as embedded:
        restore = embedded.restorer("sr4x", "fast")

    Entering raises RepositoryError where `model_repo` cannot be served.
    """

    def __init__(self, model_repo: Path, threads: int | None = None, seed: int = 0) -> None:
        self.model_repo = model_repo
        self.threads = threads or os.cpu_count() or 1
        self.seed = seed

    def __enter__(self) -> Self:
        self._runner = asyncio.Runner()
        try:
            self._engine: Engine = self._runner.run(self._open())
        except BaseException:
            self._runner.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._runner.run(self._engine.close())
        self._runner.close()

    async def _open(self) -> Engine:
        store = cache_folder("batch-sizes.json")
        # What is measured is the reference, whatever serves here.
        networks = load_networks(self.model_repo, OnnxRuntime(self.threads), store)
        return LocalEngine(networks, Telemetry())

    def network_of(self, task: str, preset: PresetName) -> NetworkCard:
        """The network whose preset it is; raises ValueError where no network has it."""
        presets = presets_of(self._engine.cards()).get(task, {})
        if preset in presets:
            return presets[preset]
        raise ValueError(f"no network in {self.model_repo} has preset {preset} for {task}")

    def presets_of(self, task: str) -> tuple[PresetName, ...]:
        """Those that a task has, the most faithful first; raises ValueError for a task without."""
        presets = presets_of(self._engine.cards()).get(task)
        if presets is None:
            raise ValueError(f"no network in {self.model_repo} is for {task}")
        return tuple(presets)

    def restorer(self, task: str, preset: PresetName, steps: int | None = None) -> Restore:
        """The preset as a function: damaged uint8 [H,W,3] -> restored uint8 [H·s,W·s,3].

        Where the network fills holes it takes them too: bool [H,W], True is repaired. Of the
        photo's own file, where it is a JPEG, the steps of its tables are read. `steps`
        takes the place of the preset's.
        """
        card = self.network_of(task, preset)
        chosen = card.presets[preset]
        plan = plan_for(
            card, chosen.sampler, steps or chosen.steps, grid=chosen.grid, eta=chosen.eta
        )

        def restore(pixels: UInt8, holes: Mask | None = None, file: bytes = b"") -> UInt8:
            known = quantisation(file) if file.startswith(JPEG) else None
            return self._runner.run(self._restore(card, plan, pixels, holes, known))

        return restore

    async def _restore(
        self,
        card: NetworkCard,
        plan: Plan,
        pixels: UInt8,
        holes: Mask | None,
        known: Quantisation | None,
    ) -> UInt8:
        async def evaluate(tile: Tile) -> NDArray[np.float32]:
            return await self._engine.evaluate(card.name, tile)

        restored = np.empty(output_shape(card, pixels), np.uint8)
        walk = restore_pixels(
            card, plan, pixels, evaluate, restored, seed=self.seed, mask=holes, quantisation=known
        )
        async for _ in walk:
            pass
        return restored
