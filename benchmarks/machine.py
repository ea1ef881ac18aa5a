"""Which machine a figure was made on, in one line, and the photo that the benchmarks restore."""

import os
from pathlib import Path

import numpy as np
from PIL import Image

EXAMPLE = Path(__file__).parents[1] / "examples" / "market-q10.jpg"


def machine_line() -> str:
    """Processor, cores and load: without the load, a time on a shared machine says nothing."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    cpu = next((line.split(":")[1].strip() for line in lines if "model name" in line), "unknown")
    load = os.getloadavg()[0]
    return f"{cpu}, {len(os.sched_getaffinity(0))} cores, load {load:.1f} before the run"


def photo(width: int, height: int) -> Image.Image:
    """The example, repeated to width x height pixels: real texture at any size."""
    tile = np.asarray(Image.open(EXAMPLE))
    rows, columns = -(-height // tile.shape[0]), -(-width // tile.shape[1])
    return Image.fromarray(np.tile(tile, (rows, columns, 1))[:height, :width])


def percentile(values: list[float], share: float) -> float:
    """The value that `share` of `values` do not exceed."""
    return float(np.quantile(values, share))
