"""Does a network convert for TensorRT? Answered by NVIDIA's own parser and builder, on a CPU.

TensorRT-RTX builds ahead of time without a GPU or a driver. Its plans do not load in
TensorRT, whose operators differ a little: a pass is strong evidence, not proof.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bridge.contract import NetworkCard
from export.onnx_file import read_card
from export.tensorrt import newest_version
from export.tensorrt.builder import BuildOptions, TensorRtError, build_plan
from export.tensorrt.cast import Precision, cast_file
from export.tensorrt.profile import profile_of

PRECISIONS: tuple[Precision, ...] = ("fp32", "fp16", "bf16")
CAPABILITIES = ("SM80", "SM86", "SM89", "SM120")  # A100, RTX 30, RTX 40 and L4, RTX 50


@dataclass(frozen=True)
class Check:
    """A network that TensorRT parsed and built: how large the plan is, and how long it took."""

    network: str
    precision: Precision
    plan_bytes: int
    seconds: float


def check_repository(
    model_repo: Path, precisions: Sequence[Precision] = PRECISIONS
) -> Iterator[Check]:
    """Parse and build every network in `model_repo` in each precision, one after another.

    Raises TensorRtError at the first that is refused, or where there is nothing to check.
    """
    folders = sorted(config.parent for config in model_repo.glob("*/config.pbtxt"))
    if not folders:
        raise TensorRtError(f"no networks below {model_repo}")
    for folder in folders:
        file = newest_version(folder) / "model.onnx"
        card = read_card(file)
        for precision in precisions:
            yield check_network(file, card, precision)


def check_network(file: Path, card: NetworkCard, precision: Precision) -> Check:
    """Parse and build one ONNX file; raises TensorRtError with NVIDIA's words for a refusal."""
    trt = _tensorrt_rtx()
    with TemporaryDirectory() as scratch:
        cast = cast_file(file, precision, Path(scratch))
        plan = build_plan(trt, cast, profile_of(card), BuildOptions(capabilities=CAPABILITIES))
    return Check(card.name, precision, len(plan.content), plan.seconds)


def _tensorrt_rtx() -> Any:
    try:
        return import_module("tensorrt_rtx")
    except ImportError as error:
        raise TensorRtError(
            f"TensorRT-RTX is missing: pip install 'rialto[check-tensorrt]' ({error})"
        ) from error
