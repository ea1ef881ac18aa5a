"""What the page says of a photo before anything is sent, and what it would do about it."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter
from playwright.sync_api import Page, expect

from tests.conftest import EXAMPLES
from tests.web.hands import choose, pick_task

MARKET = EXAMPLES / "market-q10.jpg"


def suggested(page: Page) -> str:
    """The task that the page suggests and has chosen."""
    card = page.locator("#tasks label", has_text="Suggested")
    expect(card.get_by_role("radio")).to_be_checked()
    return str(card.get_by_role("radio").get_attribute("value"))


def test_a_jpeg_tells_its_quality_and_is_sent_where_its_blocks_are_removed(
    page: Page, tmp_path: Path
) -> None:
    Image.open(MARKET).resize((1024, 768)).save(tmp_path / "large.jpg", quality=23)
    choose(page, tmp_path / "large.jpg")
    seen = page.locator("#seen")
    expect(seen).to_contain_text("JPEG quality 23")
    expect(seen).to_contain_text("4:2:0")
    expect(seen).to_contain_text("0.8 megapixels")
    assert suggested(page) == "jpeg"


def test_blur_and_grey_are_seen(page: Page, tmp_path: Path) -> None:
    soft = Image.open(MARKET).resize((1024, 768)).filter(ImageFilter.GaussianBlur(4)).convert("L")
    soft.save(tmp_path / "soft.png")
    choose(page, tmp_path / "soft.png")
    expect(page.locator("#seen-facts")).to_contain_text("black and white")
    expect(page.get_by_text("soft", exact=True)).to_be_visible()
    choose(page, MARKET)
    expect(page.get_by_text("sharp", exact=True)).to_be_visible()
    expect(page.locator("#seen-facts")).not_to_contain_text("black and white")


def test_noise_is_seen_where_the_photo_is_smooth(page: Page, tmp_path: Path) -> None:
    clean = np.asarray(Image.open(MARKET).resize((1024, 768)).convert("RGB")).astype(np.float64)
    grain = np.random.default_rng(0).normal(0, 15, clean.shape)
    Image.fromarray(np.clip(clean + grain, 0, 255).astype(np.uint8)).save(tmp_path / "iso.png")
    choose(page, tmp_path / "iso.png")
    expect(page.get_by_text("noisy", exact=True)).to_be_visible()
    assert suggested(page) == "denoise"
    Image.fromarray(clean.astype(np.uint8)).save(tmp_path / "clean.png")
    choose(page, tmp_path / "clean.png")
    expect(page.get_by_text("sharp", exact=True)).to_be_visible()
    expect(page.locator("#seen-facts")).not_to_contain_text("noisy")


def test_a_small_photo_is_enlarged_unless_another_task_was_chosen(page: Page) -> None:
    choose(page, EXAMPLES / "parrots-small.png")
    assert suggested(page) == "sr4x"
    pick_task(page, "jpeg")
    choose(page, EXAMPLES / "parrots-small.png")
    expect(page.locator("#tasks input[value=jpeg]")).to_be_checked()
    expect(page.locator("#tasks label", has_text="Suggested")).to_be_visible()


@pytest.mark.parametrize(
    ("task", "network", "scale"), [("jpeg", "jpeg-detail", 1), ("sr4x", "sr4x-detail", 4)]
)
def test_what_a_preset_costs_is_told_for_this_photo_and_learnt_here(
    page: Page, task: str, network: str, scale: int
) -> None:
    page.evaluate(
        """([network, rate]) => localStorage.setItem("rialto.pace",
            JSON.stringify({ [network]: [{ rate, factor: 1 }] }))""",
        [network, 10],
    )
    pick_task(page, task)
    choose(page, MARKET)
    steps = int(page.locator("#presets label").last.inner_text().split(" step")[0].split()[-1])
    seconds = 10 * steps * 512 * 384 * scale**2 / 1e6
    told = f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
    expect(page.locator("#presets label").last).to_contain_text(f"about {told}")
