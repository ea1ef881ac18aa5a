"""The embedded engine: a runtime in this process, one evaluation queue, schedule → run →
postprocess.

One thread owns the device. It takes the next batch the moment the last one is done, so
the device never waits for the event loop; a newly arrived photo joins the very next batch.
"""

import asyncio
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from bridge.contract import Float32, NetworkCard, Tile, batch_inputs
from service.engine import EngineUnavailable, EvaluationFailed, Priority
from service.engine.batching import measured_size, stored_sizes
from service.engine.probe import probe_tile
from service.engine.repository import NetworkFile, device_key, read_repository
from service.engine.runtimes import Runtime, RuntimeName
from service.engine.scheduler import Kind, Scheduler, Ticket
from service.engine.shelf import Shelf
from service.telemetry import Telemetry

READY_SECONDS = 10.0  # a tiny evaluation takes longer only behind a device that hangs


@dataclass
class _Waiting:
    """What the device thread needs of a ticket: network, tile, and who awaits its x̂_0."""

    network: NetworkFile
    tile: Tile
    answer: asyncio.Future[Float32]
    arrived: float


@dataclass(frozen=True)
class Loaded:
    """Networks that `runtime` has made ready, and how many tiles of each pay in one batch."""

    runtime: Runtime
    files: dict[str, NetworkFile]
    batch_sizes: dict[str, int]


def load_networks(
    model_repo: Path, runtime: Runtime, batch_store: Path, max_batch: int | None = None
) -> Loaded:
    """Load every network of a repository and measure, or look up, its batch size.

    `max_batch` takes the measurement's place. Blocks; raises RepositoryError.
    """
    files = read_repository(model_repo, runtime)
    if max_batch is not None:
        return Loaded(runtime, files, dict.fromkeys(files, max_batch))
    sizes = stored_sizes(
        batch_store,
        device_key(files, runtime),
        list(files),
        lambda name: measured_size(files[name]),
    )
    return Loaded(runtime, files, sizes)


class LocalEngine:
    """Engine over loaded networks, on this machine's CPU. Made inside its event loop."""

    def __init__(self, networks: Loaded, telemetry: Telemetry) -> None:
        self._runtime, self._shelf = networks.runtime, Shelf(networks.files)
        self._batch_sizes = dict(networks.batch_sizes)
        self._telemetry = telemetry
        self._scheduler = Scheduler(lambda kind: self._batch_sizes[kind.network.partition("@")[0]])
        self._waiting: dict[int, _Waiting] = {}
        self._wake = threading.Condition()
        self._closing = False
        self._loop = asyncio.get_running_loop()
        self._device = threading.Thread(target=self._work, name="engine", daemon=True)
        self._device.start()
        self._following: asyncio.Task[None] | None = None

    @property
    def runtime(self) -> RuntimeName:
        """What computes the networks."""
        return self._runtime.name

    def follow(self, model_repo: Path) -> None:
        """Take up new versions of `model_repo` from now on, without a dropped evaluation."""
        work = self._shelf.follow(model_repo, self._runtime, self._batch_sizes)
        self._following = asyncio.create_task(work)

    def cards(self) -> dict[str, NetworkCard]:
        """The networks that can be evaluated, by name."""
        return self._shelf.cards()

    async def evaluate(
        self,
        network: str,
        tile: Tile,
        *,
        priority: Priority = Priority.INTERACTIVE,
        deadline: float | None = None,
        photo: str = "",
    ) -> Float32:
        """See `service.engine.Engine.evaluate`."""
        file = self._shelf.find(network)
        answer: asyncio.Future[Float32] = self._loop.create_future()
        with self._wake:
            if self._closing:
                raise EngineUnavailable("the engine is shutting down")
            ticket = self._scheduler.add(Kind(file.key, tile.shape), photo, priority)
            self._waiting[ticket.number] = _Waiting(file, tile, answer, time.perf_counter())
            self._count_waiting()
            self._wake.notify()
        try:
            async with asyncio.timeout_at(deadline):
                return await answer
        except BaseException:
            self._withdraw(ticket)
            raise

    async def ready(self) -> bool:
        """Whether one tiny tile of every network can be evaluated now."""
        deadline = self._loop.time() + READY_SECONDS
        try:
            for name, card in self.cards().items():
                await self.evaluate(name, probe_tile(card), deadline=deadline, photo="probe")
        except (EngineUnavailable, EvaluationFailed, TimeoutError):
            return False
        return True

    async def close(self) -> None:
        """Finish the running batch, refuse what waits, and end the device thread."""
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)
        with self._wake:
            self._closing = True
            self._wake.notify()
        await asyncio.to_thread(self._device.join)

    def _withdraw(self, ticket: Ticket) -> None:
        with self._wake:
            # An engine that closed has answered everyone already.
            if self._scheduler.withdraw(ticket) and ticket.number in self._waiting:
                del self._waiting[ticket.number]
                self._telemetry.engine.withdrawn.inc()
                self._count_waiting()

    def _count_waiting(self) -> None:
        for priority in Priority:
            gauge = self._telemetry.engine.waiting_tiles.labels(priority.name.lower())
            gauge.set(self._scheduler.waiting(priority))

    def _work(self) -> None:
        """The device thread: schedule → run → postprocess, until closed."""
        while (batch := self._schedule()) is not None:
            outcome = self._run(batch)
            if isinstance(outcome, Exception) and len(batch) > 1:
                # One tile made the batch fail; alone, it takes only itself down.
                for entry in batch:
                    self._postprocess([entry], self._run([entry]))
            else:
                self._postprocess(batch, outcome)

    def _schedule(self) -> list[_Waiting] | None:
        """Wait for work and take the next batch; None when the engine closes."""
        with self._wake:
            while not self._closing:
                if tickets := self._scheduler.next_batch():
                    self._count_waiting()
                    return [self._take(ticket) for ticket in tickets]
                self._wake.wait()
            refusal = EngineUnavailable("the engine is shutting down")
            self._postprocess(list(self._waiting.values()), refusal)
            self._waiting.clear()
            return None

    def _take(self, ticket: Ticket) -> _Waiting:
        waiting = self._waiting.pop(ticket.number)
        priority = ticket.priority.name.lower()
        self._telemetry.engine.queue_seconds.labels(priority).observe(
            time.perf_counter() - waiting.arrived
        )
        self._telemetry.engine.evaluations.labels(waiting.network.card.name, priority).inc()
        return waiting

    def _run(self, waiting: list[_Waiting]) -> list[Float32] | Exception:
        """One batch through the network: every x̂_0, or what the runtime raised.

        Whatever it raises belongs to the callers; the device thread must live on.
        """
        file = waiting[0].network
        try:
            inputs = batch_inputs(file.card, [entry.tile for entry in waiting])
            start = time.perf_counter()
            x_0 = file.session.run(inputs)
            seconds = time.perf_counter() - start
            if x_0.shape != inputs["x_t"].shape:  # a runtime that does not check its own reshapes
                raise ValueError(f"it answers {x_0.shape} to {inputs['x_t'].shape}")
        except Exception as error:
            return error
        self._telemetry.engine.batch_seconds.labels(file.card.name).observe(seconds)
        self._telemetry.engine.batch_size.labels(file.card.name).observe(len(waiting))
        return list(x_0)

    def _postprocess(self, waiting: list[_Waiting], outcome: list[Float32] | BaseException) -> None:
        """Hand every caller its x̂_0, or the reason why there is none."""

        def deliver() -> None:
            for index, entry in enumerate(waiting):
                if entry.answer.done():
                    continue
                if isinstance(outcome, EngineUnavailable):
                    entry.answer.set_exception(outcome)
                elif isinstance(outcome, BaseException):
                    failure = EvaluationFailed(f"the network failed: {outcome}")
                    failure.__cause__ = outcome
                    entry.answer.set_exception(failure)
                else:
                    entry.answer.set_result(outcome[index])

        if waiting:
            self._loop.call_soon_threadsafe(deliver)
