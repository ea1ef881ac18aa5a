"""Journeys of people who meet Rialto in the browser. Rules that every one of them must keep
(no script error, no policy breach, no foreign request) are checked by the `page` fixture.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.web.hands import (
    PATIENCE,
    button,
    choose,
    divider,
    download,
    download_link,
    hand_over,
    pick_task,
    restore,
    violations,
)

PHONE = (390, 844)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")

DrawPhoto = Callable[..., Path]  # The fixture of conftest.py: (name, size) -> path.


def test_a_dropped_photo_comes_back_four_times_larger(
    page: Page, photo: Path, tmp_path: Path
) -> None:
    hand_over(page, "drop", photo)
    pick_task(page, "sr4x")
    expect(page.locator("#expectation")).to_contain_text("384\u00a0×\u00a0256")
    button(page, "Restore").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    expect(divider(page)).to_have_attribute("aria-valuenow", "50", timeout=PATIENCE)

    path = download(page, tmp_path)
    assert path.name == "holiday.rialto.png"
    with Image.open(path) as restored:
        restored.load()
        assert restored.size == (384, 256)


def test_a_pasted_photo_is_restored_by_the_task_that_was_picked(
    page: Page, photo: Path, tmp_path: Path
) -> None:
    hand_over(page, "paste", photo)
    pick_task(page, "jpeg")
    page.get_by_text("Format, metadata, seed").click()
    page.get_by_label("Format").select_option("jpeg")
    button(page, "Restore").click()
    expect(divider(page)).to_be_visible(timeout=PATIENCE)
    with Image.open(download(page, tmp_path)) as restored:
        assert (restored.format, restored.size) == ("JPEG", (96, 64))


def test_before_and_after_stay_locked_while_zoomed_and_moved(page: Page, photo: Path) -> None:
    pick_task(page, "sr4x")
    restore(page, photo)
    before, after = page.locator(".before img"), page.locator(".after img")
    fitted = after.bounding_box()
    viewer = page.locator("#viewer")
    viewer.focus()
    page.keyboard.press("2")
    expect(button(page, "200 %")).to_have_attribute("aria-pressed", "true")
    assert after.bounding_box() == before.bounding_box()
    box = after.bounding_box()
    assert box is not None
    assert (box["width"], box["height"]) == (768, 512)

    viewer.hover(position={"x": 100, "y": 100})
    page.mouse.wheel(0, -600)
    expect(button(page, "200 %")).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("ArrowRight")
    page.mouse.down()
    page.mouse.move(300, 300)
    page.mouse.up()
    moved = after.bounding_box()
    assert moved == before.bounding_box()
    assert moved is not None
    assert moved["width"] > 768

    page.keyboard.press("0")
    assert after.bounding_box() == fitted


def test_the_divider_follows_the_pointer_and_the_original_shows_while_held(
    page: Page, photo: Path
) -> None:
    restore(page, photo)
    box = page.locator(".after img").bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 4, middle, steps=4)
    page.mouse.up()
    expect(divider(page)).to_have_attribute("aria-valuenow", "25")

    divider(page).focus()
    page.keyboard.down("o")
    expect(page.locator(".after")).to_have_css("opacity", "0")
    page.screenshot()  # A frame is drawn, and with it whatever is hidden would lose the focus.
    expect(page.locator(".after")).to_have_css("opacity", "0")
    page.keyboard.up("o")
    expect(page.locator(".after")).to_have_css("opacity", "1")


def test_the_whole_way_can_be_gone_by_keyboard(page: Page, photo: Path) -> None:
    for _ in range(3):  # Past what the head of the page links to.
        page.keyboard.press("Tab")
    expect(button(page, "Choose photos")).to_be_focused()
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(photo)
    expect(button(page, "Restore")).to_be_focused()
    page.keyboard.press("Enter")
    expect(divider(page)).to_be_focused(timeout=PATIENCE)
    for key, share in {
        "Home": "0",
        "ArrowRight": "1",
        "Shift+ArrowRight": "11",
        "End": "100",
    }.items():
        page.keyboard.press(key)
        expect(divider(page)).to_have_attribute("aria-valuenow", share)

    for _ in range(30):
        page.keyboard.press("Tab")
        if download_link(page).evaluate("(link) => link === document.activeElement"):
            break
    with page.expect_download() as caught:
        page.keyboard.press("Enter")
    assert caught.value.suggested_filename == "holiday.rialto.png"


def test_a_broken_file_says_why_and_the_next_photo_is_restored(
    page: Page, photo: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no photo at all")
    choose(page, broken)
    button(page, "Restore").click()
    problem = page.get_by_role("alert")
    expect(problem.get_by_role("heading")).not_to_be_empty()
    expect(problem.get_by_role("link")).to_have_attribute("href", r"/problems/not-a-photo")
    expect(button(page, "Try again")).to_be_enabled()

    restore(page, photo)
    expect(problem).not_to_be_visible()
    expect(divider(page)).to_be_visible()


def test_a_lost_network_is_told_and_the_same_photo_is_tried_again(page: Page, photo: Path) -> None:
    choose(page, photo)
    page.context.set_offline(True)
    button(page, "Restore").click()
    expect(page.get_by_role("alert")).to_contain_text("cannot be reached")
    page.context.set_offline(False)
    button(page, "Try again").click()
    expect(divider(page)).to_be_visible(timeout=PATIENCE)


def test_a_file_beyond_the_limit_is_refused_before_it_is_sent(page: Page, tmp_path: Path) -> None:
    posts: list[str] = []
    page.on("request", lambda sent: posts.append(sent.url) if sent.method == "POST" else None)
    limit = page.request.get(f"{page.url}limits").json()["max_body_bytes"]
    huge = tmp_path / "huge.jpg"
    with huge.open("wb") as file:
        file.truncate(limit + 1)
    page.locator("#file").set_input_files(huge)
    expect(page.get_by_role("alert")).to_contain_text("too large", timeout=PATIENCE)
    expect(button(page, "Try again")).to_be_disabled()
    assert posts == []


def test_a_photo_the_browser_cannot_show_is_restored_all_the_same(
    page: Page, draw_photo: DrawPhoto, tmp_path: Path
) -> None:
    choose(page, draw_photo("scan.tif"))
    expect(page.locator("#placeholder")).to_contain_text("scan.tif")
    pick_task(page, "sr4x")
    button(page, "Restore").click()
    expect(page.locator("#placeholder")).to_contain_text("download it", timeout=PATIENCE)
    path = download(page, tmp_path)
    assert path.name == "scan.rialto.tif"
    with Image.open(path) as restored:
        assert (restored.format, restored.size) == ("TIFF", (384, 256))


@pytest.mark.parametrize("page", [(1280, 800), PHONE], ids=["desktop", "phone"], indirect=True)
def test_every_state_is_accessible_in_light_and_dark_and_fits_the_screen(
    page: Page, photo: Path, draw_photo: DrawPhoto, tmp_path: Path
) -> None:
    found: list[str] = []

    def look(state: str) -> None:
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            found.extend(f"{state}, {scheme}: {breach}" for breach in violations(page))

    look("empty")
    pick_task(page, "sr4x", "best")
    choose(page, draw_photo("large.png", (320, 240)))
    button(page, "Restore").click()
    expect(page.locator(".after img")).to_be_visible(timeout=PATIENCE)
    look("running")
    button(page, "Cancel").click()
    page.locator("#presets input[value=fast]").check()
    restore(page, photo)
    for summary in ("How it was measured", "Format, metadata, seed"):
        page.get_by_text(summary).click()
    for view in ("Slider", "Side by side", "Difference"):
        button(page, view).click()
        look(view)
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no photo at all")
    choose(page, broken)
    look("ready")
    button(page, "Restore").click()
    expect(button(page, "Try again")).to_be_visible()
    look("problem")
    assert found == []
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(overflow) == 0


def test_the_page_weighs_no_more_than_150_kb(page: Page) -> None:
    entries = """performance.getEntries()
        .filter(({ name }) => new URL(name, location).pathname.match(/^\\/$|^\\/web\\//))
        .map(({ name, decodedBodySize }) => [name, decodedBodySize])"""
    weights = dict(page.evaluate(entries))
    assert {"main.js", "style.css"} <= {name.rpartition("/")[2] for name in weights}
    assert sum(weights.values()) <= 150_000, weights
    # None waits for another one that names it: the page asks for all its modules at once.
    links = page.locator("link[rel=modulepreload], script[type=module]")
    named = links.evaluate_all("(all) => all.map(({ href, src }) => href || src)")
    assert {name for name in weights if name.endswith(".js")} == set(named)
