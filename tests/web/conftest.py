"""A real Chromium on the page of the real service, watched for whatever must never happen."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Page, Request, Response, sync_playwright

CHROMIUM = "/usr/bin/chromium"
OPENINGS = 5
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]

# Runs before the page's own scripts; a console message alone would not name the directive.
WATCH_POLICY = """
    window.violations = [];
    document.addEventListener("securitypolicyviolation",
        (event) => window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
"""


class Service(Protocol):
    """What `live_service` gives: the service's origin, without a slash at its end."""

    url: str


# Function-wide scopes would start Chromium for every test; a wider one than the module would
# keep Playwright's event loop alive under the other rooms' asynchronous tests.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(params=[(1280, 800)], ids=["desktop"])
def page(request: pytest.FixtureRequest, browser: Browser, live_service: Service) -> Iterator[Page]:
    """The page, ready for a photo; see `opened`."""
    with opened(browser, live_service.url, request.param) as page:
        yield page


@contextmanager
def opened(browser: Browser, url: str, size: tuple[int, int] = (1280, 800)) -> Iterator[Page]:
    """The page of the service at `url`, ready for a photo.

    It fails a test in which the page broke one of its rules: a script error, a breach of the
    content security policy, a request to another origin, or an error answer to anything but
    a restoration or a job's photo.
    """
    width, height = size
    context = browser.new_context(viewport={"width": width, "height": height})
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=url)
    page = context.new_page()
    wrongs: list[str] = []

    def inspect_request(sent: Request) -> None:
        if not sent.url.startswith((f"{url}/", f"blob:{url}/")):
            wrongs.append(f"left the origin: {sent.url}")

    def inspect_response(answer: Response) -> None:
        door = urlsplit(answer.url).path.split("/")[1]
        of_a_photo = door in ("restore", "restorations") or answer.request.method == "PUT"
        if answer.status >= 400 and not of_a_photo:
            wrongs.append(f"{answer.status}: {answer.url}")

    page.on("request", inspect_request)
    page.on("response", inspect_response)
    page.on("pageerror", lambda error: wrongs.append(str(error)))
    page.on(
        "console",
        lambda said: (
            wrongs.append(said.text)
            if said.type == "error" and not said.text.startswith("Failed to load resource")
            else None
        ),
    )
    # Choosers are intercepted from the first listener on, but not at once: asked for no sooner
    # than at the key press, the interception comes too late in a third of the cases.
    page.on("filechooser", lambda _: None)
    page.add_init_script(WATCH_POLICY)
    load(page, url)
    page.get_by_role("radio").first.wait_for()
    yield page
    wrongs += page.evaluate("window.violations")
    context.close()
    assert wrongs == []


def load(page: Page, url: str) -> None:
    """Open `url`, again where Chromium dropped what it loaded because one of the machine's network
    interfaces came or went, such as a container's.
    """
    dropped: list[Request] = []
    page.on("requestfailed", lambda sent: dropped.append(sent) if changed(sent) else None)
    for _ in range(OPENINGS):
        dropped.clear()
        page.goto(url)
        if not dropped:
            return


def changed(sent: Request) -> bool:
    """Whether a request failed since the machine's network changed."""
    return sent.failure == "net::ERR_NETWORK_CHANGED"


class DrawPhoto(Protocol):
    """Draws a picture with a sky, a sun and a bridge."""

    def __call__(self, name: str, size: tuple[int, int] = (96, 64)) -> Path: ...


@pytest.fixture
def draw_photo(tmp_path: Path) -> DrawPhoto:
    def draw(name: str, size: tuple[int, int] = (96, 64)) -> Path:
        width, height = size
        grey = Image.linear_gradient("L").resize(size)
        bands = (grey.point([v // 2 + 90 for v in range(256)]), grey, Image.new("L", size, 150))
        photo = Image.merge("RGB", bands)
        pen = ImageDraw.Draw(photo)
        pen.ellipse((width * 0.7, height * 0.1, width * 0.85, height * 0.35), (250, 240, 190))
        pen.arc((width * 0.1, height * 0.4, width * 0.9, height * 1.4), 180, 360, (60, 40, 30), 4)
        photo.save(tmp_path / name)
        return tmp_path / name

    return draw


@pytest.fixture
def photo(draw_photo: DrawPhoto) -> Path:
    return draw_photo("holiday.png")
