"""One Triton, reached: what it serves, and evaluations by shared memory or over the wire."""

import asyncio
import time

from tritonclient.grpc.aio import InferenceServerClient
from tritonclient.utils import InferenceServerException

from bridge.contract import Float32, Tile
from service.engine import EvaluationFailed, Priority
from service.engine.triton.call import Away, Call, MemoryLost, Slow
from service.engine.triton.memory import SharedMemory, Slot
from service.engine.triton.metrics import TritonMetrics
from service.engine.triton.networks import Served, read_networks, versions_served

ASK_SECONDS = 10.0  # of a question that needs no evaluation

# The channel mends itself; left alone it would pause for up to two minutes between attempts.
_CHANNEL = [
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
    ("grpc.enable_http_proxy", 0),
]


class Connection:
    """Made inside its event loop; `call_s` bounds one call. Triton may come and go."""

    def __init__(self, url: str, metrics: TritonMetrics, call_s: float) -> None:
        self._metrics, self._call_s = metrics, call_s
        self._client = InferenceServerClient(url, channel_args=_CHANNEL)
        self._memory = SharedMemory(self._client)
        self._loop = asyncio.get_running_loop()

    async def networks(self) -> dict[str, Served]:
        """See `read_networks`; raises Away or RepositoryError."""
        try:
            return await read_networks(self._client, ASK_SECONDS)
        except InferenceServerException as error:
            raise Away(str(error.message())) from error

    async def versions(self) -> set[tuple[str, str]]:
        """(model, version) of everything that is ready; raises Away."""
        try:
            return await versions_served(self._client, ASK_SECONDS)
        except InferenceServerException as error:
            raise Away(str(error.message())) from error

    async def evaluate(
        self,
        served: Served,
        tile: Tile,
        deadline: float | None,
        priority: Priority = Priority.INTERACTIVE,
    ) -> Float32:
        """One call; raises Away, EvaluationFailed, or TimeoutError past the deadline.

        To be run to its end: Triton may write into the tile's slot for as long as it runs.
        """
        try:
            call = Call(served, tile, priority)
        except ValueError as error:
            raise EvaluationFailed(f"the network failed: {error}") from error
        slot = await self._memory.take(call.bytes)
        try:
            return await self._counted(call, slot, deadline)
        except MemoryLost:
            self._memory.forget()
            return await self._counted(call, None, deadline)

    async def close(self) -> None:
        """Give the shared memory back and hang up; no call may be running."""
        await self._memory.close()
        await self._client.close()

    async def _counted(self, call: Call, slot: Slot | None, deadline: float | None) -> Float32:
        start, outcome = time.perf_counter(), "away"
        try:
            x_0 = await self._run(call, slot, deadline)
            outcome = "answered"
        except EvaluationFailed:
            outcome = "failed"
            raise
        finally:
            if slot is not None:
                put_away = self._memory.retire if outcome == "away" else self._memory.give_back
                put_away(slot)
            transport = "wire" if slot is None else "shared-memory"
            self._metrics.calls.labels(call.network, transport, outcome).inc()
            seconds = time.perf_counter() - start
            self._metrics.call_seconds.labels(call.network).observe(seconds)
        return x_0

    async def _run(self, call: Call, slot: Slot | None, deadline: float | None) -> Float32:
        left = float("inf") if deadline is None else deadline - self._loop.time()
        if left <= 0:
            raise TimeoutError
        try:
            return await call.run(self._client, slot, min(self._call_s, left))
        except Slow as error:
            if left < self._call_s:
                raise TimeoutError from error
            raise
