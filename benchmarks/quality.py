"""Quality of every preset beside the peers: central crops, then whole photographs.

    python benchmarks/quality.py --photos FOLDER --out FOLDER

Runs `rialto evaluate` four times (sr4x and jpeg q10, crops of 256 px and whole) and leaves
each one's table, plane and sheets in a folder of its own.
"""

import argparse
from pathlib import Path

from rialto.commands.evaluate import Evaluation, run

PEERS = {
    # Real-ESRGAN x4plus takes 15 s a megapixel: on crops alone.
    ("sr4x", 256): ("waifu2x-photo", "realesr-animevideov3", "realesrgan-x4plus"),
    ("sr4x", 0): ("waifu2x-photo", "realesr-animevideov3"),
    ("jpeg", 256): ("bilateral", "jpegqs-q3", "jpegqs-q6"),
    ("jpeg", 0): ("jpegqs-q6",),
}


def main() -> None:
    """Evaluate, one task and crop after the other."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, required=True, help="folder of photographs")
    parser.add_argument("--out", type=Path, required=True, help="where tables and pictures go")
    parser.add_argument("--model-repo", type=Path, default=Path("model_repo"))
    parser.add_argument("--no-peers", action="store_true", help="measure our presets alone")
    parser.add_argument("--record", action="store_true", help="write scores into the cards")
    asked = parser.parse_args()
    for (task, crop), peers in PEERS.items():
        evaluation = Evaluation(
            task=task,
            photos=asked.photos,
            out=asked.out / f"{task}-{crop or 'whole'}",
            model_repo=asked.model_repo,
            peers=() if asked.no_peers else peers,
            crop=crop,
            record=asked.record,
        )
        run(evaluation)


if __name__ == "__main__":
    main()
