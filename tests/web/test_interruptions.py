"""What comes between: a cancel, a reload, a service that dies and comes back under the page."""

from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from deploy.ports import free_ports
from tests.conftest import EXAMPLES, start_service
from tests.web.conftest import DrawPhoto, opened
from tests.web.hands import PATIENCE, button, choose, download_link, pick_task

# Resolves once no photo is under way and the outcome has been counted; reads what operators read.
FREED = """async () => {
    const told = await (await fetch("/metrics")).text();
    const value = (name) => Number(told.match(new RegExp(`^${name} (\\\\S+)`, "m"))?.[1] ?? 0);
    return value("rialto_photos_in_progress") === 0
        && value('rialto_restorations_total\\\\{outcome="cancelled",task="sr4x"\\\\}') > 0;
}"""


def begin(page: Page, photo: Path) -> None:
    """Start a restoration that takes a while, and see its first picture."""
    pick_task(page, "sr4x", "best")
    choose(page, photo)
    button(page, "Restore").click()
    expect(page.locator("#step")).to_contain_text("tep ", timeout=PATIENCE)
    expect(page.locator(".after img")).to_be_visible(timeout=PATIENCE)


def test_cancelling_in_mid_way_frees_the_engine(page: Page, draw_photo: DrawPhoto) -> None:
    begin(page, draw_photo("large.png", (320, 240)))
    button(page, "Cancel").click()
    expect(button(page, "Restore")).to_be_enabled()
    expect(page.locator("#announcer")).to_have_text("Cancelled.")
    expect(page.locator(".after")).to_have_count(0)
    page.wait_for_function(FREED, timeout=PATIENCE)


def test_a_reload_in_mid_way_takes_the_restoration_up_again(
    page: Page, draw_photo: DrawPhoto
) -> None:
    posts: list[str] = []
    page.on("request", lambda sent: posts.append(sent.url) if sent.method == "POST" else None)
    begin(page, draw_photo("bridge.png", (96, 72)))
    page.reload()
    expect(download_link(page)).to_be_visible(timeout=PATIENCE)
    expect(page.locator("#facts")).to_contain_text("bridge.png")
    expect(page.locator("#facts")).to_contain_text("384\u00a0×\u00a0288")
    assert len(posts) == 1
    button(page, "Film").click()  # Every step is there, also those before the reload.
    preset = page.locator("#presets label", has_text="Best").inner_text()
    steps = int(preset.split(" step")[0].split()[-1])
    expect(page.get_by_label("Step of the walk")).to_have_attribute("max", str(steps - 1))


def test_a_service_that_dies_and_comes_back_restores_the_photo_after_all(
    browser: Browser, cache: Path, draw_photo: DrawPhoto
) -> None:
    port = str(*free_ports(1))
    first = start_service(cache, port=port)
    with opened(browser, first.url) as page:
        begin(page, draw_photo("bridge.png", (96, 72)))
        first.process.kill()
        first.process.wait()
        expect(page.locator("#step")).to_contain_text("is away", timeout=PATIENCE)
        second = start_service(cache, port=port)
        try:
            expect(download_link(page)).to_be_visible(timeout=PATIENCE)
            expect(page.locator("#facts")).to_contain_text("384\u00a0×\u00a0288")
        finally:
            second.stop()


def test_a_page_opened_while_the_service_is_away_waits_for_it(page: Page) -> None:
    page.route("**/tasks", lambda route: route.abort())
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("cannot be reached")
    page.unroute("**/tasks")
    expect(page.get_by_role("radio").first).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("alert")).not_to_be_visible()
    choose(page, EXAMPLES / "parrots-small.png")
    expect(button(page, "Restore")).to_be_enabled()
