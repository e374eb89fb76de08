"""Every page and state is readable and reachable: axe finds nothing, and no mouse is needed."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from allocator.demo import demo_data
from tests.browser.conftest import fill_sign_in, settle, until
from tests.browser.reach import TOLERATED, look_at
from tests.conftest import Database
from tests.console.server import OPERATOR, PASSWORD, ConsoleServer, console_server, secrets_text
from tests.database.demo_rows import demo_rows

BY_EYE, INFEASIBLE = demo_data.BY_EYE, demo_data.INFEASIBLE
STATES = {
    "runs": "/",
    "system": "/system",
    "no run": "/review",
    "unknown run": "/review?run=00000000-0000-0000-0000-000000000000",
    "review": f"/review?run={BY_EYE}",
    "review with errors": f"/review?run={demo_data.NEEDS_ACKNOWLEDGEMENT}",
    "not solved results": f"/results?run={demo_data.SECOND_BATCH}",
    "not solved commit": f"/commit?run={demo_data.SECOND_BATCH}",
    "solved": f"/solve?run={BY_EYE}",
    "no allocation": f"/solve?run={INFEASIBLE}",
    "results": f"/results?run={BY_EYE}",
    "results of another program": f"/results?run={demo_data.COMPLETED}",
    "why one worker": f"/why?run={BY_EYE}",
    "why contested": f"/why?run={BY_EYE}&about=Contested%3F",
    "why fair": f"/why?run={BY_EYE}&about=Fair%3F",
    "scenarios": f"/scenarios?run={BY_EYE}",
    "diagnosis": f"/infeasibility?run={INFEASIBLE}",
    "commit": f"/commit?run={BY_EYE}",
    "history": f"/history?run={BY_EYE}",
}
TABS = ("review", "results", "diagnosis")


@pytest.fixture
def demo_database(database: Database) -> Database:
    database.insert_tables(demo_rows())
    return database


def solve(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_test_id("stFormSubmitButton").get_by_role("button").click()
    until(page, lambda: page.get_by_role("link", name=re.compile("Look at the|Find out")).count())
    settle(page)


def test_every_page_and_state_can_be_read(
    server: ConsoleServer, contexts, demo_database: Database
) -> None:
    page, met = contexts().new_page(), set()
    page.goto(server.url)
    wrong = look_at(page, "sign-in")
    fill_sign_in(page, OPERATOR, "wrong password")
    expect(page.locator("[role=alert]")).to_be_visible()
    wrong += look_at(page, "sign-in refused")
    fill_sign_in(page, OPERATOR, PASSWORD)
    expect(page.locator("h1")).to_have_text("Runs")
    for run in (BY_EYE, INFEASIBLE):
        solve(page, f"{server.url}/solve?run={run}")
    for name, address in STATES.items():
        page.goto(server.url + address)
        expect(page.locator("h1")).to_be_visible()
        wrong += look_at(page, name, met)
        tabs = page.get_by_role("tab").all()[1:] if name in TABS else []
        for tab in tabs:
            tab.click()
            wrong += look_at(page, f"{name}, {tab.inner_text()}", met)
    demo_database.clear()
    page.goto(server.url)
    expect(page.locator("h1")).to_have_text("Runs")
    wrong += look_at(page, "runs empty", met)
    assert not wrong, "\n".join(wrong)
    assert met == set(TOLERATED), "no longer needed: leave it out"


def test_a_database_that_is_down_can_be_read(contexts, tmp_path) -> None:
    with console_server(tmp_path, secrets_text()) as alone:
        page = contexts().new_page()
        page.goto(alone.url)
        fill_sign_in(page, OPERATOR, PASSWORD)
        expect(page.get_by_role("alert").first).to_be_visible()
        assert look_at(page, "database down") == []
