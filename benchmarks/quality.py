"""Quality of every task's presets beside the peers: central crops, then whole photographs.

    python benchmarks/quality.py --photos FOLDER --out FOLDER [--tasks sr4x,jpeg]

Runs `rialto evaluate` once for each row of RUNS whose task the model repository has, and leaves
each one's table, plane, sheets and damaged photos in a folder of its own.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

from export.model_repo import network_file, newest_version
from export.onnx_file import read_card
from rialto.commands.evaluate import Evaluation, run

DEEP = ("lpips", "dists")


@dataclass(frozen=True)
class Run:
    """One evaluation: of which task, how strongly damaged, beside whom, on crops or whole (0)."""

    task: str
    strength: str | None
    crop: int
    peers: tuple[str, ...]
    metrics: tuple[str, ...] = DEEP

    @property
    def folder(self) -> str:
        """A name for its results."""
        parts = (self.task, self.strength, str(self.crop or "whole"))
        return "-".join(part for part in parts if part)


# On whole photographs without Real-ESRGAN x4plus (15 s a megapixel) and DISTS (14 s).
FIDELITY_AND_LPIPS = ("lpips",)
INPAINTERS = ("navier-stokes", "telea")
DECONVOLUTIONS = ("richardson-lucy", "wiener")
RUNS = (
    Run("sr4x", None, 256, ("waifu2x-photo", "realesr-animevideov3", "realesrgan-x4plus")),
    Run("sr4x", None, 0, ("waifu2x-photo", "realesr-animevideov3"), FIDELITY_AND_LPIPS),
    Run("sr4x-real", None, 256, ("waifu2x-photo", "realesr-animevideov3", "realesrgan-x4plus")),
    Run("jpeg", "q10", 256, ("bilateral", "jpegqs-q3", "jpegqs-q6")),
    Run("jpeg", "q10", 0, ("jpegqs-q6",), FIDELITY_AND_LPIPS),
    Run("jpeg", "q30", 256, ("bilateral", "jpegqs-q3", "jpegqs-q6")),
    Run("inpaint", "scratches10", 256, INPAINTERS),
    Run("inpaint", "boxes64", 256, INPAINTERS),
    Run("inpaint", "freeform30", 256, INPAINTERS),
    Run("inpaint", "scratches10", 0, INPAINTERS, FIDELITY_AND_LPIPS),
    Run("inpaint", "boxes64", 0, INPAINTERS, FIDELITY_AND_LPIPS),
    Run("deblur", "sigma1", 256, DECONVOLUTIONS),
    Run("deblur", "sigma2", 256, DECONVOLUTIONS),
    Run("deblur", "sigma3", 256, DECONVOLUTIONS),
    Run("mixture", None, 256, ("bilateral",)),
    Run("denoise", "noise25", 256, ("bilateral", "nl-means", "bm3d")),
)


def main() -> None:
    """Evaluate, one run after the other."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, required=True, help="folder of photographs")
    parser.add_argument("--out", type=Path, required=True, help="where tables and pictures go")
    parser.add_argument("--model-repo", type=Path, default=Path("model_repo"))
    parser.add_argument("--tasks", default="", help="comma-separated; all that there are")
    parser.add_argument("--no-peers", action="store_true", help="measure our presets alone")
    parser.add_argument("--record", action="store_true", help="write scores into the cards")
    asked = parser.parse_args()
    folders = (path for path in asked.model_repo.iterdir() if newest_version(path))
    there = {read_card(network_file(folder)).task for folder in folders}
    tasks = set(asked.tasks.split(",")) if asked.tasks else there
    for row in RUNS:
        if row.task not in tasks:
            continue
        evaluation = Evaluation(
            task=row.task,
            photos=asked.photos,
            out=asked.out / row.folder,
            model_repo=asked.model_repo,
            peers=() if asked.no_peers else row.peers,
            crop=row.crop,
            strength=row.strength,
            metrics=row.metrics,
            record=asked.record,
        )
        run(evaluation)


if __name__ == "__main__":
    main()
