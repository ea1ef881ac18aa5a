"""A runtime by its name in the settings."""

from service.engine.runtimes import REFERENCE, Runtime, RuntimeName
from service.engine.runtimes.onnx_runtime import OnnxRuntime


def open_runtime(name: RuntimeName, threads: int) -> Runtime:
    """Blocks for the time its library takes to load. Raises RuntimeUnfit."""
    if name == REFERENCE:
        return OnnxRuntime(threads)
    from service.engine.runtimes.openvino_cpu import OpenVino  # noqa: PLC0415 -- of an extra

    return OpenVino.start(name, threads)
