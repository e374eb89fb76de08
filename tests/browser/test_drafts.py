"""In the browser: a draft survives a reload and another browser, and names print as they are."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from allocator.demo import demo_data
from tests.browser.conftest import keep, settle
from tests.conftest import Database
from tests.console.test_markup import NAME
from tests.database.demo_rows import demo_rows

ADDRESS = f"/scenarios?run={demo_data.BY_EYE}"
JOINER = "\N{WORD JOINER}"


@pytest.fixture
def marked(database: Database) -> Database:
    """The demo data; the plan's name looks like markup."""
    database.insert_tables(demo_rows())
    database.rows("update allocationplans set name = %s", NAME)
    return database


def set_seed(page: Page, value: str) -> None:
    expect(page.get_by_text("Proven optimal")).to_be_visible()
    settle(page)
    field = page.get_by_role("spinbutton", name="Seed")
    field.fill(value)
    field.press("Enter")
    expect(page.get_by_role("button", name="Discard draft")).to_be_visible()


def test_a_draft_survives_a_reload_and_another_browser(marked, signed_in):
    page = signed_in(path=ADDRESS)
    set_seed(page, "77")
    page.reload()
    expect(page.get_by_role("spinbutton", name="Seed")).to_have_value("77")
    expect(page.get_by_text("Your draft of less than a minute ago restored.")).to_be_visible()
    keep(page, "scenario draft restored")
    phone = signed_in(path=ADDRESS, width=390, height=844)
    expect(phone.get_by_role("spinbutton", name="Seed")).to_have_value("77")
    keep(phone, "scenario draft restored phone")
    phone.get_by_role("button", name="Discard draft").click()
    expect(phone.get_by_role("spinbutton", name="Seed")).to_have_value("1234")


def test_a_name_that_looks_like_markup_prints_as_it_is(marked, signed_in):
    page = signed_in(path=ADDRESS)
    heading = page.get_by_text("Batch 1 of").first
    expect(heading).to_be_visible()
    settle(page)
    assert NAME in heading.inner_text().replace(JOINER, "")
    assert heading.locator("a, i, em, .katex").count() == 0
    page.goto(page.url.split("/scenarios")[0] + "/")
    card = page.get_by_test_id("stMarkdownContainer").filter(has_text="Bo").first
    expect(card).to_be_visible()
    assert NAME in card.inner_text().replace(JOINER, "")
    keep(page, "names with markup")
