"""A coordinator's journey without a mouse: sign-in → review → solve → results → commit."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from allocator.demo import demo_data
from tests.browser.conftest import settle, until
from tests.conftest import Database
from tests.console.server import OPERATOR, PASSWORD, ConsoleServer
from tests.database.demo_rows import demo_rows

RUN = demo_data.BY_EYE
FARTHEST = 120  # presses of Tab: more than a page has places
HAS_FOCUS = "element => element.contains(document.activeElement)"
RING = "element => getComputedStyle(element).outlineStyle"


@pytest.fixture
def demo_database(database: Database) -> Database:
    database.insert_tables(demo_rows())
    return database


def reach(page: Page, wanted: Locator) -> None:
    """Go to it with Tab alone."""
    expect(wanted).to_be_visible()
    settle(page)
    for _ in range(FARTHEST):
        page.keyboard.press("Tab")
        if wanted.evaluate(HAS_FOCUS):
            return
    raise AssertionError(f"Tab does not lead to {wanted}")


def follow(page: Page, name: str) -> None:
    """Open a page of the run from the landmark of pages, which then says where we are."""
    pages = page.get_by_role("navigation", name="Pages")
    link = pages.get_by_role("link", name=name, exact=True)
    reach(page, link)
    assert link.evaluate(RING) == "solid"
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(name)
    current = pages.locator("[aria-current=page]")
    expect(current).to_have_count(1)
    expect(current).to_contain_text(name)
    settle(page)


def test_journey_from_sign_in_to_commit_without_a_mouse(
    server: ConsoleServer, contexts, demo_database: Database
) -> None:
    page = contexts().new_page()
    page.goto(f"{server.url}/review?run={RUN}")
    page.keyboard.type(OPERATOR)  # the first field has the focus
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Review")

    open_rows(page)
    follow(page, "Solve")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("12 workers placed.")).to_be_visible()
    follow(page, "Results")
    expect(page.get_by_text("Worst-off workers")).to_be_visible()
    follow(page, "Commit")
    field = page.get_by_label("To confirm")
    reach(page, field)
    page.keyboard.type(field.get_attribute("placeholder") or "")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("This run is committed and read-only.")).to_be_visible()
    audit = demo_database.rows("select operator from allocator_console_audit")
    assert audit == [{"operator": OPERATOR}]


def open_rows(page: Page) -> None:
    """Enter and Space open a row of a table, and Tab leaves the table."""
    grid = page.get_by_test_id("data-grid-canvas").first
    dialog = page.get_by_role("dialog")
    reach(page, grid)
    for key in ("Enter", "Space"):
        page.keyboard.press("ArrowDown")
        page.keyboard.press(key)
        expect(dialog.get_by_role("heading").first).to_be_visible()
        settle(page)
        page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        settle(page)
        grid.focus()  # Streamlit gives it back to nothing
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    until(page, lambda: not grid.evaluate(HAS_FOCUS))
