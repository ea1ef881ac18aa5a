"""An ONNX file becomes a TensorRT plan: NVIDIA's parser and builder, behind one function.

Written for what TensorRT 10, 11 and TensorRT-RTX have in common. A strongly typed network
computes in the types of its ONNX file, so that no flag of a precision is left to set; 11
knows none. The module is an argument: `tensorrt` where a GPU is, `tensorrt_rtx` on a CPU.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from export.tensorrt.profile import Profile

Hardware = Literal["this", "ampere-plus", "same-capability"]

LEVELS = {"ampere-plus": "AMPERE_PLUS", "same-capability": "SAME_COMPUTE_CAPABILITY"}
ADVICE = "TensorRT 10 and 11 are known to work; this is {version}"


class TensorRtError(RuntimeError):
    """TensorRT refused a network or the request; the message says what it said."""


@dataclass(frozen=True)
class BuildOptions:
    """How a plan is built.

    hardware            GPUs it runs on: `this` kind only, which is fastest, or more
    version_compatible  it runs in later TensorRT of the same major version too
    optimisation        0..5: how long kernels are searched; 3 is TensorRT's own default
    workspace_bytes     memory that a kernel may take; None: all of the GPU
    tf32                whether float32 products may round to 10 bits of mantissa
    timing_cache        file of kernel timings, read and written: the next build is short
    capabilities        TensorRT-RTX only: compute capabilities to build for, such as SM89
    """

    hardware: Hardware = "this"
    version_compatible: bool = False
    optimisation: int = 3
    workspace_bytes: int | None = None
    tf32: bool = False
    timing_cache: Path | None = None
    capabilities: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """A serialised plan, what TensorRT warned of, and the seconds that it took."""

    content: bytes
    warnings: tuple[str, ...]
    seconds: float


def build_plan(trt: Any, file: Path, profile: Profile, options: BuildOptions) -> Plan:
    """Parse the ONNX `file` and build it for `profile`.

    trt   the module `tensorrt` or `tensorrt_rtx`
    Raises TensorRtError with the parser's or the builder's own words.
    """
    begun = time.monotonic()
    log = _logger(trt)
    builder = trt.Builder(log)
    if builder is None:
        raise TensorRtError(_told("TensorRT finds no GPU that it can build for", log))
    network = _parsed(trt, builder, file, log)
    config = builder.create_builder_config()
    _configure(trt, config, options)
    _add_profile(builder, config, profile, log)
    _read_cache(config, options.timing_cache)
    content = builder.build_serialized_network(network, config)
    if content is None:
        raise TensorRtError(_told(f"TensorRT cannot build {file}", log))
    _write_cache(config, options.timing_cache)
    return Plan(bytes(content), tuple(log.lines), time.monotonic() - begun)


def _logger(trt: Any) -> Any:
    """A logger of `trt` that keeps warnings and errors in `lines`."""

    class Log(trt.ILogger):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.lines: list[str] = []

        def log(self, severity: Any, message: str) -> None:
            if severity <= trt.ILogger.WARNING:
                self.lines.append(f"{severity.name.lower()}: {message}")

    return Log()


def _told(what: str, log: Any) -> str:
    return "; ".join([what, *log.lines[-5:]])


def _parsed(trt: Any, builder: Any, file: Path, log: Any) -> Any:
    try:
        typed = trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED
    except AttributeError:
        raise TensorRtError(ADVICE.format(version=trt.__version__)) from None
    network = builder.create_network(1 << int(typed))
    parser = trt.OnnxParser(network, log)
    # From the file, not from memory: weights that lie beside it are found by its path.
    if not parser.parse_from_file(str(file)):
        errors = [parser.get_error(index) for index in range(parser.num_errors)]
        said = [f"node {e.node()} {e.node_operator()}: {e.desc()}" for e in errors]
        raise TensorRtError(_told(f"TensorRT cannot parse {file}", log) + "; " + "; ".join(said))
    return network


def _configure(trt: Any, config: Any, options: BuildOptions) -> None:
    if not 0 <= options.optimisation <= 5:
        raise ValueError(f"optimisation must lie in 0..5, not {options.optimisation}")
    config.builder_optimization_level = options.optimisation
    if options.workspace_bytes is not None:
        config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, options.workspace_bytes)
    if not options.tf32:
        config.clear_flag(trt.BuilderFlag.TF32)
    if options.version_compatible:
        config.set_flag(trt.BuilderFlag.VERSION_COMPATIBLE)
    if options.hardware != "this":
        level = getattr(trt.HardwareCompatibilityLevel, LEVELS[options.hardware], None)
        if level is None:
            raise TensorRtError(f"TensorRT {trt.__version__} has no {options.hardware} plans")
        config.hardware_compatibility_level = level
    if options.capabilities:
        config.num_compute_capabilities = len(options.capabilities)
        for index, name in enumerate(options.capabilities):
            config.set_compute_capability(getattr(trt.ComputeCapability, name), index)


def _add_profile(builder: Any, config: Any, profile: Profile, log: Any) -> None:
    shapes = builder.create_optimization_profile()
    for name, (least, likely, largest) in profile.shapes.items():
        shapes.set_shape(name, least, likely, largest)
    if config.add_optimization_profile(shapes) < 0:
        raise TensorRtError(_told(f"TensorRT refuses the profile {profile.name}", log))


def _read_cache(config: Any, file: Path | None) -> None:
    if file is None:
        return
    content = file.read_bytes() if file.exists() else b""
    cache = config.create_timing_cache(content)
    # One of another GPU or version is worth nothing here: begin anew, and write over it.
    if not config.set_timing_cache(cache, ignore_mismatch=False):
        config.set_timing_cache(config.create_timing_cache(b""), ignore_mismatch=False)


def _write_cache(config: Any, file: Path | None) -> None:
    if file is not None and (cache := config.get_timing_cache()) is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_name(f".{file.name}.part")
        part.write_bytes(bytes(cache.serialize()))
        part.replace(file)
