"""`rialto evaluate`: a folder of photographs becomes a table, a plane and sheets of crops.

Each photograph is damaged by the task's protocol, restored by every preset and every peer
on the same pixels, and judged by the same metrics. Into the output folder go:

  scores.tsv     one line a method and photo         plane.png   PSNR over LPIPS
  summary.md     means, and the medians of the time  good.png, typical.png, worst.png
  quality.json   the summary as network cards take it
  curve.png      quality against the number of evaluations, where it is asked for; curve.tsv
  damaged/       what every method was given, and the masks of what was to be filled
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from bridge.contract import PRESETS, PresetName
from bridge.evaluate import (
    Method,
    Metric,
    Pair,
    Score,
    UInt8,
    evaluate,
    fidelity,
    one_by_one,
    summarise,
)
from bridge.perceptual import dists_metric, lpips_metric
from rialto.evaluation.curve import draw_curve, write_curve
from rialto.evaluation.damage import Damage, damage_of, keep_damaged, read_pairs
from rialto.evaluation.embedded import Embedded, Restore
from rialto.evaluation.peers import known_peers, run_peer, without_weak_settings
from rialto.evaluation.pictures import Gallery
from rialto.evaluation.report import Report, record_quality

DEEP_METRICS: dict[str, Callable[[], Metric]] = {
    "lpips": partial(lpips_metric, "alex"),
    "lpips_vgg": partial(lpips_metric, "vgg"),
    "dists": dists_metric,
}


@dataclass(frozen=True)
class Evaluation:
    """What is asked for.

    presets   of ours, the most faithful first; None takes all that the task has
    crop      side of the central part that is judged, in pixels; 0 is the whole photograph
    strength  of the damage, as `rialto.evaluation.damage.damage_of` takes it
    metrics   names of DEEP_METRICS; PSNR-Y and SSIM-Y are always there
    curve     numbers of evaluations to draw the boldest preset's quality against
    record    write the scores into the cards of the networks in `model_repo`
    """

    task: str
    photos: Path
    out: Path
    model_repo: Path = Path("model_repo")
    presets: tuple[PresetName, ...] | None = None
    peers: tuple[str, ...] = ()
    crop: int = 256
    strength: str | None = None
    metrics: tuple[str, ...] = ("lpips",)
    threads: int | None = None
    seed: int = 0
    record: bool = False
    curve: tuple[int, ...] = ()

    @property
    def command(self) -> str:
        """The command line that measures this again, the folder by its bare name."""
        words = ["rialto", "evaluate", self.task, "--photos", self.photos.name]
        words += ["--crop", str(self.crop)]
        if self.strength:
            words += ["--damage", self.strength]
        if self.peers:
            words += ["--peers", ",".join(self.peers)]
        return " ".join(words)

    def set_name(self, count: int) -> str:
        """The photographs in words."""
        part = f"central {self.crop} px" if self.crop else "whole"
        return f"{self.photos.name}, {count} photographs, {part}"


def run(asked: Evaluation, *, as_json: bool = False) -> Report:
    """Measure, write everything into `asked.out`, and print the table, or all means as JSON.

    Raises ValueError for a task, preset, peer, metric or photograph that cannot be measured,
    WeightsError or PeerError for something that is not installed.
    """
    damage = damage_of(asked.task, asked.strength)
    known_peers(asked.task, asked.peers)  # an unknown one is refused before any work
    metrics = {**fidelity(damage.border), **deep_metrics(asked.metrics)}
    pairs = read_pairs(damage, asked.photos, asked.crop)
    keep_damaged(asked.out / "damaged", pairs)
    gallery = Gallery(pairs)
    scores: dict[str, list[Score]] = {}
    to_a_person = Progress(transient=True, console=Console(stderr=True))
    with methods_of(asked, damage) as methods, to_a_person as progress:
        ours = tuple(preset for preset in PRESETS if preset in methods)
        for name, method in methods.items():
            bar = progress.add_task(name, total=len(pairs))
            scores[name] = []
            for score, pixels in evaluate(pairs, method, metrics):
                scores[name].append(score)
                gallery.add(name, score.photo, pixels)
                progress.advance(bar)
    scores = without_weak_settings(scores)
    gallery.keep(scores)
    for pair in pairs:
        gallery.add("original", pair.name, pair.original)
    photos = f"{asked.set_name(len(pairs))}, {damage.name}"
    report = Report(asked.task, photos, asked.command, damage.baseline, ours, scores)
    report.write(asked.out)
    report.draw(asked.out, gallery)
    if asked.curve:
        _draw_curve(asked, pairs, metrics, report)
    if asked.record:
        record_quality(asked.model_repo, asked.task, report.qualities())
    if as_json:
        print(json.dumps(report.record(), ensure_ascii=False))
    else:
        Console().print(report.text, markup=False, highlight=False, soft_wrap=True)
    return report


def deep_metrics(names: Sequence[str]) -> dict[str, Metric]:
    """The metrics of DEEP_METRICS by name; raises ValueError for an unknown one."""
    for name in names:
        if name not in DEEP_METRICS:
            raise ValueError(f"no metric {name!r}, only {', '.join(DEEP_METRICS)}")
    return {name: make() for name, make in DEEP_METRICS.items() if name in names}


@contextmanager
def methods_of(asked: Evaluation, damage: Damage) -> Iterator[dict[str, Method]]:
    """The baseline, the presets and the peers by name, in the order that tables show them."""
    untouched = one_by_one(lambda pair: damage.show(pair.damaged))
    methods: dict[str, Method] = {damage.baseline: untouched}
    with Embedded(asked.model_repo, asked.threads, asked.seed) as embedded:
        wanted = embedded.presets_of(asked.task) if asked.presets is None else asked.presets
        for preset in wanted:
            methods[preset] = one_by_one(_of_pair(embedded.restorer(asked.task, preset)))
        for peer in known_peers(asked.task, asked.peers):
            methods.setdefault(peer, partial(run_peer, peer, damage))
        yield methods


def _draw_curve(
    asked: Evaluation, pairs: Sequence[Pair], metrics: Mapping[str, Metric], report: Report
) -> None:
    """Quality against evaluations: the last preset's sampler, `asked.curve` times."""
    summaries = {}
    with Embedded(asked.model_repo, asked.threads, asked.seed) as embedded:
        for steps in asked.curve:
            boldest = embedded.restorer(asked.task, report.presets[-1], steps)
            method = one_by_one(_of_pair(boldest))
            scores = [score for score, _ in evaluate(pairs, method, metrics)]
            summaries[steps] = summarise(f"{steps}", scores)
    write_curve(summaries, asked.out / "curve.tsv")
    draw_curve(summaries, report.summaries, report.presets, report.title, asked.out / "curve.png")


def _of_pair(restore: Restore) -> Callable[[Pair], UInt8]:
    return lambda pair: restore(pair.damaged, pair.holes, pair.file)
