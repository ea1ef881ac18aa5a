"""A torn or scratched photo, repaired where the mask is white.

python examples/inpaint.py photo.png mask.png out.png

The mask is an image of the photo's size. Where it is black, not a pixel changes.
"""

import argparse
import sys
from pathlib import Path

from rialto import Client

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("photo", type=Path)
parser.add_argument("mask", type=Path)
parser.add_argument("out", type=Path)
parser.add_argument("--seed", type=int, default=0, help="Another seed, another repair.")
parser.add_argument("--url", default="http://127.0.0.1:8000")
asked = parser.parse_args()

with Client(asked.url) as client:
    if "inpaint" not in (tasks := client.tasks()):
        sys.exit(f"this service does not inpaint; it has {', '.join(tasks)}")
    photo = client.restore(
        asked.photo, task="inpaint", mask=asked.mask, seed=asked.seed, format="png"
    )
    photo.save(asked.out)
    print(f"{asked.out}: {photo.network}, {photo.plan}")
