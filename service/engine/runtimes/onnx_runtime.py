"""ONNX Runtime on the CPU in float32: the reference, by which networks are measured."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import onnxruntime

from bridge.contract import OUTPUT, Float32
from service.engine.runtimes import REFERENCE, RuntimeName


@dataclass(frozen=True)
class OnnxRuntime:
    """The reference over `threads` cores."""

    threads: int

    @property
    def name(self) -> RuntimeName:
        """The reference."""
        return REFERENCE

    @property
    def version(self) -> str:
        """The library's."""
        return str(onnxruntime.__version__)

    def open(self, file: Path) -> "OnnxSession":
        """Load a network."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.threads
        options.inter_op_num_threads = 1
        # Threads that spin between a network's layers take the cores that decoding, colour and
        # the step's own arithmetic need.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        return OnnxSession(
            onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        )


@dataclass(frozen=True)
class OnnxSession:
    """See `Session`."""

    session: onnxruntime.InferenceSession

    def run(self, inputs: Mapping[str, Float32]) -> Float32:
        """One batch."""
        (x_0,) = self.session.run([OUTPUT], inputs)
        return x_0  # type: ignore[no-any-return]  # onnxruntime has no types
