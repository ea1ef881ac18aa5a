"""The embedded engine: ONNX Runtime in this process, one evaluation queue, schedule → run →
postprocess.

One thread owns the device. It takes the next batch the moment the last one is done, so
the device never waits for the event loop; a newly arrived photo joins the very next batch.
"""

import asyncio
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from bridge.contract import OUTPUT, Float32, NetworkCard, Tile, batch_inputs
from service.engine import EngineUnavailable, EvaluationFailed, Priority
from service.engine.batching import paying_size, stored_sizes, timed
from service.engine.probe import probe_tile
from service.engine.repository import NetworkFile, device_key, read_repository
from service.engine.scheduler import Kind, Scheduler, Ticket
from service.telemetry import Telemetry

READY_SECONDS = 10.0  # a tiny evaluation takes longer only behind a device that hangs


@dataclass
class _Waiting:
    """What the device thread needs of a ticket: the tile, and who awaits its x̂_0."""

    tile: Tile
    answer: asyncio.Future[Float32]
    arrived: float


@dataclass(frozen=True)
class Loaded:
    """Networks that are ready to run, and how many tiles of each pay in one batch."""

    files: dict[str, NetworkFile]
    batch_sizes: dict[str, int]


def load_networks(
    model_repo: Path, threads: int, batch_store: Path, max_batch: int | None = None
) -> Loaded:
    """Load every network of a repository and measure, or look up, its batch size.

    `max_batch` takes the measurement's place. Blocks; raises RepositoryError.
    """
    files = read_repository(model_repo, threads)
    if max_batch is not None:
        return Loaded(files, dict.fromkeys(files, max_batch))
    sizes = stored_sizes(
        batch_store, device_key(files, threads), list(files), lambda name: _measured(files[name])
    )
    return Loaded(files, sizes)


class LocalEngine:
    """Engine over loaded networks, on this machine's CPU. Made inside its event loop."""

    def __init__(self, networks: Loaded, telemetry: Telemetry) -> None:
        self._networks = networks.files
        self._telemetry = telemetry
        self._scheduler = Scheduler(lambda kind: networks.batch_sizes[kind.network])
        self._waiting: dict[int, _Waiting] = {}
        self._wake = threading.Condition()
        self._closing = False
        self._loop = asyncio.get_running_loop()
        self._device = threading.Thread(target=self._work, name="engine", daemon=True)
        self._device.start()

    def cards(self) -> dict[str, NetworkCard]:
        """The networks that can be evaluated, by name."""
        return {name: file.card for name, file in self._networks.items()}

    async def evaluate(
        self,
        network: str,
        tile: Tile,
        *,
        priority: Priority = Priority.INTERACTIVE,
        deadline: float | None = None,
        photo: str = "",
    ) -> Float32:
        """See `service.engine.Engine.evaluate`; the weights in this process never change."""
        network = network.partition("@")[0]
        if network not in self._networks:
            raise EngineUnavailable(f"no network {network!r} is loaded")
        answer: asyncio.Future[Float32] = self._loop.create_future()
        with self._wake:
            if self._closing:
                raise EngineUnavailable("the engine is shutting down")
            ticket = self._scheduler.add(Kind(network, tile.shape), photo, priority)
            self._waiting[ticket.number] = _Waiting(tile, answer, time.perf_counter())
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
            for name, file in self._networks.items():
                await self.evaluate(name, probe_tile(file.card), deadline=deadline, photo="probe")
        except (EngineUnavailable, EvaluationFailed, TimeoutError):
            return False
        return True

    async def close(self) -> None:
        """Finish the running batch, refuse what waits, and end the device thread."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        await asyncio.to_thread(self._device.join)

    def _withdraw(self, ticket: Ticket) -> None:
        with self._wake:
            # An engine that closed has answered everyone already.
            if self._scheduler.withdraw(ticket) and ticket.number in self._waiting:
                del self._waiting[ticket.number]
                self._telemetry.withdrawn.inc()
                self._count_waiting()

    def _count_waiting(self) -> None:
        for priority in Priority:
            gauge = self._telemetry.waiting_tiles.labels(priority.name.lower())
            gauge.set(self._scheduler.waiting(priority))

    def _work(self) -> None:
        """The device thread: schedule → run → postprocess, until closed."""
        while (batch := self._schedule()) is not None:
            tickets, waiting = batch
            network = tickets[0].kind.network
            outcome = self._run(network, waiting)
            if isinstance(outcome, Exception) and len(waiting) > 1:
                # One tile made the batch fail; alone, it takes only itself down.
                for entry in waiting:
                    self._postprocess([entry], self._run(network, [entry]))
            else:
                self._postprocess(waiting, outcome)

    def _schedule(self) -> tuple[list[Ticket], list[_Waiting]] | None:
        """Wait for work and take the next batch; None when the engine closes."""
        with self._wake:
            while not self._closing:
                if tickets := self._scheduler.next_batch():
                    self._count_waiting()
                    return tickets, [self._take(ticket) for ticket in tickets]
                self._wake.wait()
            refusal = EngineUnavailable("the engine is shutting down")
            self._postprocess(list(self._waiting.values()), refusal)
            self._waiting.clear()
            return None

    def _take(self, ticket: Ticket) -> _Waiting:
        waiting = self._waiting.pop(ticket.number)
        priority = ticket.priority.name.lower()
        self._telemetry.queue_seconds.labels(priority).observe(
            time.perf_counter() - waiting.arrived
        )
        self._telemetry.evaluations.labels(ticket.kind.network, priority).inc()
        return waiting

    def _run(self, network: str, waiting: list[_Waiting]) -> list[Float32] | Exception:
        """One batch through the network: every x̂_0, or what the runtime raised.

        Whatever it raises belongs to the callers; the device thread must live on.
        """
        file = self._networks[network]
        try:
            inputs = batch_inputs(file.card, [entry.tile for entry in waiting])
            start = time.perf_counter()
            outputs = list(file.session.run([OUTPUT], inputs)[0])
            seconds = time.perf_counter() - start
        except Exception as error:
            return error
        self._telemetry.batch_seconds.labels(network).observe(seconds)
        self._telemetry.batch_size.labels(network).observe(len(waiting))
        return outputs

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


def _measured(file: NetworkFile) -> int:
    """The batch size that pays for this network's full tile."""
    tile = probe_tile(file.card, file.card.tile.size)

    def run(size: int) -> None:
        file.session.run([OUTPUT], batch_inputs(file.card, [tile] * size))

    return paying_size(timed(run))
