"""One evaluation of one tile as one gRPC call, and Triton's refusals in our own words."""

from typing import Any

import numpy as np
from tritonclient.grpc import InferInput, InferRequestedOutput
from tritonclient.grpc.aio import InferenceServerClient
from tritonclient.utils import InferenceServerException

from bridge.contract import OUTPUT, Float32, Tile, batch_inputs
from service.engine import EvaluationFailed, Priority
from service.engine.triton.memory import Slot
from service.engine.triton.networks import Served
from service.observe.context import traceparent

_TYPES: dict[str, type[np.floating[Any]]] = {"FP32": np.float32, "FP16": np.float16}

# Says that a later call may succeed. UNKNOWN and CANCELLED come from a server that goes down.
_AWAY = {"UNAVAILABLE", "NOT_FOUND", "CANCELLED", "UNKNOWN", "DEADLINE_EXCEEDED", "ABORTED"}


class Away(Exception):
    """Triton did not evaluate the tile, and may if it is sent again later."""


class Slow(Away):
    """The call's own time was over before an answer came."""


class MemoryLost(Exception):
    """Triton does not know the slot: it was started anew since."""


class Call:
    """One tile's tensors, in Triton's shapes and types."""

    def __init__(self, served: Served, tile: Tile, priority: Priority) -> None:
        self._served = served
        self._level = priority + 1 if served.priorities else 0  # 1 is Triton's highest, 0 none
        self._inputs: dict[str, np.ndarray[Any, Any]] = {}
        for name, values in batch_inputs(served.card, [tile]).items():
            # One value a sample travels as [N,1]; see `export.triton_config`.
            shaped = values.reshape(1, 1) if values.ndim == 1 else values
            self._inputs[name] = shaped.astype(_TYPES[served.datatypes[name]], copy=False)
        self._output_shape = 3, *tile.shape
        self._output_type = _TYPES[served.datatypes[OUTPUT]]

    @property
    def network(self) -> str:
        """The network's name."""
        return self._served.card.name

    @property
    def output_bytes(self) -> int:
        """Bytes of x̂_0."""
        return int(np.prod(self._output_shape)) * np.dtype(self._output_type).itemsize

    @property
    def bytes(self) -> int:
        """Bytes of every tensor, x̂_0 included: what a slot must hold."""
        return sum(array.nbytes for array in self._inputs.values()) + self.output_bytes

    async def run(
        self, client: InferenceServerClient, slot: Slot | None, seconds: float
    ) -> Float32:
        """x̂_0 [3,H,W]. Raises Away, Slow, MemoryLost or EvaluationFailed."""
        inputs, output = self._on_the_wire() if slot is None else self._in(slot)
        try:
            result = await client.infer(
                self.network,
                inputs,
                model_version=self._served.version,
                outputs=[output],
                priority=self._level,
                headers=_trace(),
                client_timeout=seconds,
            )
        except InferenceServerException as error:
            raise translated(error) from error
        if slot is None:
            answer = result.as_numpy(OUTPUT)
        else:
            offset = slot.size - self.output_bytes
            count = self.output_bytes // np.dtype(self._output_type).itemsize
            answer = np.frombuffer(slot.memory, self._output_type, count, offset).copy()
        return np.asarray(answer.reshape(self._output_shape).astype(np.float32, copy=False))

    def _on_the_wire(self) -> tuple[list[InferInput], InferRequestedOutput]:
        inputs = []
        for name, array in self._inputs.items():
            one = InferInput(name, list(array.shape), self._served.datatypes[name])
            one.set_data_from_numpy(array)
            inputs.append(one)
        return inputs, InferRequestedOutput(OUTPUT)

    def _in(self, slot: Slot) -> tuple[list[InferInput], InferRequestedOutput]:
        """Inputs from the slot's beginning, x̂_0 at its end."""
        inputs, offset = [], 0
        for name, array in self._inputs.items():
            end = offset + array.nbytes
            np.frombuffer(slot.memory, array.dtype, array.size, offset)[:] = array.ravel()
            one = InferInput(name, list(array.shape), self._served.datatypes[name])
            one.set_shared_memory(slot.name, array.nbytes, offset)
            inputs.append(one)
            offset = end
        output = InferRequestedOutput(OUTPUT)
        output.set_shared_memory(slot.name, self.output_bytes, slot.size - self.output_bytes)
        return inputs, output


def _trace() -> dict[str, str]:
    """What joins Triton's own spans to the photo's trace, where there is one."""
    parent = traceparent.get()
    return {"traceparent": parent} if parent else {}


def translated(error: InferenceServerException) -> Away | MemoryLost | EvaluationFailed:
    """What the refusal means for the tile that was sent."""
    status = str(error.status() or "").removeprefix("StatusCode.")
    message = str(error.message())
    if status == "DEADLINE_EXCEEDED":
        return Slow("it answered too late")
    if "shared memory region" in message:
        return MemoryLost(message)
    # The Python backend's words for a model process that was killed.
    if status in _AWAY or "Stub process" in message:
        return Away(message)
    return EvaluationFailed(f"the network failed: {message}")
