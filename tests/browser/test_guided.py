"""A guided run: few clicks from sign-in to receipt, and to the reason why not a job line."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from allocator.demo import demo_data
from tests.browser.conftest import fill_sign_in, keep, settle
from tests.conftest import Database
from tests.console.server import OPERATOR, PASSWORD, ConsoleServer
from tests.database.demo_rows import demo_rows

RUN = demo_data.BY_EYE


@pytest.fixture
def demo_database(database: Database) -> Database:
    database.insert_tables(demo_rows())
    return database


def card(page: Page, title: str) -> Locator:
    """The way into a run: the title of its card."""
    return page.get_by_test_id("stMain").get_by_role("link", name=title, exact=True)


def in_view(locator: Locator) -> None:
    """Seen without scrolling."""
    expect(locator).to_be_visible()
    expect(locator).to_be_in_viewport(ratio=1)


def test_sign_in_to_receipt_takes_seven_clicks_and_each_is_in_view(
    server: ConsoleServer, contexts, demo_database: Database
) -> None:
    page = contexts().new_page()
    page.goto(server.url)
    fill_sign_in(page, OPERATOR, PASSWORD)  # one click
    clicks = 1

    def click(one: Locator, heading: str) -> None:
        nonlocal clicks
        in_view(one)
        one.click()
        clicks += 1
        expect(page.locator("h1")).to_have_text(heading)
        settle(page)

    run = demo_database.rows(
        "select p.name from allocator_py_runs r"
        " join allocationruns a on a.id = r.allocation_run"
        " join allocationplans p on p.id = a.allocationplan where r.id = %s",
        RUN,
    )[0]["name"]
    title = card(page, run).first
    title.scroll_into_view_if_needed()
    click(title, "Review")
    expect(page.get_by_text("An allocation exists: it can be solved")).to_be_visible()
    keep(page, "guided-review")
    click(page.get_by_role("link", name="Go on to Solve"), "Solve")
    click(page.get_by_role("button", name="Solve", exact=True), "Solve")
    onward = page.get_by_role("link", name="Look at the results")
    expect(onward).to_be_visible()
    in_view(page.get_by_role("button", name="Solve again"))
    keep(page, "guided-solved")
    click(onward, "Results")
    keep(page, "guided-results")
    click(page.get_by_role("link", name="Go to commit"), "Commit")
    keep(page, "guided-commit")
    field = page.get_by_label(re.compile("To confirm"))
    field.fill(field.get_attribute("placeholder") or "")
    click(page.get_by_role("button", name=re.compile("Commit .* placements")), "Commit")
    expect(page.get_by_text("This run is committed and read-only.")).to_be_visible()
    assert clicks <= 7
