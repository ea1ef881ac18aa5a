"""The page of a service that asks for keys: it asks once, in words, and works from then on."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.test_keys import Guarded
from tests.web.hands import button, violations


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    guarded = Guarded(tmp_path_factory.mktemp("guarded-page"))
    yield guarded
    guarded.service.stop()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    yield context.new_page()
    context.close()


def test_the_page_asks_for_a_key_and_then_shows_the_tasks(page: Page, guarded: Guarded) -> None:
    key = guarded.key("page-reader")
    page.goto(guarded.service.url)
    dialog = page.get_by_role("dialog", name="This service asks for a key")
    expect(dialog).to_be_visible()
    field = dialog.get_by_label("Key")
    expect(field).to_be_focused()
    assert violations(page) == []
    field.fill("rialto_000000000000_" + "x" * 43)
    field.press("Enter")
    again = page.get_by_role("dialog", name="The service does not know this key")
    again.get_by_label("Key").fill(key)
    button(page, "Use this key").click()
    expect(page.get_by_role("radio").first).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.reload()
    expect(page.get_by_role("radio").first).to_be_visible()  # the tab knows it
    assert page.evaluate("Object.keys(localStorage).length") == 0


def test_who_gives_no_key_is_told_by_the_page(page: Page, guarded: Guarded) -> None:
    page.goto(guarded.service.url)
    button(page, "Not now").click()
    expect(page.get_by_text("This address needs a key")).to_be_visible()


def test_the_archives_page_reads_pictures_by_the_same_key(page: Page, guarded: Guarded) -> None:
    key = guarded.key("page-archivist")
    with guarded.client(key) as client:
        job = client.post("/jobs", json={"outputs": [{"task": "test"}], "title": "Box 7"}).json()
    page.goto(f"{guarded.service.url}/archive")
    page.get_by_role("dialog").get_by_label("Key").fill(key)
    button(page, "Use this key").click()
    expect(page.get_by_text("Box 7")).to_be_visible()
    answer = page.evaluate(f"window.fetch('/jobs/{job['id']}').then((answer) => answer.status)")
    assert answer == 200  # without a header: as a link or a picture asks
