"""What a person does on the page, and how a test looks at it."""

import base64
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
AXE = Axe()
PATIENCE = 180_000  # Milliseconds that a restoration may take on a busy machine.

HAND_OVER = """([kind, name, type, content]) => {
    const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
    const data = new DataTransfer();
    data.items.add(new File([bytes], name, { type }));
    const event = kind === "drop"
        ? new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true })
        : new ClipboardEvent("paste", { clipboardData: data, bubbles: true });
    document.querySelector("#stage").dispatchEvent(event);
}"""


def hand_over(page: Page, kind: str, photo: Path) -> None:
    """Drop or paste a photo, as the browser would tell the page of it."""
    content = base64.b64encode(photo.read_bytes()).decode()
    page.evaluate(HAND_OVER, [kind, photo.name, "image/png", content])


def choose(page: Page, photo: Path) -> None:
    page.locator("#file").set_input_files(photo)
    expect(page.locator("#seen")).to_be_visible()


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def pick_task(page: Page, task: str, preset: str = "fast") -> None:
    """Choose as a person does, who has seen what the page says of the photo."""
    page.locator(f"#tasks label:has([value={task}])").click()
    page.locator(f"#presets input[value={preset}]").check()


def divider(page: Page) -> Locator:
    return page.get_by_role("slider")


def restore(page: Page, photo: Path) -> None:
    choose(page, photo)
    button(page, "Restore").click()
    expect(download_link(page)).to_be_visible(timeout=PATIENCE)


def download_link(page: Page) -> Locator:
    return page.get_by_role("link", name="Download")


def download(page: Page, into: Path) -> Path:
    with page.expect_download() as caught:
        download_link(page).click()
    path = into / caught.value.suggested_filename
    caught.value.save_as(path)
    return path


def violations(page: Page) -> list[str]:
    """What axe-core finds on the page as it stands."""
    if page.evaluate("!window.axe"):  # half a megabyte: once a page
        page.evaluate(AXE.axe_script)
    found = page.evaluate("(rules) => window.axe.run(document, { runOnly: rules })", WCAG)
    return [
        f"{rule['id']}: {[node['html'] for node in rule['nodes']]}" for rule in found["violations"]
    ]
