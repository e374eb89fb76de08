"""Why not that job line: three clicks and two typings from the sidebar to the answer."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from allocator.demo import demo_data
from tests.browser.conftest import keep, settle
from tests.conftest import Database
from tests.database.demo_rows import demo_rows

RUN = demo_data.BY_EYE


@pytest.fixture
def demo_database(database: Database) -> Database:
    database.insert_tables(demo_rows())
    return database


def test_why_not_a_job_line_takes_three_clicks_and_two_typings(
    signed_in, demo_database: Database
) -> None:
    page = signed_in(path=f"/solve?run={RUN}")
    page.get_by_role("button", name=re.compile("^Solve")).first.click()  # again, if it was solved
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
