"""One photo, restored.

python examples/restore_one.py scan.jpg out.png --task jpeg
"""

import argparse
from pathlib import Path

from rialto import Client

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("photo", type=Path)
parser.add_argument("out", type=Path)
parser.add_argument("--task", default="jpeg")
parser.add_argument("--preset", default="balanced")
parser.add_argument("--url", default="http://127.0.0.1:8000")
asked = parser.parse_args()

with Client(asked.url) as client:
    photo = client.restore(asked.photo, task=asked.task, preset=asked.preset, seed=1)
    photo.save(asked.out)
    print(f"{asked.out}: {photo.network}, {photo.plan}, seed {photo.seed}")
    print(", ".join(f"{stage} {ms:.0f} ms" for stage, ms in photo.timing.items()))
