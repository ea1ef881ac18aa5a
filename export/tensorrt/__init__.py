"""A network of the model repository becomes a TensorRT plan for the GPU of this machine.

Its ONNX file is cast to half precision where that is harmless (`zones`, `cast`), parsed and
built for the shapes of its card (`profile`, `builder`), and laid where Triton's tensorrt
backend reads it (`plan_file`). `parity` says what the cast costs; `export.tensorrt_check`
does the parsing and building on a machine without a GPU.
"""

from dataclasses import replace
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bridge.cache import cache_folder
from export.onnx_file import read_card
from export.tensorrt.builder import ADVICE, BuildOptions, TensorRtError, build_plan
from export.tensorrt.cast import Precision, cast_file
from export.tensorrt.plan_file import find_gpu, major_of, place, plan_name, timing_cache_name
from export.tensorrt.profile import profile_of
from export.triton_config import MAX_BATCH

__all__ = ["BuildOptions", "Precision", "TensorRtError", "export_plan", "newest_version"]

MAJORS = (10, 11)


def export_plan(
    folder: Path,
    precision: Precision = "fp16",
    *,
    max_batch: int = MAX_BATCH,
    options: BuildOptions = BuildOptions(),
) -> Path:
    """Build the newest version of the network in `folder` on this machine's GPU.

    Kernel timings are kept in Rialto's cache where `options` name no other file. Returns the
    plan's path. Raises TensorRtError where TensorRT or a GPU is missing or refuses, and
    ValueError where the network cannot be cast.
    """
    trt, gpu = _tensorrt(), find_gpu()
    version = newest_version(folder)
    profile = profile_of(read_card(version / "model.onnx"), max_batch)
    if options.timing_cache is None:
        timings = timing_cache_name(trt.__version__, gpu)
        options = replace(options, timing_cache=cache_folder("tensorrt") / timings)
    with TemporaryDirectory() as scratch:
        file = cast_file(version / "model.onnx", precision, Path(scratch))
        plan = build_plan(trt, file, profile, options)
    name = plan_name(trt.__version__, gpu, precision, profile.name, options)
    return place(plan.content, name, version)


def newest_version(folder: Path) -> Path:
    """The version of the network in `folder` that is served: the highest number.

    Raises ValueError where the folder holds none.
    """
    versions = [file.parent for file in folder.glob("*/model.onnx") if file.parent.name.isdigit()]
    if not versions:
        raise ValueError(f"{folder} holds no <version>/model.onnx")
    return max(versions, key=lambda path: int(path.name))


def _tensorrt() -> Any:
    try:
        trt = import_module("tensorrt")
    except ImportError as error:
        raise TensorRtError(
            f"TensorRT is missing: pip install 'rialto[tensorrt]' ({error})"
        ) from error
    if major_of(trt.__version__) not in MAJORS:
        raise TensorRtError(ADVICE.format(version=trt.__version__))
    return trt
