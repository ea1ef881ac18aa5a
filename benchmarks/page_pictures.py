"""Pictures of the page for docs/: a walk as its film shows it, and the page with a finished photo.

    python -m benchmarks.page_pictures --url http://127.0.0.1:8000

docs/walk.webp has a column for each of five steps: above what the walk stood at (x_t), below
what the network saw in it (x_0), a detail of the example. docs/page.webp is a screenshot.
"""

import argparse
import base64
import json
from io import BytesIO
from pathlib import Path

import httpx2
from PIL import Image
from playwright.sync_api import sync_playwright

from benchmarks.machine import EXAMPLE
from benchmarks.page import CHROMIUM, FLAGS

DOCS = Path(__file__).parents[1] / "docs"
SMALL = EXAMPLE.with_name("parrots-small.png")
COLUMNS = 5
DETAIL = (168, 60, 360, 252)  # of a preview, in its pixels


def walk(url: str) -> dict[tuple[int, str], Image.Image]:
    """The previews of the example's walk, by step and kind."""
    query = {"task": "sr4x", "preset": "best", "previews": "walk"}
    head = {"Accept": "text/event-stream"}
    found = {}
    with (
        httpx2.Client(base_url=url, timeout=600) as client,
        client.stream(
            "POST", "/restore", params=query, headers=head, content=SMALL.read_bytes()
        ) as answer,
    ):
        for event in httpx2.EventSource(answer):
            if event.event == "preview":
                told = json.loads(event.data)
                image = base64.b64decode(told["image"].partition(",")[2])
                found[told["step"], told["kind"]] = Image.open(BytesIO(image)).convert("RGB")
    return found


def strip(pictures: dict[tuple[int, str], Image.Image]) -> Image.Image:
    """Two rows, x_t above x_0, of steps evenly spread from the first to the last."""
    last = max(step for step, _ in pictures)
    steps = [1 + round(index * (last - 1) / (COLUMNS - 1)) for index in range(COLUMNS)]
    side, gap = DETAIL[2] - DETAIL[0], 4
    whole = Image.new("RGB", (COLUMNS * (side + gap) - gap, 2 * side + gap), "white")
    for column, step in enumerate(steps):
        for row, kind in enumerate(("x_t", "x_0")):
            place = (column * (side + gap), row * (side + gap))
            whole.paste(pictures[step, kind].crop(DETAIL), place)
    return whole


def screenshot(url: str) -> Image.Image:
    """The page with the example restored, before and after."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = chromium.new_page(viewport={"width": 1280, "height": 800})
        page.goto(url)
        page.get_by_role("radio").first.wait_for()
        page.locator("#tasks label:has([value=jpeg])").click()
        page.locator("#file").set_input_files(EXAMPLE)
        page.locator("#presets input[value=best]").check()
        page.locator("#seen").wait_for()
        page.get_by_role("button", name="Restore", exact=True).click()
        page.get_by_role("link", name="Download").wait_for(timeout=120_000)
        shot = Image.open(BytesIO(page.screenshot(animations="disabled")))
        chromium.close()
        return shot


def main() -> None:
    """Make both."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--url", required=True, help="a running service")
    url = parser.parse_args().url
    strip(walk(url)).save(DOCS / "walk.webp", quality=80, method=6)
    screenshot(url).convert("RGB").save(DOCS / "page.webp", quality=80, method=6)


if __name__ == "__main__":
    main()
