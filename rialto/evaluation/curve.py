"""Quality against the number of network evaluations: the figure of I²SB's paper, for one network.

One evaluation is the most faithful; more of them trade PSNR for detail, and beyond some number
nothing is gained. Peers, which have no such knob, are level lines.
"""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bridge.evaluate import COLUMNS, HIGHER_IS_BETTER, Summary

OURS, THEIRS = "#0b6e4f", "#8a9099"


def write_curve(summaries: Mapping[int, Summary], file: Path) -> None:
    """One line a number of evaluations: the means of all metrics, and the time."""
    names = list(next(iter(summaries.values())).values)
    with file.open("w", newline="") as lines:
        table = csv.writer(lines, delimiter="\t", lineterminator="\n")
        table.writerow(["evaluations", *names, "seconds_per_megapixel"])
        for steps, summary in sorted(summaries.items()):
            values = [f"{summary.values[name]:.6f}" for name in names]
            table.writerow([steps, *values, f"{summary.seconds_per_megapixel:.4f}"])


def draw_curve(
    summaries: Mapping[int, Summary],
    others: Sequence[Summary],
    ours: Sequence[str],
    title: str,
    file: Path,
) -> None:
    """A plot for PSNR and one for each further metric but SSIM, into a PNG.

    summaries  by number of evaluations      others  of presets, which are left out, and peers
    """
    metrics = [name for name in next(iter(summaries.values())).values if name != "ssim"]
    figure = Figure(figsize=(4.2 * len(metrics), 3.8), layout="constrained", dpi=120)
    level = [summary for summary in others if summary.method not in ours]
    for axes, metric in zip(
        figure.subplots(1, len(metrics), squeeze=False)[0], metrics, strict=True
    ):
        _draw_metric(axes, metric, summaries, level)
    figure.suptitle(title, fontsize=10)
    figure.savefig(file)


def _draw_metric(
    axes: Axes, metric: str, summaries: Mapping[int, Summary], level: Sequence[Summary]
) -> None:
    steps = sorted(summaries)
    axes.plot(steps, [summaries[step].values[metric] for step in steps], "o-", color=OURS)
    for summary in level:
        value = summary.values[metric]
        axes.axhline(value, color=THEIRS, lw=0.8, ls="--")
        axes.annotate(
            summary.method,
            (1, value),
            xycoords=("axes fraction", "data"),
            ha="right",
            va="bottom",
            fontsize=7,
            color=THEIRS,
        )
    axes.set_xscale("log")
    axes.set_xticks(steps, [str(step) for step in steps], minor=False)
    axes.minorticks_off()
    better = "higher" if metric in HIGHER_IS_BETTER else "lower"
    axes.set_xlabel("network evaluations")
    axes.set_ylabel(f"{COLUMNS.get(metric, metric)}, {better} is better")
    axes.grid(color="#e3e5e8", lw=0.8)
    axes.spines[["top", "right"]].set_visible(False)
