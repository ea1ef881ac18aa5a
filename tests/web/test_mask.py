"""Painting what is to be repaired: brush, keys, import, scratches; what was not painted stays."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Page, expect

from bridge.contract import PresetCard
from export.model_repo import write_network
from tests.bridge.cards import card
from tests.conftest import EXAMPLES, LiveService, start_service
from tests.service.engine.tiny import tiny_network
from tests.web.conftest import opened
from tests.web.hands import PATIENCE, button, choose, download, violations

MARKET = EXAMPLES / "market-q10.jpg"


@pytest.fixture(scope="module")
def repairing_service(
    cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveService]:
    """A service whose one task fills holes, by a network small enough to be quick."""
    presets = {"fast": PresetCard(steps=1), "best": PresetCard(steps=3)}
    holes = card(task="inpaint", hole_fill="smooth", projection="known-pixels", presets=presets)
    repository = tmp_path_factory.mktemp("holes")
    write_network(tiny_network(holes), holes, repository)
    service = start_service(cache, model_repo=str(repository))
    yield service
    service.stop()


@pytest.fixture
def page(browser: Browser, repairing_service: LiveService) -> Iterator[Page]:
    with opened(browser, repairing_service.url) as page:
        yield page


def stroke(page: Page, *points: tuple[float, float]) -> None:
    """Draw through points of the photo, given as shares of its sides."""
    box = page.locator(".mask canvas").bounding_box()
    assert box is not None
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=6)
    page.mouse.up()


def mask_of(page: Page, into: Path) -> np.ndarray:
    with page.expect_download() as caught:
        page.get_by_role("link", name="Save the mask").click()
    caught.value.save_as(into / "mask.png")
    return np.asarray(Image.open(into / "mask.png").convert("L")) >= 128


def test_what_is_painted_is_repaired_and_every_other_pixel_stays(
    page: Page, tmp_path: Path
) -> None:
    choose(page, MARKET)
    expect(page.locator("#expectation")).to_contain_text("Paint over")
    expect(button(page, "Restore")).to_be_disabled()
    stroke(page, (0.2, 0.3), (0.6, 0.5))
    page.get_by_text("Format, metadata, seed").click()
    page.get_by_label("Format").select_option("png")
    button(page, "Restore").click()
    expect(page.get_by_role("slider")).to_be_visible(timeout=PATIENCE)
    restored = np.asarray(Image.open(download(page, tmp_path)).convert("RGB"))
    photo, hole = np.asarray(Image.open(MARKET).convert("RGB")), mask_of(page, tmp_path)
    assert 0.005 < hole.mean() < 0.2
    assert hole[int(0.4 * 384), int(0.4 * 512)]
    np.testing.assert_array_equal(restored[~hole], photo[~hole])
    assert (restored[hole] != photo[hole]).any(axis=1).mean() > 0.5
    button(page, "Mask").click()
    expect(page.locator("#brush-note")).to_contain_text("of the photo will be repaired")


def test_the_brush_is_sized_undone_and_led_by_keys(page: Page) -> None:
    choose(page, MARKET)
    viewer, size = page.locator("#viewer"), page.get_by_label("Brush size")
    viewer.focus()
    page.keyboard.press("]")
    larger = int(size.input_value())
    page.keyboard.press("[")
    assert int(size.input_value()) < larger
    page.keyboard.press("Enter")
    expect(button(page, "Restore")).to_be_enabled()
    page.keyboard.press("z")
    expect(button(page, "Restore")).to_be_disabled()
    button(page, "Redo").click()
    expect(button(page, "Restore")).to_be_enabled()
    viewer.focus()
    page.keyboard.press("e")
    expect(button(page, "Erase")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("]")
    page.keyboard.press("Enter")
    expect(page.locator("#brush-note")).to_contain_text("Paint over")
    assert violations(page) == []


def test_a_mask_can_be_opened(page: Page, tmp_path: Path) -> None:
    mask = Image.new("L", (512, 384))
    ImageDraw.Draw(mask).rectangle((100, 50, 199, 99), fill=255)
    mask.save(tmp_path / "given.png")
    choose(page, MARKET)
    page.locator("#mask-file").set_input_files(tmp_path / "given.png")
    button(page, "Restore").click()
    expect(page.get_by_role("slider")).to_be_visible(timeout=PATIENCE)
    np.testing.assert_array_equal(mask_of(page, tmp_path), np.asarray(mask) >= 128)


def test_scratches_are_proposed_and_texture_is_left_alone(page: Page, tmp_path: Path) -> None:
    photo = Image.linear_gradient("L").resize((600, 400)).convert("RGB")
    noise = np.random.default_rng(0).normal(0, 4, (400, 600, 1))
    photo = Image.fromarray(np.clip(np.asarray(photo) + noise, 0, 255).astype(np.uint8))
    ImageDraw.Draw(photo).line((50, 80, 520, 330), fill=(250, 250, 250), width=3)
    photo.save(tmp_path / "scratched.png")
    choose(page, tmp_path / "scratched.png")
    button(page, "Find scratches").click()
    expect(page.locator("#brush-note")).to_contain_text("will be repaired")
    button(page, "Restore").click()
    expect(page.get_by_role("slider")).to_be_visible(timeout=PATIENCE)
    found = mask_of(page, tmp_path)
    line = Image.new("L", (600, 400))
    ImageDraw.Draw(line).line((50, 80, 520, 330), fill=255, width=3)
    scratch = np.asarray(line) > 0
    assert found[scratch].mean() > 0.9
    assert found[~scratch].mean() < 0.03
