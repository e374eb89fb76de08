"""From a run without an allocation to a committed one: solve → cause → fix → scenario → receipt."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from allocator.demo import demo_data
from tests.browser.conftest import click_until_visible, keep, middle, settle
from tests.conftest import Database
from tests.console.server import OPERATOR
from tests.database.demo_rows import demo_rows

RUN = demo_data.INFEASIBLE
NAME = "Resident year 2027 batch 1"
REASON = "Agreed with the wards"


@pytest.fixture
def demo_database(database: Database) -> Database:
    database.insert_tables(demo_rows())
    return database


def open_tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name).click()
    settle(page)


def test_journey_from_no_allocation_to_a_committed_fix(signed_in, demo_database: Database) -> None:
    page = signed_in(path=f"/solve?run={RUN}")
    page.get_by_test_id("stFormSubmitButton").get_by_role("button").click()
    page.get_by_role("link", name="Find out why").click()

    expect(page.locator("h1")).to_have_text("No allocation?")
    expect(page.get_by_text("No allocation exists.")).to_be_visible()
    expect(page).to_have_url(re.compile(f"run={RUN}"))
    keep(page, "infeasibility")
    see_rows_of_a_worker(page)
    try_first_fix(page)

    expect(page.locator("h1")).to_have_text("Scenarios")
    expect(page).to_have_url(re.compile("scenario="))
    page.get_by_role("button", name="Take to Results and Commit").click()
    expect(page.locator("h1")).to_have_text("Results")
    keep(page, "infeasibility-fixed")
    page.get_by_role("link", name="Go to commit").click()
    expect(page.locator("h1")).to_have_text("Commit")
    settle(page)
    reasons = page.get_by_label("Reason for the change")
    expect(reasons).to_have_count(2)
    for reason in reasons.all():
        reason.fill(REASON)
    page.get_by_label("To confirm").fill(NAME)
    page.get_by_role("button", name="Commit 30 placements").click()
    expect(page.get_by_text("This run is committed and read-only.")).to_be_visible()
    keep(page, "infeasibility-receipt")
    check_written(demo_database)

    page.goto(page.url.replace("/commit", "/infeasibility"))
    expect(page.get_by_text("This run is completed")).to_be_visible()


def see_rows_of_a_worker(page: Page) -> None:
    """A click on a worker of the picture opens that worker's rows."""
    traces = page.locator(".js-plotly-plot").first.locator(".scatterlayer .trace")
    # Two traces of lines, one for the mouse, then the workers, then the job lines.
    worker = traces.nth(2).locator(".points path").first
    dialog = page.get_by_role("dialog")
    click_until_visible(page, lambda: middle(worker), dialog.get_by_text("About this worker"))
    keep(page, "infeasibility-rows")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def try_first_fix(page: Page) -> None:
    """Open the lightest fix as a scenario."""
    open_tab(page, "What would help")
    expect(page.get_by_text("Proven to work").first).to_be_visible()
    keep(page, "infeasibility-fixes")
    page.get_by_role("button", name="Try it as a scenario").first.click()


def check_written(database: Database) -> None:
    """30 workers are placed, and the audit row lists the scenario's changes."""
    audit = database.rows("select * from allocator_console_audit")
    assert [row["operator"] for row in audit] == [OPERATOR]
    assert audit[0]["n_allocations"] == 30
    assert audit[0]["scenario"]["name"]
    stored = database.rows("select definition from allocator_console_scenarios")
    tried, written = stored[0]["definition"]["changes"], audit[0]["scenario"]["changes"]
    assert {change["reason"] for change in written} == {REASON}  # typed at the commit
    assert written == [change | {"reason": REASON} for change in tried]
    run = database.rows("select completed_at from allocator_py_runs where id = %s", RUN)
    assert run[0]["completed_at"] is not None
    placed = database.rows(
        "select worker_mapping from allocator_py_allocations where allocator_py_run = %s", RUN
    )
    assert len({row["worker_mapping"] for row in placed}) == 30
