"""What an evaluation leaves behind: scores, a summary, quality for the cards, and pictures."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from pathlib import Path
from typing import Any

from bridge.contract import PresetName, Quality
from bridge.evaluate import Score, Summary, markdown_table, summarise, write_tsv
from export.model_repo import network_file, newest_version, replace_card
from export.onnx_file import read_card
from rialto.evaluation.pictures import Gallery, captions_of, draw_plane, ranked


@dataclass(frozen=True)
class Report:
    """One evaluation's scores and how they came about.

    photos    the set and the damage in words
    baseline  the method that is the damaged photo itself
    presets   the methods that are ours, the most faithful first
    scores    by method, in the order that tables show them
    """

    task: str
    photos: str
    command: str
    baseline: str
    presets: Sequence[PresetName]
    scores: Mapping[str, Sequence[Score]]

    @property
    def title(self) -> str:
        """The line above the table and the plane."""
        return f"{self.task}: {self.photos}"

    @cached_property
    def summaries(self) -> list[Summary]:
        """One row a method."""
        return [summarise(name, rows) for name, rows in self.scores.items()]

    @cached_property
    def text(self) -> str:
        """The summary in Markdown."""
        return f"{self.title}\n\n{markdown_table(self.summaries)}\n\n`{self.command}`\n"

    def record(self) -> dict[str, Any]:
        """The summary for programs, in the order of the table; an infinite mean is None."""
        return {
            "task": self.task,
            "photos": self.photos,
            "command": self.command,
            "methods": [
                {
                    "method": summary.method,
                    "photos": summary.photos,
                    **{name: _finite(mean) for name, mean in summary.values.items()},
                    "seconds_per_megapixel": summary.seconds_per_megapixel,
                }
                for summary in self.summaries
            ],
        }

    def qualities(self) -> dict[PresetName, Quality]:
        """The presets' summaries as their network's card takes them."""
        by_name = {summary.method: summary for summary in self.summaries}
        start = by_name[self.baseline]
        return {
            preset: Quality(
                photos=self.photos,
                psnr_y=round(ours.values["psnr_y"], 3),
                ssim=round(ours.values["ssim"], 4),
                lpips=_rounded(ours, "lpips"),
                dists=_rounded(ours, "dists"),
                input_psnr_y=round(start.values["psnr_y"], 3),
                input_lpips=_rounded(start, "lpips"),
                seconds_per_megapixel=round(ours.seconds_per_megapixel, 3),
                command=self.command,
            )
            for preset in self.presets
            for ours in [by_name[preset]]
        }

    def write(self, out: Path) -> None:
        """Put scores.tsv, summary.md and quality.json into `out`."""
        out.mkdir(parents=True, exist_ok=True)
        write_tsv(out / "scores.tsv", self.scores)
        (out / "summary.md").write_text(self.text)
        cards = {preset: quality.model_dump() for preset, quality in self.qualities().items()}
        (out / "quality.json").write_text(json.dumps(cards, indent=1) + "\n")

    def draw(self, out: Path, gallery: Gallery) -> None:
        """Put three sheets and, where LPIPS was measured, the plane into `out`."""
        # Photos are ranked by our boldest preset: where it goes wrong is what must be seen.
        judge = self.scores[self.presets[-1] if self.presets else self.baseline]
        measured = "lpips" in judge[0].values
        metric = "lpips" if measured else "psnr_y"
        captions = captions_of(self.scores)
        for kind, photos in ranked(judge, metric, higher=not measured).items():
            gallery.sheet(photos, captions).save(out / f"{kind}.png", optimize=True)
        if measured:
            draw_plane(self.summaries, self.presets, self.title, out / "plane.png")


def record_quality(
    model_repo: Path, task: str, measured: Mapping[PresetName, Quality]
) -> list[Path]:
    """Put scores into the cards of the task's networks, in place of older ones of the same set.

    The weights stay as they are. Returns the networks' folders.
    """
    folders = []
    for folder in sorted(path for path in model_repo.iterdir() if newest_version(path)):
        card = read_card(network_file(folder))
        if card.task != task:
            continue
        presets = dict(card.presets)
        for name in presets.keys() & measured.keys():
            new = measured[name]
            kept = [old for old in presets[name].quality if old.photos != new.photos]
            presets[name] = presets[name].model_copy(update={"quality": (*kept, new)})
        folders.append(folder)
        replace_card(folder, card.model_copy(update={"presets": presets}))
    return folders


def _rounded(summary: Summary, metric: str) -> float | None:
    return round(summary.values[metric], 4) if metric in summary.values else None


def _finite(mean: float) -> float | None:
    return mean if isfinite(mean) else None
