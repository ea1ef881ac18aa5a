"""Where a plan lies: named by what it can run on, and linked where Triton looks for it.

A plan runs on the TensorRT and the kind of GPU that built it and on no other, so its name
says both: `model.trt10.13.2.6-h100-80gb-hbm3-sm90-fp16-n8-256.plan`. Plans of several GPUs
lie side by side; `model.plan`, which Triton reads, is a link to the one built last.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from export.tensorrt.builder import BuildOptions, TensorRtError
from export.tensorrt.cast import Precision

SERVED = "model.plan"


@dataclass(frozen=True)
class Gpu:
    """The GPU that plans are built on: its name as a file may bear it, and sm<capability>."""

    name: str
    capability: str


def find_gpu() -> Gpu:
    """The first GPU of this machine; raises TensorRtError where there is none."""
    program = shutil.which("nvidia-smi")
    if program is None:
        raise TensorRtError("no nvidia-smi here: plans are built on the GPU that will run them")
    query = [program, "--id=0", "--query-gpu=name,compute_cap", "--format=csv,noheader"]
    answer = subprocess.run(query, capture_output=True, text=True, check=False)  # noqa: S603  # fixed
    if answer.returncode:
        raise TensorRtError(f"nvidia-smi finds no GPU: {answer.stdout or answer.stderr}".strip())
    return read_gpu(answer.stdout)


def read_gpu(line: str) -> Gpu:
    """`NVIDIA H100 80GB HBM3, 9.0` -> Gpu("h100-80gb-hbm3", "sm90")."""
    name, _, capability = line.strip().rpartition(",")
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-").removeprefix("nvidia-")
    digits = re.fullmatch(r"(\d+)\.(\d)", capability.strip())
    if not slug or not digits:
        raise TensorRtError(f"nvidia-smi says {line.strip()!r}, not a GPU's name and capability")
    return Gpu(slug, f"sm{digits[1]}{digits[2]}")


def plan_name(
    version: str, gpu: Gpu, precision: Precision, profile: str, options: BuildOptions
) -> str:
    """The file name of a plan; two plans that could be confused never share one."""
    runtime = f"trt{major_of(version)}+" if options.version_compatible else f"trt{version}"
    machine = {
        "this": f"{gpu.name}-{gpu.capability}",
        "same-capability": gpu.capability,
        "ampere-plus": "ampere-plus",
    }[options.hardware]
    return f"model.{runtime}-{machine}-{precision}-{profile}.plan"


def major_of(version: str) -> int:
    """10 of `10.13.2.6`: the part within which a version-compatible plan is."""
    return int(version.partition(".")[0])


def timing_cache_name(version: str, gpu: Gpu) -> str:
    """The file name of kernel timings, which hold for one TensorRT on one kind of GPU."""
    return f"timing.trt{version}-{gpu.name}-{gpu.capability}.cache"


def place(content: bytes, name: str, version_folder: Path) -> Path:
    """Write a plan whole, then point `model.plan` at it; returns the plan's path."""
    file = version_folder / name
    _swap(file, lambda part: part.write_bytes(content))
    _swap(version_folder / SERVED, lambda part: os.symlink(name, part))
    return file


def _swap(target: Path, write: Callable[[Path], object]) -> None:
    """Let `write` make a neighbour of `target`, and rename it: no reader meets half a file."""
    part = target.with_name(f".{target.name}.part")
    part.unlink(missing_ok=True)
    write(part)
    part.replace(target)
