"""The walk of a bridge, picture by picture, into a folder.

python examples/watch_steps.py scan.jpg steps/ --task jpeg

x_0 is the estimate of the restored photo at every step, x_t is where the walk stands. A
connection that breaks is taken up where it broke; Ctrl-C stops the work in the service too.
"""

import argparse
import asyncio
from pathlib import Path

from rialto import AsyncClient, Preview, Progress


def show(progress: Progress) -> None:
    """One line a step."""
    left = f", {progress.eta_seconds:.1f} s left" if progress.eta_seconds else ""
    print(f"step {progress.step} of {progress.steps}{left}")


async def watch(photo: Path, folder: Path, task: str, url: str) -> None:
    """Restore `photo`, with every preview as a file of its own."""

    def keep(preview: Preview) -> None:
        name = f"{preview.step:03d}-{preview.kind}.webp"
        (folder / name).write_bytes(preview.content)

    async with AsyncClient(url) as client:
        restored = await client.restore(
            photo, task=task, preset="best", on_progress=show, on_preview=keep, previews="walk"
        )
    restored.save(folder / f"restored{restored.suffix}", overwrite=True)


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("photo", type=Path)
parser.add_argument("folder", type=Path)
parser.add_argument("--task", default="jpeg")
parser.add_argument("--url", default="http://127.0.0.1:8000")
asked = parser.parse_args()
asked.folder.mkdir(parents=True, exist_ok=True)
asyncio.run(watch(asked.photo, asked.folder, asked.task, asked.url))
