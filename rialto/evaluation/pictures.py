"""What an evaluation looks like: sheets of crops side by side, and the PSNR-LPIPS plane."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from bridge.degrade.strokes import Mask
from bridge.evaluate import Pair, Score, Summary
from bridge.photos import busy

UInt8 = NDArray[np.uint8]

WINDOW = 128  # pixels a side of the part of a photo that a sheet shows
ZOOM = 2  # a sheet shows every pixel as ZOOM x ZOOM
GAP = 6
CAPTION = 40  # height of the two lines below a crop
ROWS = 4  # photos a sheet


def busiest_window(photo: UInt8, holes: Mask | None = None) -> tuple[int, int, int]:
    """(top, left, side) of the window with the most texture, of those on a grid of half its side.

    Of a photo with holes, the most texture and holes together. A photo smaller than WINDOW is its
    own window, cut square.
    """
    side = min(WINDOW, *photo.shape[:2])
    step = max(side // 2, 1)
    corners = [
        (top, left)
        for top in range(0, photo.shape[0] - side + 1, step)
        for left in range(0, photo.shape[1] - side + 1, step)
    ]

    def shown(at: tuple[int, int]) -> float:
        window = slice(at[0], at[0] + side), slice(at[1], at[1] + side)
        return busy(photo[window]) * (1.0 if holes is None else float(holes[window].mean()))

    top, left = max(corners, key=shown)
    return top, left, side


class Gallery:
    """The same window of every method's restoration, kept until the sheets are drawn."""

    def __init__(self, pairs: Sequence[Pair]) -> None:
        """The originals and holes of `pairs` choose the windows."""
        self._windows = {pair.name: busiest_window(pair.original, pair.holes) for pair in pairs}
        self._crops: dict[str, dict[str, UInt8]] = {pair.name: {} for pair in pairs}

    def add(self, method: str, photo: str, pixels: UInt8) -> None:
        """Keep `method`'s restoration of `photo`; columns stand in the order methods came."""
        top, left, side = self._windows[photo]
        self._crops[photo][method] = pixels[top : top + side, left : left + side].copy()

    def keep(self, methods: Collection[str]) -> None:
        """Forget what other methods made."""
        for crops in self._crops.values():
            for method in crops.keys() - set(methods):
                del crops[method]

    def sheet(self, photos: Sequence[str], captions: Mapping[tuple[str, str], str]) -> Image.Image:
        """One row a photo, one column a method; captions by (method, photo)."""
        cell = WINDOW * ZOOM
        columns = len(self._crops[photos[0]])
        size = columns * (cell + GAP) + GAP, len(photos) * (cell + CAPTION + GAP) + GAP
        sheet = Image.new("RGB", size, "white")
        draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(14)
        for row, photo in enumerate(photos):
            y = GAP + row * (cell + CAPTION + GAP)
            for column, (method, crop) in enumerate(self._crops[photo].items()):
                x = GAP + column * (cell + GAP)
                side = crop.shape[0] * ZOOM
                tile = Image.fromarray(crop).resize((side, side), Image.Resampling.NEAREST)
                sheet.paste(tile, (x, y))
                text = f"{method}\n{captions.get((method, photo), photo)}"
                draw.multiline_text((x + 2, y + cell + 2), text, fill="black", font=font)
        return sheet


def ranked(scores: Sequence[Score], metric: str, *, higher: bool) -> dict[str, list[str]]:
    """Photos for three sheets: `good`, `typical` (around the median) and `worst`, best first."""
    order = sorted(scores, key=lambda score: score.values[metric], reverse=higher)
    names = [score.photo for score in order]
    middle = max((len(names) - ROWS) // 2, 0)
    return {
        "good": names[:ROWS],
        "typical": names[middle : middle + ROWS],
        "worst": names[-ROWS:],
    }


def captions_of(scores: Mapping[str, Sequence[Score]]) -> dict[tuple[str, str], str]:
    """PSNR and, where measured, LPIPS of every crop's photo, by (method, photo)."""
    captions = {}
    for method, rows in scores.items():
        for row in rows:
            text = f"{row.values['psnr_y']:.2f} dB"
            if "lpips" in row.values:
                text += f"   LPIPS {row.values['lpips']:.3f}"
            captions[method, row.photo] = text
    return captions


def draw_plane(summaries: Sequence[Summary], ours: Sequence[str], title: str, file: Path) -> None:
    """PSNR-Y over LPIPS-alex, best at the upper left; our presets joined by a line."""
    figure = Figure(figsize=(7.5, 5), dpi=150, layout="constrained")
    axes = figure.add_subplot()
    points = {s.method: (s.values["lpips"], s.values["psnr_y"]) for s in summaries}
    walk = np.array([points[name] for name in ours]).reshape(-1, 2)
    others = np.array([at for name, at in points.items() if name not in ours]).reshape(-1, 2)
    axes.plot(*walk.T, "o-", color="#0b6e4f", markersize=8, zorder=3)
    axes.plot(*others.T, "o", color="#8a8f98", markersize=7)
    for name, point in points.items():
        mine = name in ours
        axes.annotate(
            f"Rialto {name}" if mine else name,
            point,
            xytext=(-7, 6) if mine else (8, -12),
            horizontalalignment="right" if mine else "left",
            textcoords="offset points",
            fontsize=9,
            fontweight="bold" if mine else "normal",
            color="#0b6e4f" if mine else "#4a4f57",
        )
    axes.margins(x=0.28, y=0.16)  # room for the labels
    axes.set_xlabel("LPIPS-alex, lower is nearer to the original for the eye")
    axes.set_ylabel("PSNR-Y in dB, higher is more faithful")
    axes.set_title(title, fontsize=10)
    axes.grid(color="#e3e5e8", linewidth=0.8)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(file)
