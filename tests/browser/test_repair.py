"""After publication: a doctor has withdrawn, the year is repaired with two moves and committed as
the second batch; and a swap round that grants wishes from a list."""

from __future__ import annotations

import csv
import re

import pytest
from playwright.sync_api import Page, expect

from allocator.demo import demo_data
from tests.browser.conftest import SECOND_OPERATOR, click_until_visible, keep, middle, settle, until
from tests.conftest import Database
from tests.database.demo_rows import demo_rows

RUN, COMPLETED = demo_data.REPAIR_BATCH, demo_data.TO_REPAIR
REASON = "A registrar accepted a research post"
HELD = "select worker_mapping, job_line from allocator_py_allocations where allocator_py_run = %s"
WIDTH = "document.querySelector('[data-testid=stMain]').scrollWidth"


@pytest.fixture
def demo_database(database: Database) -> Database:
    database.insert_tables(demo_rows())
    return database


def held(database: Database, run_id: str) -> dict[str, str]:
    return {str(r["worker_mapping"]): str(r["job_line"]) for r in database.rows(HELD, run_id)}


def begin(page: Page) -> None:
    page.get_by_role("button", name="Begin with it").click()
    expect(page.get_by_text(re.compile("^24 placements"))).to_be_visible()
    settle(page)


def test_a_year_is_repaired_with_two_moves_and_committed_as_the_second_batch(
    signed_in, demo_database: Database
) -> None:
    page = signed_in(path=f"/scenarios?run={RUN}&part=Repair")
    keep(page, "repair-begin")
    begin(page)
    expect(page.get_by_text("Take no part any more")).to_be_visible()
    expect(page.get_by_role("heading", name="0 doctors moved")).to_be_visible()
    keep(page, "repair")
    chart = page.get_by_test_id("stPlotlyChart")
    chart.evaluate("element => element.scrollIntoView({block: 'center'})")
    settle(page)
    last = chart.locator(".scatterlayer .points path").last
    wanted = page.get_by_role("heading", name="2 doctors moved")
    click_until_visible(page, lambda: middle(last), wanted)
    settle(page)
    moves = page.get_by_role("list", name="Who moves")
    expect(moves.get_by_role("listitem")).to_have_count(2)
    keep(page, "repair-two-moves")
    told = moves.inner_text()

    page.get_by_role("button", name="Open as a scenario").click()
    expect(page.get_by_text("Proven optimal")).to_be_visible()
    settle(page)
    page.get_by_role("button", name="Take to Results and Commit").click()
    expect(page.locator("h1")).to_have_text("Results")
    page.goto(page.url.replace("/results", "/commit"))
    expect(page.locator("h1")).to_have_text("Commit")
    settle(page)
    reason = page.get_by_label("Reason for the change")
    expect(reason).to_have_count(1)
    reason.fill(REASON)
    page.keyboard.press("Tab")
    settle(page)
    accept = page.get_by_text("I have read the points to be accepted")
    if accept.count():
        accept.click()
    page.get_by_label(re.compile("To confirm")).fill("Registrar year 2027 batch 2")
    keep(page, "repair-commit")
    page.get_by_role("button", name="Commit 23 placements").click()
    expect(page.get_by_text("This run is committed and read-only.")).to_be_visible()

    before, after = held(demo_database, COMPLETED), held(demo_database, RUN)
    moved = [worker for worker, line in after.items() if before[worker] != line]
    assert (len(before), len(after), len(moved)) == (24, 23, 2)
    names = demo_database.rows(
        "select firstname, lastname from workers where id in (select worker from "
        "allocation_run_worker_mappings where id = any(%s::uuid[]))",
        moved,
    )
    assert all(f"{row['firstname']} {row['lastname']}" in told for row in names)
    [audit] = demo_database.rows("select scenario from allocator_console_audit")
    [change] = audit["scenario"]["changes"]
    assert (change["kind"], change["reason"]) == ("baseline", REASON)


def test_wishes_of_a_list_are_granted_and_the_proposal_is_taken_away(
    signed_in, demo_database: Database, tmp_path
) -> None:
    page = signed_in(path=f"/scenarios?run={COMPLETED}&part=Swaps")
    begin(page)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download twelve wishes to try it with").click()
    wishes = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(wishes)
    rows = list(csv.reader(wishes.read_text(encoding="utf-8").splitlines()))
    assert len(rows) == 13
    page.locator("input[type=file]").set_input_files(wishes)
    expect(page.get_by_text("12 doctors")).to_be_visible()
    keep(page, "swaps-wishes")
    page.get_by_role("button", name="Find the best exchanges").click()
    expect(page.get_by_text("Proven to be the most")).to_be_visible()
    keep(page, "swaps")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download as a scenario file").click()
    assert waiting.value.suggested_filename == "swap-round.json"


def test_repairs_fit_a_phone_in_the_dark(signed_in, demo_database) -> None:
    page = signed_in(
        SECOND_OPERATOR,
        f"/scenarios?run={RUN}&part=Repair",
        width=390,
        height=844,
        color_scheme="dark",
    )
    begin(page)
    for part, shown in (("Repair", "0 doctors moved"), ("Swaps", "No wishes yet")):
        page.get_by_role("radio", name=part, exact=True).click()
        expect(page.get_by_text(shown).first).to_be_visible()
        settle(page)
        until(page, lambda: page.evaluate(WIDTH) <= 390)
        keep(page, f"{part.lower()}-phone-dark")
