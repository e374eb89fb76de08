"""A coordinator's journey in the browser: sign-in → review → solve → results → commit → receipt."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from allocator.demo import demo_data
from tests.browser.conftest import ARTIFACTS, fill_sign_in, keep, settle, until
from tests.browser.reach import look_at
from tests.conftest import Database
from tests.console.server import OPERATOR, PASSWORD, ConsoleServer
from tests.database.demo_rows import demo_rows

RUN = demo_data.INTERN_YEAR
ALLOCATIONS = (
    "select worker_mapping, job_line from allocator_py_allocations where allocator_py_run = %s"
)


@pytest.fixture
def demo_database(database: Database) -> Database:
    database.insert_tables(demo_rows(intern_ranks=True))
    return database


def follow(page: Page, name: str) -> None:
    """Go to a page of the run by the console's own sidebar."""
    page.get_by_test_id("stSidebar").get_by_role("link", name=name, exact=True).click()
    expect(page.locator("h1")).to_have_text(name)
    settle(page)


def test_journey_from_sign_in_to_receipt(
    server: ConsoleServer, contexts, demo_database: Database
) -> None:
    page = contexts().new_page()
    page.goto(f"{server.url}/review?run={RUN}")
    keep_sign_in(page)
    fill_sign_in(page, OPERATOR, PASSWORD)
    expect(page.locator("h1")).to_have_text("Review")
    expect(page.get_by_text("Intern year 2027").first).to_be_visible()
    keep(page, "review")

    follow(page, "Solve")
    expect(page).to_have_url(re.compile(f"run={RUN}"))
    accept(page)
    page.get_by_test_id("stFormSubmitButton").get_by_role("button").click()
    expect(page.get_by_text("138 workers placed.")).to_be_visible()
    keep(page, "solve")

    page.get_by_role("link", name="Look at the results").click()
    expect(page.locator("h1")).to_have_text("Results")
    expect(page.get_by_text("Worst-off workers")).to_be_visible()
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    keep(page, "results")
    check_downloads(page)

    page.get_by_role("link", name="Go to commit").click()
    expect(page.locator("h1")).to_have_text("Commit")
    expect(page.get_by_text("Nothing changed in the database")).to_be_visible()
    keep(page, "commit")
    commit(page)
    expect(page.get_by_text("This run is committed and read-only.")).to_be_visible()
    keep(page, "receipt")
    check_written(page, demo_database)

    page.reload()
    expect(page.get_by_text("This run is committed and read-only.")).to_be_visible()
    follow(page, "History")
    expect(page.get_by_text("Every seed that was tried")).to_be_visible()
    keep(page, "history")
    page.goto(f"{server.url}/commit?run={RUN}")
    expect(page.get_by_text("This run is committed and read-only.")).to_be_visible()
    assert look_at(page, "committed") == []


def keep_sign_in(page: Page) -> None:
    """Nothing of the run is told before the sign-in."""
    expect(page.locator("#operator")).to_be_visible()
    assert "Intern year" not in page.content()
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTIFACTS / "sign-in.png")


def check_downloads(page: Page) -> None:
    """The three files come, and small groups are hidden in the report."""
    page.get_by_role("tab", name="Report and files").click()
    settle(page)
    for label, ending, begins in (
        ("Allocation (CSV)", ".csv", "\ufeffName"),
        ("Printable report (HTML)", ".html", "<!doctype html>"),
        ("Workbook (Excel)", ".xlsx", "PK"),
    ):
        with page.expect_download() as waiting:
            page.get_by_role("button", name=label).click()
        download = waiting.value
        assert download.suggested_filename.endswith(ending)
        content = download.path().read_bytes()
        assert content.startswith(begins.encode())
        if ending == ".html":
            assert b"&lt;5" in content
    keep(page, "report")


def accept(page: Page) -> None:
    """Lists that were not submitted count, which the operator has to accept."""
    expect(page.get_by_text("did not submit, and what they have ranked")).to_be_visible()
    page.get_by_text("I have read the points to be accepted").click()


def commit(page: Page) -> None:
    """A wrong name first, which writes nothing, then the right one."""
    field = page.get_by_label(re.compile("To confirm"))
    button = page.get_by_role("button", name="Commit 138 placements")
    accept(page)
    field.fill("Intern year")
    button.click()
    expect(page.get_by_text("The name does not match")).to_be_visible()
    field.fill("Intern year 2027 batch 1")
    button.click()


def check_written(page: Page, database: Database) -> None:
    """The receipt on the page is the audit row, and every worker has one job line."""
    audit = database.rows("select * from allocator_console_audit")
    assert [row["operator"] for row in audit] == [OPERATOR]
    page.get_by_text("Settings, checks and fingerprint").first.click()
    expect(page.get_by_text(audit[0]["fingerprint"]).first).to_be_visible()
    written = database.rows(ALLOCATIONS, RUN)
    assert len(written) == audit[0]["n_allocations"] == 138
    assert len({row["worker_mapping"] for row in written}) == 138
    run = database.rows("select completed_at from allocator_py_runs where id = %s", RUN)
    assert run[0]["completed_at"] is not None


@pytest.mark.parametrize(
    ("path", "heading"),
    [
        ("runs", "Runs"),
        ("scenarios", "Scenarios"),
        ("why", "Why?"),
        ("infeasibility", "No allocation?"),
        ("system", "System"),
    ],
)
def test_every_other_page_opens(signed_in, demo_database, path: str, heading: str) -> None:
    page = signed_in(path=f"/{path}?run={demo_data.SECOND_BATCH}")
    expect(page.locator("h1")).to_contain_text(heading)
    keep(page, path)
    assert not page.get_by_text("Something went wrong").count()


def test_pages_fit_a_phone(signed_in, demo_database) -> None:
    page = signed_in(
        path=f"/solve?run={demo_data.BY_EYE}", width=390, height=844, color_scheme="dark"
    )
    page.get_by_test_id("stFormSubmitButton").get_by_role("button").click()
    expect(page.get_by_text("12 workers placed.")).to_be_visible()
    for path in ("solve", "results", "commit"):
        page.goto(re.sub(r"/\w+\?", f"/{path}?", page.url))
        expect(page.locator("h1")).to_be_visible()
        settle(page)
        width = "document.querySelector('[data-testid=stMain]').scrollWidth"
        until(page, lambda width=width: page.evaluate(width) <= 390)
        keep(page, f"{path}-phone-dark")
