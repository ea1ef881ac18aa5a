"""Ways to look at a restored photo: beside each other, as difference, as invention, as a film."""

import io
from pathlib import Path

import pytest
from PIL import Image, ImageChops
from playwright.sync_api import FloatRect, Page, expect

from tests.conftest import EXAMPLES
from tests.web.hands import PATIENCE, button, pick_task, restore, violations

MARKET = EXAMPLES / "market-q10.jpg"
PHONE = (390, 844)


def place(page: Page, selector: str) -> FloatRect:
    box = page.locator(selector).bounding_box()
    assert box is not None
    return box


def test_side_by_side_shows_the_same_place_at_the_same_size_on_both_sides(page: Page) -> None:
    pick_task(page, "jpeg")
    restore(page, MARKET)
    button(page, "Side by side").click()
    button(page, "200 %").click()
    page.locator("#viewer").hover(position={"x": 500, "y": 100})
    page.mouse.down()
    page.mouse.move(300, 400)
    page.mouse.up()
    left, right = place(page, ".before img"), place(page, ".after img")
    panes = place(page, ".pane.before"), place(page, ".pane.after")
    assert (left["width"], left["height"]) == (right["width"], right["height"]) == (1024, 768)
    assert left["x"] - panes[0]["x"] == right["x"] - panes[1]["x"]
    assert left["y"] == right["y"]
    assert panes[0]["x"] + panes[0]["width"] <= panes[1]["x"]


def test_the_difference_is_four_times_what_was_changed(page: Page) -> None:
    pick_task(page, "jpeg")
    page.get_by_text("Format, metadata, seed").click()
    page.get_by_label("Format").select_option("png")
    restore(page, MARKET)
    button(page, "100 %").click()
    with page.expect_download() as caught:
        page.get_by_role("link", name="Download").click()
    after = Image.open(caught.value.path()).convert("RGB")
    before = Image.open(MARKET).convert("RGB")
    expected = ImageChops.difference(before, after).point([min(255, 4 * v) for v in range(256)] * 3)
    page.locator("#viewer").press("d")
    expect(page.locator("#legend")).to_contain_text("four times")
    box = place(page, ".after img")
    frame = place(page, "#viewer")
    top, left = max(box["y"], frame["y"]), max(box["x"], frame["x"])
    clip: FloatRect = {"x": left, "y": top, "width": 256, "height": 256}
    shown = Image.open(io.BytesIO(page.screenshot(clip=clip))).convert("RGB")
    across, down = round(left - box["x"]), round(top - box["y"])
    wanted = expected.crop((across, down, across + 256, down + 256))
    apart = ImageChops.difference(shown, wanted).convert("L").point(lambda v: 255 * (v > 12))
    assert apart.histogram()[255] < 0.02 * 256 * 256


def test_the_film_shows_every_step_and_is_moved_by_keys(page: Page, photo: Path) -> None:
    page.emulate_media(reduced_motion="reduce")
    pick_task(page, "jpeg", "best")
    restore(page, photo)
    button(page, "Film").click()
    scrubber = page.get_by_label("Step of the walk")
    steps = int(str(scrubber.get_attribute("max"))) + 1
    expect(page.locator("#film-step")).to_have_text(f"Step {steps} of {steps}")  # It stands still.
    expect(page.locator(".walk img")).to_be_visible()
    shown = page.locator(".estimate img").get_attribute("src")
    scrubber.focus()
    page.keyboard.press("Home")
    expect(page.locator("#film-step")).to_have_text(f"Step 1 of {steps}")
    expect(page.locator(".estimate img")).not_to_have_attribute("src", str(shown))
    page.keyboard.press("ArrowRight")
    expect(scrubber).to_have_attribute("aria-valuetext", f"Step 2 of {steps}")
    button(page, "Play").click()
    expect(page.locator("#film-step")).to_have_text(f"Step {steps} of {steps}", timeout=PATIENCE)
    expect(button(page, "Play")).to_be_visible()
    assert violations(page) == []


@pytest.mark.parametrize("page", [PHONE], ids=["phone"], indirect=True)
def test_of_several_seeds_one_is_taken_and_their_spread_is_mapped(page: Page, photo: Path) -> None:
    pick_task(page, "jpeg", "best")
    restore(page, photo)
    button(page, "Invention").click()
    expect(page.locator("#legend")).to_contain_text("Best and Fast differ", timeout=PATIENCE)
    expect(page.locator(".map img")).to_be_visible()
    button(page, "Try 3 more seeds").click()
    expect(page.locator(".pane")).to_have_count(4, timeout=PATIENCE)
    expect(button(page, "Try 3 more seeds")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Take this one: Seed 2").click()
    expect(page.get_by_role("button", name="Taken: Seed 2")).to_have_attribute(
        "aria-pressed", "true"
    )
    expect(page.locator("#facts")).to_contain_text("seed 2")
    assert violations(page) == []
    button(page, "Invention").click()
    expect(page.locator("#legend")).to_contain_text("4 seeds differ")
    assert violations(page) == []
