"""From an allocation to its reasons: worst-off → why → letter; contested; fairest as a scenario."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from allocator.demo import demo_data
from tests.browser.conftest import click_until_visible, keep, settle, until
from tests.conftest import Database
from tests.database.demo_rows import demo_rows

RUN = demo_data.BY_EYE
ROW = 35  # pixels


@pytest.fixture
def demo_database(database: Database) -> Database:
    database.insert_tables(demo_rows())
    return database


def select_row(page: Page, table: int, row: int, wanted: Locator) -> None:
    """Tick a row of a table, which shows what is wanted; its cells are drawn on a canvas."""
    frame = page.get_by_test_id("stDataFrameResizable").nth(table)
    frame.scroll_into_view_if_needed()

    def tick() -> tuple[float, float]:
        box = frame.bounding_box()
        assert box is not None
        return box["x"] + 16, box["y"] + ROW * (row + 1) + ROW / 2

    click_until_visible(page, tick, wanted)


def test_journey_from_results_to_the_reasons(
    signed_in, demo_database: Database, tmp_path: Path
) -> None:
    page = signed_in(path=f"/solve?run={RUN}")
    page.get_by_test_id("stFormSubmitButton").get_by_role("button").click()
    expect(page.get_by_text("Proven optimal").first).to_be_visible()
    page.goto(page.url.replace("/solve", "/results"))
    page.get_by_role("link", name="Why, and is it fair?").click()
    expect(page.locator("h1")).to_have_text("Why?")
    expect(page.get_by_text("How far from the fairest possible")).to_be_visible()
    keep(page, "why-fair")

    ask = page.get_by_role("button", name="Why was")
    select_row(page, 0, 0, ask)
    ask.click()
    expect(page.get_by_role("heading", name="Why did")).to_be_visible()
    name = page.get_by_role("heading", name="Why did").inner_text().split(" not get ")[0]
    keep(page, "why-worker")
    page.reload()
    expect(page.get_by_role("heading", name=name)).to_be_visible()

    with page.expect_download() as download:
        page.get_by_role("button", name="Download the letter").click()
    letter = tmp_path / "letter.html"
    download.value.save_as(letter)
    text = letter.read_text(encoding="utf-8")
    assert name.removeprefix("Why did ") in text
    workers = demo_database.rows(
        "select coalesce(preferred_name, firstname) || ' ' || lastname as name from workers"
    )
    assert sum(f">{row['name']}<" in text for row in workers) == 1


def test_contested_and_the_fairest_as_a_scenario(signed_in, demo_database: Database) -> None:
    page = signed_in(path=f"/solve?run={RUN}")
    page.get_by_test_id("stFormSubmitButton").get_by_role("button").click()
    expect(page.get_by_text("Proven optimal").first).to_be_visible()
    page.goto(re.sub("/solve", "/why", page.url))
    page.get_by_role("tab", name="Contested?").click()
    expect(page.get_by_text("Job lines in demand")).to_be_visible()
    expect(page).to_have_url(re.compile("about=Contested"))
    keep(page, "why-contested")

    page.get_by_role("tab", name="Fair?").click()
    page.get_by_role("button", name="Open as a scenario").last.click()
    expect(page.locator("h1")).to_have_text("Scenarios")
    expect(page.get_by_text("As many first choices as possible").first).to_be_visible()
    (row,) = demo_database.rows("select id::text, name from allocator_console_scenarios")
    expect(page).to_have_url(re.compile(f"scenario={row['id']}"))


def test_why_fits_a_phone(signed_in, demo_database: Database) -> None:
    page = signed_in(path=f"/solve?run={RUN}", width=390, height=844)
    page.get_by_test_id("stFormSubmitButton").get_by_role("button").click()
    expect(page.get_by_text("Proven optimal").first).to_be_visible()
    for part in ("One worker", "Contested?", "Fair?"):
        page.goto(re.sub(r"/(solve|why)\?.*", f"/why?run={RUN}&about={part}", page.url))
        expect(page.get_by_role("tab", name=part)).to_have_attribute("aria-selected", "true")
        settle(page)
        fits = (
            "(() => { const m = document.querySelector('[data-testid=stMain]');"
            " return m.scrollWidth <= m.clientWidth })()"
        )
        until(page, lambda fits=fits: page.evaluate(fits))
