"""OpenVINO on the CPU, computing in float32 or bfloat16: the extra `rialto[openvino]`.

Networks are compiled with dynamic shapes: a size that is new costs some 5 ms once, a network
reshaped to it and compiled anew 100 to 200 ms, and they run equally fast (docs/06).
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from bridge.contract import OUTPUT, Float32
from service.engine.runtimes import RuntimeName, RuntimeUnfit

if TYPE_CHECKING:
    import openvino

PRECISIONS: Final[dict[RuntimeName, str]] = {"openvino": "f32", "openvino-bf16": "bf16"}


@dataclass(frozen=True)
class OpenVino:
    """OpenVINO over `threads` cores; `name` says in which number format."""

    name: RuntimeName
    threads: int
    core: "openvino.Core"
    version: str

    @classmethod
    def start(cls, name: RuntimeName, threads: int) -> "OpenVino":
        """Load the library. Raises RuntimeUnfit where the processor lacks the number format."""
        # Imported, OpenVINO tells its maker so, unless the package that does it is not there.
        sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
        import openvino  # noqa: PLC0415 -- of an extra, and only in silence

        core = openvino.Core()
        found = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        if PRECISIONS[name] == "bf16" and "BF16" not in found:
            raise RuntimeUnfit(
                "this processor does not compute in bfloat16 (AMX or AVX-512 BF16):"
                " RIALTO_RUNTIME=openvino, or onnxruntime"
            )
        return cls(name, threads, core, str(openvino.__version__))

    def open(self, file: Path) -> "OpenVinoSession":
        """Compile a network."""
        options = {
            "INFERENCE_PRECISION_HINT": PRECISIONS[self.name],
            "INFERENCE_NUM_THREADS": self.threads,
            "PERFORMANCE_HINT": "LATENCY",  # one evaluation at a time, by all threads
            "NUM_STREAMS": 1,
            # Two processes on one machine would pin their threads to the same cores.
            "ENABLE_CPU_PINNING": False,
        }
        compiled = self.core.compile_model(str(file), "CPU", options)
        return OpenVinoSession(compiled.create_infer_request())


@dataclass(frozen=True)
class OpenVinoSession:
    """See `Session`. The request's own tensors are used again by the next call."""

    request: "openvino.InferRequest"

    def run(self, inputs: Mapping[str, Float32]) -> Float32:
        """One batch."""
        made = self.request.infer(dict(inputs), share_inputs=True, share_outputs=False)
        return np.asarray(made[OUTPUT], np.float32)
