"""The Triton engine: the step loop stays here, the batches are made there.

A tile waits for its turn, goes out as one gRPC call, and is sent again where Triton was away
meanwhile: a photo goes on from the step it had reached, and its caller sees only a pause.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

from bridge.contract import Float32, NetworkCard, Tile
from service.engine import EngineUnavailable, EvaluationFailed, Priority
from service.engine.probe import probe_tile
from service.engine.repository import RepositoryError
from service.engine.runtimes import TRITON
from service.engine.scheduler import Kind
from service.engine.triton.call import Away
from service.engine.triton.circuit import Circuit
from service.engine.triton.connection import Connection
from service.engine.triton.line import Line
from service.engine.triton.metrics import TritonMetrics
from service.engine.triton.networks import Served
from service.telemetry import Telemetry

PROBE_SECONDS = 10.0  # a tiny evaluation takes longer only behind a device that hangs
WATCH_SECONDS = 5.0  # between looks for versions that were loaded or unloaded
START_PAUSE = 0.5
ATTEMPTS = 5  # of one tile
CLOSE_SECONDS = 10.0
UNBOUNDED = 2**30  # tiles


@dataclass(frozen=True)
class Patience:
    """How long what is waited for, in seconds.

    call_s   one call, before its tile is sent again
    away_s   a person's photo, while Triton is away; an archive's waits for its deadline
    start_s  a Triton that is not there yet at start
    """

    call_s: float = 60.0
    away_s: float = 60.0
    start_s: float = 60.0


class TritonEngine:
    """Engine over a Triton's gRPC. Made by `open`, inside its event loop."""

    runtime = TRITON

    def __init__(self, url: str, telemetry: Telemetry, patience: Patience) -> None:
        self._url, self._telemetry, self._patience = url, telemetry, patience
        self._metrics = TritonMetrics(telemetry.registry)
        self._triton = Connection(url, self._metrics, patience.call_s)
        self._line = Line(self._batch_limit, telemetry)
        self._networks: dict[str, Served] = {}
        self._circuits: dict[str, Circuit] = {}
        self._calls: set[asyncio.Task[Float32]] = set()
        self._loop = asyncio.get_running_loop()
        self._watch: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, url: str, telemetry: Telemetry, patience: Patience | None = None) -> Self:
        """Connect, read the cards, evaluate one tile of each network.

        `url` is host:port. Raises RepositoryError for configs that cannot be served, and
        where no Triton serves a network of ours within `patience.start_s`.
        """
        engine = cls(url, telemetry, patience or Patience())
        try:
            await engine._start()
        except BaseException:
            await engine.close()
            raise
        return engine

    def cards(self) -> dict[str, NetworkCard]:
        """The networks that Triton serves, newest version of each, by name."""
        return {served.card.name: served.card for served in self._newest()}

    async def evaluate(
        self,
        network: str,
        tile: Tile,
        *,
        priority: Priority = Priority.INTERACTIVE,
        deadline: float | None = None,
        photo: str = "",
    ) -> Float32:
        """See `service.engine.Engine.evaluate`. `network` is a name, or name@hash: the same
        weights for a photo's whole walk, although a newer version is loaded meanwhile.

        Waits for a Triton that is away. A tile that Triton has taken is not called back.
        """
        kind = partial(Kind, shape=tile.shape)
        async with asyncio.timeout_at(deadline):
            for _ in range(ATTEMPTS):
                served, circuit, answered = await self._turn(network, kind, photo, priority)
                evaluations = self._telemetry.engine.evaluations
                evaluations.labels(served.card.name, priority.name.lower()).inc()
                epoch = circuit.epoch
                work = self._triton.evaluate(served, tile, deadline, priority)
                call = self._begin(work, answered)
                try:
                    return await asyncio.shield(call)
                except Away as error:
                    circuit.open(str(error), epoch)
                    reason = error
            # It may be this very tile that brings Triton down, and everyone with it.
            raise EvaluationFailed(f"no answer, though sent {ATTEMPTS} times: {reason}")

    async def ready(self) -> bool:
        """Whether one tiny tile of every network is evaluated now."""
        newest = [] if self._line.closed else self._newest()
        answers = await asyncio.gather(*(self._is_up(served) for served in newest))
        return bool(newest) and all(answers)

    async def close(self) -> None:
        """Refuse what waits, let running calls end, give the shared memory back."""
        self._line.close()
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        await asyncio.gather(*(circuit.stop() for circuit in self._circuits.values()))
        if self._calls:
            _, late = await asyncio.wait(self._calls, timeout=CLOSE_SECONDS)
            for call in late:
                call.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self._triton.close()

    async def _turn(
        self, network: str, kind: Callable[[str], Kind], photo: str, priority: Priority
    ) -> tuple[Served, Circuit, Callable[[], None]]:
        """Wait until Triton is there and this tile may be sent; see `Line.turn`."""
        patience = self._patience.away_s if priority is Priority.INTERACTIVE else None
        while True:
            circuit = self._circuits[self._served(network).card.name]
            await circuit.wait(patience)
            served = self._served(network)
            answered = await self._line.turn(kind(served.key), photo, priority)
            if circuit.closed:
                return served, circuit, answered
            answered()  # Triton went away while the tile stood in line

    async def _start(self) -> None:
        end, reason = self._loop.time() + self._patience.start_s, "it serves none"
        while self._loop.time() < end:
            try:
                await self._read()
                for served in self._newest():
                    await self._probe(served.card.name)
            except Away as error:
                reason = str(error)
            except EvaluationFailed as error:
                raise RepositoryError(f"Triton at {self._url}: {error}") from error
            else:
                if self._networks:
                    self._watch = asyncio.create_task(self._watch_versions())
                    return
            await asyncio.sleep(START_PAUSE)
        raise RepositoryError(
            f"no Triton at {self._url} serves a network of ours ({reason});"
            " start one by `rialto triton`, or mend RIALTO_TRITON_URL"
        )

    async def _read(self) -> None:
        """Take up what Triton serves now; raises Away or RepositoryError."""
        self._networks = await self._triton.networks()
        for name in self.cards():
            if name not in self._circuits:
                up = self._metrics.up.labels(name)
                self._circuits[name] = Circuit(name, partial(self._recovered, name), up)

    async def _watch_versions(self) -> None:
        """Take up what is loaded into, and unloaded from, a running Triton."""
        seen = None
        while True:
            try:
                versions = await self._triton.versions()
                if versions != seen:
                    await self._read()
                    seen = versions
            # A Triton that is away is the circuits' affair, and they read it again. A config
            # that cannot be served leaves those that can.
            except (Away, RepositoryError):
                seen = None
            await asyncio.sleep(WATCH_SECONDS)

    async def _recovered(self, name: str) -> None:
        """A circuit's probe. The Triton that came back may serve other versions."""
        await self._read()
        await self._probe(name)

    async def _probe(self, name: str) -> None:
        """One tiny evaluation, past the line; raises Away or EvaluationFailed."""
        if name not in self._networks:
            raise Away(f"Triton no longer serves {name}")
        served, until = self._networks[name], self._loop.time() + PROBE_SECONDS
        try:
            await self._begin(self._triton.evaluate(served, probe_tile(served.card), until))
        except TimeoutError as error:
            raise Away(f"a tiny tile of {name} took more than {PROBE_SECONDS:g} s") from error

    async def _is_up(self, served: Served) -> bool:
        circuit = self._circuits[served.card.name]
        epoch = circuit.epoch
        if not circuit.closed:
            return False
        try:
            await self._probe(served.card.name)
        except Away as error:
            circuit.open(str(error), epoch)
            return False
        except EvaluationFailed:
            return False
        return True

    def _begin(
        self, work: Coroutine[Any, Any, Float32], answered: Callable[[], None] = lambda: None
    ) -> asyncio.Task[Float32]:
        """Run a call to its end, although its caller leaves: Triton has its slot until then."""
        call = asyncio.create_task(work)
        self._calls.add(call)

        def ended(task: asyncio.Task[Float32]) -> None:
            self._calls.discard(task)
            answered()
            if not task.cancelled():
                task.exception()  # of a caller that has left, nobody else asks

        call.add_done_callback(ended)
        return call

    def _served(self, network: str) -> Served:
        if network not in self._networks:
            raise EngineUnavailable(f"Triton serves no network {network!r}")
        return self._networks[network]

    def _newest(self) -> list[Served]:
        return [served for key, served in self._networks.items() if key == served.card.name]

    def _batch_limit(self, kind: Kind) -> int:
        served = self._networks.get(kind.network)
        if served is not None and served.priorities:
            return UNBOUNDED  # nothing waits here: Triton sorts
        return served.max_batch if served else 1
