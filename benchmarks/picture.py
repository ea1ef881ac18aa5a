"""The picture at the head of the README: two details before and after, made by the networks.

python -m benchmarks.picture docs/before-after.jpg
"""

import asyncio
import io
import sys
from pathlib import Path

from PIL import Image

from service.inprocess import LocalRestorer

EXAMPLES = Path(__file__).parents[1] / "examples"
SIDE, GAP = 360, 8
# file, task, preset, and the detail's centre as a share of the photo's width and height
DETAILS = [
    ("parrots-small.png", "sr4x", "best", (0.36, 0.36)),
    ("market-q10.jpg", "jpeg", "best", (0.5, 0.5)),
]


def detail(photo: Image.Image, centre: tuple[float, float]) -> Image.Image:
    """SIDE x SIDE pixels around `centre`."""
    left, top = (
        round(min(max(share * length - SIDE / 2, 0), length - SIDE))
        for share, length in zip(centre, photo.size, strict=True)
    )
    return photo.crop((left, top, left + SIDE, top + SIDE))


async def main(out: Path) -> None:
    """Restore both examples and lay the details side by side."""
    strips: list[Image.Image] = []
    async with LocalRestorer() as restorer:
        for file, task, preset, centre in DETAILS:
            data = (EXAMPLES / file).read_bytes()
            made = await restorer.restore(data, task=task, preset=preset)
            after = Image.open(io.BytesIO(made.content)).convert("RGB")
            before = Image.open(io.BytesIO(data)).convert("RGB")
            before = before.resize(after.size, Image.Resampling.BICUBIC)
            strips += [detail(before, centre), detail(after, centre)]
    sheet = Image.new("RGB", (4 * SIDE + 3 * GAP, SIDE), "white")
    for index, strip in enumerate(strips):
        sheet.paste(strip, (index * (SIDE + GAP), 0))
    sheet.save(out, quality=94, subsampling=0)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
