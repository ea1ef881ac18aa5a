"""A folder handed to the archives' page: sent, watched, downloaded; rules as for the other page."""

from pathlib import Path
from zipfile import ZipFile

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import LiveService
from tests.journeys.archive_hands import scans
from tests.web.hands import PATIENCE, violations

PHONE = (390, 844)


@pytest.fixture
def attic(tmp_path: Path) -> Path:
    folder = tmp_path / f"Attic of {tmp_path.name}"  # the page lists other tests' jobs too
    for name, data in (scans(18) | {"box 0/torn.jpg": b"no", "box 1/lost.jpg": b""}).items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    (folder / "notes.txt").write_text("not sent")
    return folder


@pytest.mark.parametrize("page", [PHONE], ids=["phone"], indirect=True)
def test_a_folder_is_restored_and_its_failures_are_told(
    page: Page, live_service: LiveService, attic: Path, tmp_path: Path
) -> None:
    page.goto(f"{live_service.url}/archive")
    page.get_by_label("What to do").select_option("jpeg")
    page.get_by_label("Format of the results").select_option("png")
    page.locator("#folder").set_input_files(attic)
    expect(page.get_by_role("status")).to_have_text("All 20 photos are sent.", timeout=PATIENCE)
    job = page.locator(".job", has_text=attic.name)
    expect(job).to_contain_text("18 of 20 restored, 2 failed", timeout=PATIENCE)
    expect(job).to_contain_text("finished")
    job.get_by_text("2 photos failed").click()
    expect(job).to_contain_text("box 0/torn.jpg")
    expect(job.locator(".pair img").first).to_be_visible()
    assert violations(page) == []
    width = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert width <= 0
    with page.expect_download() as caught:
        job.get_by_role("link", name="Download as a bag").click()
    caught.value.save_as(tmp_path / "bag.zip")
    with ZipFile(tmp_path / "bag.zip") as bag:
        assert bag.testzip() is None
        assert sum("/data/" in name and name.endswith(".png") for name in bag.namelist()) == 18


def test_a_job_is_paused_resumed_and_cancelled(
    page: Page, live_service: LiveService, attic: Path
) -> None:
    page.goto(f"{live_service.url}/archive")
    page.get_by_label("What to do").select_option("sr4x")
    page.get_by_label("How far to go").select_option("best")
    page.locator("#folder").set_input_files(attic)
    job = page.locator(".job", has_text=attic.name)
    job.get_by_role("button", name="Pause").click()
    expect(job).to_contain_text("paused", timeout=PATIENCE)
    job.get_by_role("button", name="Resume").click()
    expect(job.get_by_role("button", name="Pause")).to_be_visible(timeout=PATIENCE)
    job.get_by_role("button", name="Cancel").click()
    expect(job).to_contain_text("cancelled", timeout=PATIENCE)


def test_a_dropped_folder_is_sent_and_what_is_not_taken_is_told(
    page: Page, live_service: LiveService, tmp_path: Path
) -> None:
    box, (one, other, *_) = tmp_path / "Box of twins", scans(3).values()
    (box / "1920").mkdir(parents=True)
    for name, data in {"1920/a.jpg": one, "a.jpg": one, "A.jpg": other, "aux.jpg": one}.items():
        (box / name).write_bytes(data)
    page.goto(f"{live_service.url}/archive")
    page.get_by_label("What to do").select_option("jpeg")
    drop(page, box)
    status = page.get_by_role("status")
    expect(status).to_contain_text("2 of 4 photos are sent", timeout=PATIENCE)
    refused = page.locator("#unsent li")
    expect(refused).to_have_count(2)
    expect(page.locator("#unsent")).to_contain_text("is a device on Windows. Rename it.")
    expect(page.locator("#unsent")).to_contain_text("only in case")
    job = page.locator(".job", has_text=box.name)
    expect(job).to_contain_text("2 of 2 restored", timeout=PATIENCE)
    assert violations(page) == []


def drop(page: Page, folder: Path) -> None:
    """As a person's hand does it, with the browser's own drag events."""
    hand = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(folder)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        event = {"type": kind, "x": 300, "y": 300, "data": data}
        hand.send("Input.dispatchDragEvent", event)
