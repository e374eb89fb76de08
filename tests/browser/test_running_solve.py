"""A solve that takes a while: refresh, second tab, second operator, closed tab, stop."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from allocator.demo import demo_data
from tests.browser.conftest import SECOND_OPERATOR, keep
from tests.browser.reach import look_at
from tests.conftest import Database
from tests.console.server import OPERATOR, ConsoleServer
from tests.database.demo_rows import demo_rows
from tests.synthetic import large_rows

SIZE = 700
RANKED = 300


@pytest.fixture
def large_run(database: Database) -> str:
    """A run whose worst-off-first allocation takes many seconds."""
    tables = large_rows(SIZE, SIZE, RANKED)
    database.insert_tables(tables)
    return str(tables["allocator_py_runs"][0]["id"])


def start(page: Page) -> None:
    """Have the worst-off placed first, which takes longest, and give it all the time it takes."""
    page.get_by_text("More: power, seed").click()
    limit = page.get_by_role("spinbutton", name="Time limit in seconds")
    limit.fill("3600")
    limit.press("Tab")
    page.get_by_text("Worst-off first", exact=True).click()
    page.get_by_test_id("stFormSubmitButton").get_by_role("button").click()


def expect_running(page: Page) -> None:
    expect(page.get_by_role("button", name="Stop this solve")).to_be_visible()
    expect(page.get_by_text(f"Started by {OPERATOR}")).to_be_visible()


def test_running_solve_is_found_by_every_tab_and_operator(
    server: ConsoleServer, signed_in, large_run: str
) -> None:
    address = f"/solve?run={large_run}"
    page = signed_in(path=address)
    colleague = signed_in(SECOND_OPERATOR, path=address)
    expect(colleague.get_by_text("Settings").first).to_be_visible()
    expect(page.get_by_text("Settings").first).to_be_visible()
    start(page)
    expect_running(page)
    keep(page, "solve-running")
    assert look_at(page, "running") == []

    page.reload()  # a refresh finds it again
    expect_running(page)
    expect_running(colleague)  # whose page was open before the start

    second = page.context.new_page()  # as does a second tab, and closing the first loses nothing
    second.goto(server.url + address)
    page.close()
    expect_running(second)

    colleague.get_by_role("button", name="Stop this solve").click()
    for tab in (second, colleague):
        expect(tab.get_by_text("This solve was stopped by hand.")).to_be_visible()
    keep(second, "solve-stopped")
    assert look_at(second, "stopped") == []


def test_two_tabs_commit_once(server: ConsoleServer, signed_in, database: Database) -> None:
    database.insert_tables(demo_rows())
    run = demo_data.BY_EYE
    first = signed_in(path=f"/solve?run={run}")
    first.get_by_test_id("stFormSubmitButton").get_by_role("button").click()
    expect(first.get_by_text("12 workers placed.")).to_be_visible()
    first.goto(f"{server.url}/commit?run={run}")
    second = signed_in(SECOND_OPERATOR, path=f"/commit?run={run}")
    for page in (first, second):
        field = page.get_by_label("To confirm")
        field.fill(field.get_attribute("placeholder") or "")
    first.get_by_role("button", name="Commit 12 placements").click()
    expect(first.get_by_text("This run is committed and read-only.")).to_be_visible()
    second.get_by_role("button", name="Commit 12 placements").click()
    expect(second.get_by_text(OPERATOR, exact=False).first).to_be_visible()
    expect(second.get_by_text("committed", exact=False).first).to_be_visible()
    audit = database.rows("select operator from allocator_console_audit")
    assert audit == [{"operator": OPERATOR}]
