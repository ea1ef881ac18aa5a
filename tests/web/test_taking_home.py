"""What is taken home: another format, commands that do it again, this browser's history, a job."""

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.journeys.archive_hands import scans
from tests.web.conftest import DrawPhoto
from tests.web.hands import (
    PATIENCE,
    button,
    choose,
    download,
    download_link,
    pick_task,
    restore,
    violations,
)

PHONE = (390, 844)


def test_another_format_is_made_without_another_picture(
    page: Page, photo: Path, tmp_path: Path
) -> None:
    pick_task(page, "jpeg", "best")
    restore(page, photo)
    shown = Image.open(download(page, tmp_path)).convert("RGB").tobytes()
    page.get_by_text("Format, metadata, seed").click()
    page.get_by_label("Format").select_option("tiff")
    with page.expect_download(timeout=PATIENCE) as caught:
        button(page, "Download as TIFF").click()
    caught.value.save_as(tmp_path / "as.tif")
    assert caught.value.suggested_filename == "holiday.rialto.tif"
    with Image.open(tmp_path / "as.tif") as made:
        assert (made.format, made.convert("RGB").tobytes()) == ("TIFF", shown)
    expect(download_link(page)).to_be_visible()


@pytest.mark.parametrize(("language", "shell"), [("curl", "sh"), ("Python", sys.executable)])
def test_a_copied_command_does_the_same_when_it_is_run(
    page: Page, draw_photo: DrawPhoto, tmp_path: Path, language: str, shell: str
) -> None:
    photo = draw_photo("Venice, it's $HOME.png")
    restore(page, photo)
    downloaded = download(page, tmp_path).rename(tmp_path / "downloaded.png")
    button(page, f"Copy as {language}").click()
    expect(button(page, "Copied")).to_be_visible()
    command = page.evaluate("navigator.clipboard.readText()")
    subprocess.run([shell, "-c", command], cwd=tmp_path, check=True, capture_output=True)
    with (
        Image.open(downloaded) as from_page,
        Image.open(tmp_path / "Venice, it's $HOME.rialto.png") as from_command,
    ):
        assert from_command.tobytes() == from_page.tobytes()


def test_this_browser_remembers_what_it_restored_until_told_to_forget(
    page: Page, photo: Path, tmp_path: Path
) -> None:
    pick_task(page, "sr4x")
    restore(page, photo)
    kept = download(page, tmp_path).read_bytes()
    page.reload()
    button(page, "History").click()
    dialog = page.get_by_role("dialog")
    entry = dialog.get_by_role("button", name="holiday.png sr4x")
    expect(entry).to_be_visible()
    assert violations(page) == []
    entry.click()
    expect(page.get_by_role("slider")).to_be_visible()
    assert download(page, tmp_path).read_bytes() == kept
    button(page, "History").click()
    button(page, "Forget all").click()
    expect(dialog).to_contain_text("Nothing yet.")
    page.reload()
    button(page, "History").click()
    expect(dialog).to_contain_text("Nothing yet.")


@pytest.mark.parametrize("page", [(1280, 800), PHONE], ids=["desktop", "phone"], indirect=True)
def test_many_photos_become_one_job_whose_failures_are_told(page: Page) -> None:
    page.locator("#file").set_input_files(
        [
            {"name": name.replace("/", " "), "mimeType": "image/jpeg", "buffer": content}
            for name, content in (scans(18) | {"torn.jpg": b"no", "lost.jpg": b""}).items()
        ]
    )
    expect(page.locator("#many h2")).to_contain_text("20 photos")
    assert violations(page) == []
    pick_task(page, "jpeg")
    button(page, "Restore 20 photos").click()
    job = page.locator("#many .job")
    expect(job).to_contain_text("18 of 20 restored, 2 failed", timeout=PATIENCE)
    job.get_by_text("2 photos failed").click()
    expect(job).to_contain_text("torn.jpg")
    expect(job.get_by_role("link", name="Download as a bag")).to_be_visible(timeout=PATIENCE)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    choose(page, Path(__file__).parents[2] / "examples" / "parrots-small.png")
    expect(page.locator("#many")).not_to_be_visible()
