"""docs/archive-page.webp: the archives' page with a job half-way, some of its photos failed.

python -m benchmarks.archive_picture FOLDER_OF_PHOTOGRAPHS
"""

import sys
import tempfile
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from benchmarks.archive_killed import damaged
from benchmarks.page import CHROMIUM, FLAGS
from benchmarks.page_pictures import DOCS
from tests.conftest import start_service

PHOTOS = 120


def scans(source: Path, folder: Path) -> Path:
    """Damaged photos, and three that nobody could restore."""
    made = damaged(source, folder, PHOTOS)
    first, *_ = sorted(made)
    torn = (folder / first).read_bytes()
    for name, data in (("box 3/torn.jpg", torn[:2000]), ("box 3/empty.jpg", b"")):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(data)
    (folder / "box 3/letter.jpg").write_bytes(b"%PDF-1.7 no photo")
    return folder


def screenshot(url: str, folder: Path) -> Image.Image:
    """The page when half of the folder is restored."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        size = {"width": 1100, "height": 690}
        page = chromium.new_page(viewport=size, bypass_csp=True)  # or it could not be waited for
        page.goto(f"{url}/archive")
        page.get_by_label("What to do").select_option("jpeg")
        page.locator("#folder").set_input_files(folder)
        page.get_by_text("photos failed").wait_for(timeout=120_000)
        page.wait_for_function(
            "(bar) => bar.value >= bar.max / 2 && bar.max > 100",
            arg=page.locator(".job progress").element_handle(),
            timeout=120_000,
        )
        page.get_by_text("photos failed").click()
        page.wait_for_function("[...document.images].every((image) => image.complete)")
        shot = Image.open(BytesIO(page.screenshot(animations="disabled")))
        chromium.close()
        return shot


def main() -> None:
    """Make it."""
    with tempfile.TemporaryDirectory() as name:
        folder = scans(Path(sys.argv[1]), Path(name) / "Attic 1950-1975")
        service = start_service(Path(name))
        try:
            shot = screenshot(service.url, folder)
        finally:
            service.stop()
    shot.convert("RGB").save(DOCS / "archive-page.webp", quality=80, method=6)


if __name__ == "__main__":
    main()
