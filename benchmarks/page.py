"""The page in a real browser: time to the first interaction, and panning 24 megapixels.

    python -m benchmarks.page

Beside an empty page in the same run, in turns: what the browser and this machine's load take
falls on both. Every opening is cold: a new context without a cache. "Ready" is when the tasks
can be chosen, as the page itself sees it, from the start of navigation on. The pan moves a
photo of 6000 x 4000 pixels, before and after, at 100 % in the slider, a stride a frame.
"""

import argparse
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, Page, Route, sync_playwright

from benchmarks.machine import machine_line, percentile, photo
from tests.conftest import start_service

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
SIDES = (6000, 4000)
EMPTY = "<!doctype html><title>Empty</title><button>Nothing</button>"

# Resolves with milliseconds since navigation began, once `find` matches and a frame was drawn.
READY = """(find) => new Promise((resolve) => {
    const look = () => document.querySelector(find)
        ? requestAnimationFrame(() => resolve(performance.now())) : setTimeout(look, 1);
    look();
})"""

# Lays two photos out as a finished restoration, by the code that opens one of the history.
LAY = """async (sides) => {
    const { recall } = await import("/web/incoming.js");
    const file = async (name) => (await fetch(name)).blob();
    const [before, after] = [await file("/before.jpg"), await file("/after.jpg")];
    const [width, height] = sides;
    await recall({
        name: "large.jpg", before, after,
        parameters: { task: "jpeg", preset: "fast", seed: "0", format: "jpeg", metadata: "keep" },
        done: { width, height, input_width: width, input_height: height, bytes: after.size,
                content_type: "image/jpeg", network: "-", plan: "-", seed: 0, timing: {} },
    });
}"""

# Milliseconds of each frame while `step` is called once a frame.
FRAMES = """async ([count, pans]) => {
    const viewer = pans && (await import("/web/desk.js")).stage.viewer;
    if (pans) viewer.zoomTo(1);
    const times = [];
    let last = await new Promise(requestAnimationFrame);
    for (let at = 0; at < count; at += 1) {
        if (pans) viewer.moveBy(at % 60 < 30 ? -24 : 24, at % 40 < 20 ? -16 : 16);
        const now = await new Promise(requestAnimationFrame);
        times.push(now - last);
        last = now;
    }
    return times;
}"""


@contextmanager
def service(given: str) -> Iterator[str]:
    """The origin of the service that was given, else of one of our own."""
    if given:
        yield given.rstrip("/")
        return
    with TemporaryDirectory() as folder:
        live = start_service(Path(folder))
        yield live.url
        live.stop()


def opening(browser: Browser, url: str, find: str) -> float:
    """Milliseconds until a cold page is ready."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    serve_empty(page)
    page.goto(url, wait_until="commit")
    taken: float = page.evaluate(READY, find)
    context.close()
    return taken


def serve_empty(page: Page) -> None:
    """Let the browser find an empty page beside the service's own."""
    page.route("**/empty", lambda route: route.fulfill(body=EMPTY, content_type="text/html"))


def panning(browser: Browser, url: str, count: int) -> tuple[list[float], list[float]]:
    """Milliseconds a frame: of an empty page, and while 24 megapixels are moved."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    serve_empty(page)
    page.goto(f"{url}/empty")
    idle: list[float] = page.evaluate(FRAMES, [count, False])
    held = BytesIO()
    photo(*SIDES).save(held, "JPEG", quality=90)

    def fulfil(route: Route) -> None:
        route.fulfill(body=held.getvalue(), content_type="image/jpeg")

    for name in ("before", "after"):
        page.route(f"**/{name}.jpg", fulfil)
    page.goto(url)
    page.get_by_role("radio").first.wait_for()
    page.evaluate(LAY, list(SIDES))
    page.evaluate(FRAMES, [30, True])  # Decodes what will be seen.
    return idle, page.evaluate(FRAMES, [count, True])


def row(name: str, values: list[float]) -> str:
    """Median and 95th percentile in milliseconds."""
    return f"| {name} | {statistics.median(values):.0f} | {percentile(values, 0.95):.0f} |"


def rate(name: str, values: list[float]) -> str:
    """Frames a second, on average and by the slowest 5 %."""
    mean = 1000 * len(values) / sum(values)
    return f"| {name} | {mean:.0f} | {1000 / percentile(values, 0.95):.0f} |"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10, help="openings of each page")
    parser.add_argument("--frames", type=int, default=240, help="frames of the pan")
    parser.add_argument("--url", default="", help="a running service; else one is started")
    asked = parser.parse_args()
    before = machine_line()
    times: dict[str, list[float]] = {"empty": [], "page": []}
    with service(asked.url) as url, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for _ in range(asked.rounds):
            times["empty"].append(opening(chromium, f"{url}/empty", "button"))
            times["page"].append(opening(chromium, url, "#tasks input"))
        idle, pan = panning(chromium, url, asked.frames)
        chromium.close()
    print(before)
    print("\n| cold opening | ms, median | ms, 95 % |\n|---|---:|---:|")
    print(row("empty page", times["empty"]))
    print(row("the page, tasks to choose", times["page"]))
    print("\n| frames a second | mean | slowest 5 % |\n|---|---:|---:|")
    print(rate("empty page", idle))
    print(rate("24 megapixels in the slider, 100 %", pan))


if __name__ == "__main__":
    main()
