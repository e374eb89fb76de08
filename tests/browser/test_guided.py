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


def test_why_not_a_job_line_takes_three_clicks_and_two_typings(
    signed_in, demo_database: Database
) -> None:
    page = signed_in(path=f"/solve?run={RUN}")
    page.get_by_test_id("stFormSubmitButton").get_by_role("button").click()
    expect(page.get_by_text("Proven optimal").first).to_be_visible()
    line = demo_database.rows(
        "select l.name from job_lines l join allocator_py_runs r"
        " on r.allocation_run = l.allocation_run where r.id = %s order by 1",
        RUN,
    )[-1]["name"]
    worker = demo_database.rows(
        "select coalesce(w.preferred_name, w.firstname) || ' ' || w.lastname as name"
        " from workers w join allocation_run_worker_mappings m on m.worker = w.id"
        " join allocator_py_runs r on r.allocation_run = m.allocation_run"
        " where r.id = %s order by 1",
        RUN,
    )[-1]["name"]
    page.get_by_test_id("stSidebar").get_by_role("link", name="Why?").click()  # first click
    expect(page.locator("h1")).to_have_text("Why?")
    settle(page)
    for label, text in (("Worker", worker), ("Why not this job line?", line)):
        box = page.get_by_role("combobox", name=label)
        box.click()  # second and third click
        box.fill(text)
        page.keyboard.press("Enter")
        settle(page)
    answer = page.get_by_role("heading", name=re.compile(re.escape(worker)))
    expect(answer.filter(has_text=line)).to_be_in_viewport()
    expect(page).to_have_url(re.compile("worker=.*line="))
    keep(page, "guided-why")
