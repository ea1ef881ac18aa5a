"""Model cards with pictures: what each network is, does well, and does badly.

    python -m benchmarks.cards --results OUT --cards docs/cards

OUT is what `benchmarks/quality.py` left. Each network of the model repository gets
<cards>/<network>.md, made from its own card, the photographs it was trained on, and the sheets
of its task's first evaluation: good, typical and worst photographs by LPIPS, peers beside it.
"""

import argparse
import csv
from collections import Counter
from pathlib import Path

from PIL import Image

from benchmarks.quality import RUNS
from bridge.contract import NetworkCard
from export.model_card import model_card
from export.model_repo import network_file, newest_version
from export.onnx_file import read_card
from rialto.evaluation.pictures import CAPTION, GAP, WINDOW, ZOOM

TRAINING_PHOTOS = Path(__file__).parents[1] / "docs" / "training-photos.tsv"
ROW = WINDOW * ZOOM + CAPTION + GAP  # height of one photo in a sheet
SHOWN = 2  # photos of each kind
SHEETS = {
    "good": "What it does best",
    "typical": "What is to be expected",
    "worst": "Where it fails",
}


def page(card: NetworkCard, pictures: list[tuple[str, str]]) -> str:
    """The card's Markdown with pictures, (heading, file), and the sources of its photographs."""
    lines = [model_card(card).rstrip(), ""]
    for heading, file in pictures:
        lines += [f"## {heading}", "", f"![{heading}]({file})", ""]
    lines += ["## Photographs it learnt from", "", _sources(), ""]
    return "\n".join(lines)


def draw(results: Path, cards: Path, card: NetworkCard) -> list[tuple[str, str]]:
    """Pictures of the task's first evaluation in `results`; none where there is none.

    A task's networks share them: a sheet has every preset.
    """
    folders = [results / run.folder for run in RUNS if run.task == card.task]
    folder = next((folder for folder in folders if (folder / "good.png").exists()), None)
    if folder is None:
        return []
    made = []
    for kind, heading in SHEETS.items():
        with Image.open(folder / f"{kind}.png") as sheet:
            top = 0 if kind != "worst" else max(sheet.height - GAP - SHOWN * ROW, 0)
            part = sheet.convert("RGB").crop(
                (0, top, sheet.width, min(top + SHOWN * ROW, sheet.height))
            )
        made.append((f"{heading} (by LPIPS, {folder.name})", f"{card.task}-{kind}.webp"))
        part.save(cards / made[-1][1], quality=70, method=6)
    if (folder / "plane.png").exists():
        with Image.open(folder / "plane.png") as plane:
            plane.convert("RGB").save(cards / f"{card.task}-plane.png", optimize=True)
        made.append(("Beside its peers", f"{card.task}-plane.png"))
    return made


def _sources() -> str:
    with TRAINING_PHOTOS.open() as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    counts = Counter(row["source"] for row in rows)
    listed = ", ".join(f"{source} {count}" for source, count in sorted(counts.items()))
    return (
        f"{len(rows)} photographs under free licences, each with its own in"
        f" [training-photos.tsv](../training-photos.tsv): {listed}."
    )


def main() -> None:
    """Write every network's page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, required=True, help="of benchmarks/quality.py")
    parser.add_argument("--cards", type=Path, default=Path("docs/cards"))
    parser.add_argument("--model-repo", type=Path, default=Path("model_repo"))
    asked = parser.parse_args()
    asked.cards.mkdir(parents=True, exist_ok=True)
    for folder in sorted(path for path in asked.model_repo.iterdir() if newest_version(path)):
        card = read_card(network_file(folder))
        text = page(card, draw(asked.results, asked.cards, card))
        (asked.cards / f"{card.name}.md").write_text(text)


if __name__ == "__main__":
    main()
