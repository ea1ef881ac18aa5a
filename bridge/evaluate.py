"""Judging restoration methods: pairs of photos and a method in, scores a photo out.

Arrays only: reading, damaging and drawing are the command's. A method is anything that
turns pairs into restored photos and seconds, so a network's preset and a peer's program
are judged by the same lines. A metric takes (original, restored), uint8 [H,W,3] each.
"""

import csv
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from bridge.degrade.strokes import Mask
from bridge.metrics import psnr_inside, psnr_y, ssim_y

UInt8 = NDArray[np.uint8]
Metric = Callable[[UInt8, UInt8], float]
InnerMetric = Callable[[UInt8, UInt8, Mask], float]

INSIDE: Mapping[str, InnerMetric] = MappingProxyType({"psnr_mask": psnr_inside})
HIGHER_IS_BETTER = {"psnr_y", "ssim", *INSIDE}
DIGITS = {"psnr_y": 2, "psnr_mask": 2}  # decimals in a table; four where none are named
COLUMNS = {  # a metric's name in a table's head
    "psnr_y": "PSNR-Y",
    "psnr_mask": "PSNR in the holes",
    "ssim": "SSIM-Y",
    "lpips": "LPIPS-alex",
    "lpips_vgg": "LPIPS-vgg",
    "dists": "DISTS",
}


@dataclass(frozen=True)
class Pair:
    """A photo before and after damage, uint8 [H,W,3]; for sr4x `damaged` is the small one.

    file   that `damaged` was decoded of, for methods that read files; b"" where there is none
    holes  bool [H,W], True where the damaged photo is empty; None where a task has no holes
    """

    name: str
    original: UInt8
    damaged: UInt8
    file: bytes = b""
    holes: Mask | None = None


@dataclass(frozen=True)
class Restored:
    """What a method made of one photo, uint8 [H,W,3], and the wall time it took."""

    pixels: UInt8
    seconds: float


Method = Callable[[Sequence[Pair]], Iterable[Restored]]


@dataclass(frozen=True)
class Score:
    """What one photo's restoration is worth, and what it cost.

    values      by metric, in the order they were asked for
    seconds     wall time of restoring alone
    megapixels  of the restored photo
    """

    photo: str
    values: Mapping[str, float]
    seconds: float
    megapixels: float

    @property
    def seconds_per_megapixel(self) -> float:
        """Time for a million restored pixels."""
        return self.seconds / self.megapixels


@dataclass(frozen=True)
class Summary:
    """A method over a set of photos: mean of each metric, median of the time."""

    method: str
    photos: int
    values: Mapping[str, float]
    seconds_per_megapixel: float


def fidelity(crop: int = 0) -> dict[str, Metric]:
    """The metrics that need no weights, `crop` pixels a side left out of both."""
    return {"psnr_y": partial(psnr_y, crop=crop), "ssim": partial(ssim_y, crop=crop)}


def one_by_one(restore: Callable[[Pair], UInt8]) -> Method:
    """The method that calls `restore` on each pair; the clock runs around that alone.

    It may look at all of a pair but the original.
    """

    def method(pairs: Sequence[Pair]) -> Iterator[Restored]:
        for pair in pairs:
            start = time.perf_counter()
            pixels = restore(pair)
            yield Restored(pixels, time.perf_counter() - start)

    return method


def evaluate(
    pairs: Sequence[Pair], method: Method, metrics: Mapping[str, Metric]
) -> Iterator[tuple[Score, UInt8]]:
    """Score each photo as `method` restores it; the restored pixels come along.

    A photo with holes is scored inside them too.

    Raises ValueError where a method returns another number of photos than it was given, or
    a photo of another shape than its original.
    """
    for pair, restored in zip(pairs, method(pairs), strict=True):
        pixels, original = restored.pixels, pair.original
        if pixels.shape != original.shape:
            raise ValueError(f"{pair.name}: restored {pixels.shape}, original {original.shape}")
        values = {name: metric(original, pixels) for name, metric in metrics.items()}
        if pair.holes is not None:
            values |= {name: inner(original, pixels, pair.holes) for name, inner in INSIDE.items()}
        height, width = pixels.shape[:2]
        yield Score(pair.name, values, restored.seconds, height * width / 1e6), pixels


def summarise(method: str, scores: Sequence[Score]) -> Summary:
    """Mean over the photos, time as the median; ValueError where there are no photos.

    A photo that came back exact has an infinite PSNR, and so has then the mean.
    """
    if not scores:
        raise ValueError(f"{method} has no scores to summarise")
    names = scores[0].values
    values = {name: statistics.fmean(s.values[name] for s in scores) for name in names}
    pace = statistics.median(s.seconds_per_megapixel for s in scores)
    return Summary(method, len(scores), values, pace)


def write_tsv(file: Path, scores: Mapping[str, Sequence[Score]]) -> None:
    """One line a method and photo: its metrics, seconds, and megapixels restored."""
    names = list(next(iter(next(iter(scores.values())))).values)
    with file.open("w", newline="") as lines:
        table = csv.writer(lines, delimiter="\t", lineterminator="\n")
        table.writerow(["method", "photo", *names, "seconds", "megapixels"])
        for method, rows in scores.items():
            for row in rows:
                values = [f"{row.values[name]:.6f}" for name in names]
                costs = [f"{row.seconds:.4f}", f"{row.megapixels:.6f}"]
                table.writerow([method, row.photo, *values, *costs])


def markdown_table(summaries: Sequence[Summary]) -> str:
    """The summaries as a table for people, arrows saying which way is better."""
    names = list(summaries[0].values)
    arrows = {name: "↑" if name in HIGHER_IS_BETTER else "↓" for name in names}
    heads = [f"{COLUMNS.get(name, name)} {arrows[name]}" for name in names]
    lines = ["| method | " + " | ".join(heads) + " | s per megapixel |"]
    lines.append("|---|" + "---:|" * (len(names) + 1))
    for summary in summaries:
        cells = [f"{summary.values[name]:.{DIGITS.get(name, 4)}f}" for name in names]
        pace = f"{summary.seconds_per_megapixel:.3g}"
        lines.append(f"| {summary.method} | " + " | ".join([*cells, pace]) + " |")
    return "\n".join(lines)
