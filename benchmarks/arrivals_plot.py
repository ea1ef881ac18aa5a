"""What `benchmarks.arrivals` measured, as a table and as a picture."""

from dataclasses import dataclass
from pathlib import Path

import matplotlib

from benchmarks.machine import percentile

matplotlib.use("Agg")
from matplotlib import pyplot

Pair = tuple["Curve", "Curve"]  # by steps, by whole requests

SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
COLOURS, NAMES = ("#1f5f8b", "#c0562b"), ("step-level (Rialto)", "request-level")
LINES = {"p50": "-", "p95": "--", "p99": ":"}


@dataclass(frozen=True)
class Curve:
    """Seconds from arrival to first step and to the end, sorted; photos a second; the load that
    was meant and the one that was met, as shares of capacity."""

    first: list[float]
    end: list[float]
    rate: float
    share: float
    met: float


def table(pairs: list[Pair]) -> str:
    """A row a load and a way of batching; seconds."""
    times = "p50 / p95 / p99, s"
    lines = [
        f"| load (met) | batching | first step {times} | end {times} | photos/s |",
        "|---|---|---:|---:|---:|",
    ]
    lines += [row(*one) for pair in pairs for one in zip(NAMES, pair, strict=True)]
    return "\n".join(lines)


def row(name: str, curve: Curve) -> str:
    """One way of batching at one load."""
    first, end = (
        " / ".join(f"{percentile(values, share):.2f}" for share in SHARES.values())
        for values in (curve.first, curve.end)
    )
    load = f"{curve.share:g} ({curve.met:.2f})"
    return f"| {load} | {name} | {first} | {end} | {curve.rate:.2f} |"


def plot(pairs: list[Pair], picture: Path) -> None:
    """Two panels over the load: to the first step, to the end; logarithmic seconds."""
    figure, panels = pyplot.subplots(1, 2, figsize=(9, 4.4), sharey=True, layout="constrained")
    for axes, what in zip(panels, ("first", "end"), strict=True):
        for way, (name, colour) in enumerate(zip(NAMES, COLOURS, strict=True)):
            curves = [pair[way] for pair in pairs]
            for label, share in SHARES.items():
                axes.plot(
                    [curve.share for curve in curves],
                    [percentile(getattr(curve, what), share) for curve in curves],
                    LINES[label],
                    color=colour,
                    marker="o",
                    markersize=3,
                    label=f"{name}, {label}",
                )
        axes.set_yscale("log")
        axes.set_xlabel("arrivals, as a share of capacity")
        axes.set_xticks([curve.share for curve in curves])
        axes.grid(alpha=0.3, which="both", linewidth=0.5)
    panels[0].set_ylabel("seconds from arrival")
    panels[0].set_title("to the first step")
    panels[1].set_title("to the end")
    lines = panels[0].get_legend_handles_labels()
    figure.legend(*lines, fontsize=7, ncol=2, loc="outside lower center")
    figure.savefig(picture, dpi=100)
    pyplot.close(figure)
