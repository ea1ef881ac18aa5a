"""Seconds per output megapixel of sr4x, beside the peers: one run, alternating rounds.

    python benchmarks/speed_peers.py --photos FOLDER

In every round each method restores the same photographs, so that whatever else this machine
does falls on all of them; a method's time is the median of its rounds. `--once` names peers
too slow for more than the first. Rialto's time is the embedded engine's, without codec and
HTTP; a peer's is its own restoring, without loading (see `benchmarks/peers/run.py`).
"""

import argparse
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

from bridge.evaluate import Score, evaluate, fidelity
from bridge.perceptual import lpips_metric
from rialto.commands.evaluate import PRESETS, Evaluation, methods_of
from rialto.evaluation.damage import damage_of, read_pairs

AGAINST = "waifu2x-photo"  # the peer that our times are stated as a share of


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, required=True, help="folder of photographs")
    parser.add_argument("--count", type=int, default=4, help="photographs taken of it")
    parser.add_argument("--crop", type=int, default=512, help="their central pixels; 0 is whole")
    parser.add_argument("--rounds", type=int, default=3, help="at least 3 for a median")
    parser.add_argument("--model-repo", type=Path, default=Path("model_repo"))
    parser.add_argument("--peers", default=f"realesr-animevideov3,{AGAINST}")
    parser.add_argument("--once", default="realesrgan-x4plus", help="peers of the first round")
    return parser.parse_args()


def names(listing: str) -> tuple[str, ...]:
    """The words of a comma-separated list."""
    return tuple(word for word in listing.split(",") if word)


def measure(asked: argparse.Namespace) -> dict[str, list[list[Score]]]:
    """By method, one list of scores a round."""
    once = names(asked.once)
    evaluation = Evaluation(
        task="sr4x",
        photos=asked.photos,
        out=Path(),
        model_repo=asked.model_repo,
        peers=(*names(asked.peers), *once),
    )
    damage = damage_of("sr4x")
    metrics = {**fidelity(damage.border), "lpips": lpips_metric()}
    pairs = read_pairs(damage, asked.photos, asked.crop, asked.count)
    rounds: dict[str, list[list[Score]]] = {}
    with methods_of(evaluation, damage) as methods:
        for preset in PRESETS:
            list(methods[preset](pairs[:1]))  # pays for allocations, as the peers' warm-up does
        for turn in range(asked.rounds):
            for name, method in methods.items():
                if turn == 0 or name not in once:
                    scores = [score for score, _ in evaluate(pairs, method, metrics)]
                    rounds.setdefault(name, []).append(scores)
    return rounds


def pace(scores: Sequence[Score]) -> float:
    """Seconds per megapixel over all photographs of a round."""
    return sum(score.seconds for score in scores) / sum(score.megapixels for score in scores)


def table(rounds: Mapping[str, Sequence[Sequence[Score]]]) -> str:
    """The measurement in Markdown: median, spread, and shares of two of the methods."""
    paces = {name: [pace(scores) for scores in turns] for name, turns in rounds.items()}
    median = {name: statistics.median(values) for name, values in paces.items()}
    heads = ["method", "s per megapixel", "least to most", "rounds"]
    heads += [f"× of {base}" for base in (AGAINST, "fast") if base in median]
    lines = [f"| {' | '.join([*heads, 'PSNR-Y', 'LPIPS-alex'])} |"]
    lines.append("|---|" + "---:|" * (len(heads) + 1))
    for name, turns in rounds.items():
        values = paces[name]
        cells = [name, f"{median[name]:.3g}", f"{min(values):.3g} to {max(values):.3g}"]
        cells.append(str(len(values)))
        cells += [f"{median[name] / median[b]:.3g}" for b in (AGAINST, "fast") if b in median]
        for metric, digits in (("psnr_y", 2), ("lpips", 3)):
            cells.append(f"{statistics.fmean(s.values[metric] for s in turns[0]):.{digits}f}")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def machine() -> str:
    """Processor, cores and load: what a time means nothing without."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    name = models[0] if models else platform.processor() or platform.machine()
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return f"{name}, {os.cpu_count()} cores, load {load}, Python {platform.python_version()}"


def main() -> None:
    """Measure and print."""
    asked = arguments()
    before = machine()
    rounds = measure(asked)
    part = f"central {asked.crop} px" if asked.crop else "whole"
    print(f"sr4x, {asked.photos.name}, {asked.count} photographs, {part}; {before}\n")
    print(table(rounds))


if __name__ == "__main__":
    main()
