"""`rialto plot`: the learning curve of a training run, as a picture."""

import json
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot


def plot(log: Path, out: Path) -> None:
    """Validation gain over the damaged photo, and the learning rate, against iterations.

    Raises ValueError where the log holds no record.
    """
    records = [json.loads(line) for line in log.read_text().splitlines()]
    if not records:
        raise ValueError(f"{log} holds no record yet")
    iterations = [record["iteration"] for record in records]
    figure, axes = pyplot.subplots(figsize=(7, 4), layout="constrained")
    axes.plot(iterations, [record["gain"] for record in records], color="#1f5f8b")
    axes.set_xlabel("iterations")
    axes.set_ylabel("PSNR-Y of one step, dB over the damaged photo")
    axes.grid(alpha=0.3)
    rate = axes.twinx()
    rate.plot(iterations, [record["rate"] for record in records], color="#999999", lw=0.8)
    rate.set_ylabel("learning rate")
    rate.set_ylim(bottom=0)
    axes.set_title(f"{log.parent.name}: {records[-1]['psnr_y']:.2f} dB")
    figure.savefig(out, dpi=120)
    pyplot.close(figure)
