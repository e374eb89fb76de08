"""What-if in the browser: settings, a pin, saving, a second operator, comparing, a sweep."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from allocator.demo import demo_data
from allocator.scenario import Scenario
from tests.browser.conftest import (
    ARTIFACTS,
    SECOND_OPERATOR,
    click_until_visible,
    keep,
    middle,
    settle,
    until,
)
from tests.conftest import Database
from tests.console.server import OPERATOR
from tests.database.demo_rows import demo_rows

RUN = demo_data.INTERN_YEAR
ADDRESS = f"/scenarios?run={RUN}"
DEFINITIONS = (
    "select id, operator, definition from allocator_console_scenarios where allocator_py_run = %s"
)


@pytest.fixture
def demo_database(database: Database) -> Database:
    database.insert_tables(demo_rows(intern_ranks=True))
    return database


def opened(page: Page) -> Page:
    expect(page.get_by_text("Proven optimal")).to_be_visible()
    settle(page)
    return page


def part(page: Page, name: str) -> None:
    page.get_by_role("radio", name=name, exact=True).click()
    settle(page)


def figure(page: Page, label: str) -> str:
    return page.get_by_test_id("stMetric").filter(has_text=label).first.inner_text()


def alpha(page: Page, value: str) -> None:
    """Move the slider from where a draft may have left it, step by step, to the value."""
    thumb = page.get_by_test_id("stSliderThumbValue").first
    steps = round((float(value) - float(thumb.inner_text())) * 100)
    page.get_by_role("slider").first.focus()
    for _ in range(abs(steps)):
        page.keyboard.press("ArrowRight" if steps > 0 else "ArrowLeft")
    expect(thumb).to_have_text(value)
    bar = page.locator(".st-key-bench-bar")
    expect(bar.get_by_text(re.compile(f"alpha {value}")).first).to_be_visible()
    settle(page)


def choose(page: Page, label: str, option: int) -> str:
    """Choose from a list by position; gives what was chosen."""
    field = page.get_by_role("combobox", name=label, exact=True).first
    field.evaluate("element => element.scrollIntoView({block: 'end'})")
    chosen = page.get_by_role("option").nth(option)
    click_until_visible(page, lambda: middle(field), chosen)  # a redraw closes the open list
    name = chosen.inner_text()
    chosen.click()
    settle(page)
    return name


def pick(page: Page, label: str, option: int) -> str:
    """Pick one of several by position, after "Select all"; the list stays open, so it is closed."""
    name = choose(page, label, option + 1)
    page.keyboard.press("Escape")
    settle(page)
    return name


def pin(page: Page, worker: int, job_line: int) -> tuple[str, str]:
    names = pick(page, "Workers", worker), pick(page, "Job lines", job_line)
    page.get_by_role("textbox", name="Reason").first.fill("Partner works there")
    page.keyboard.press("Tab")
    settle(page)
    page.get_by_role("button", name="Add the change").click()
    settle(page)
    return names


def save(page: Page, name: str) -> None:
    page.get_by_role("button", name="Save", exact=True).click()
    body = page.get_by_test_id("stPopoverBody")
    body.get_by_label("Name").fill(name)
    page.keyboard.press("Tab")
    settle(page)
    body.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text(f"Saved “{name}”.")).to_be_visible()
    settle(page)


def test_scenario_is_changed_saved_and_found_by_another_operator(
    signed_in, demo_database: Database, server
) -> None:
    page = opened(signed_in(path=ADDRESS))
    before = figure(page, "Workers' dissatisfaction")
    alpha(page, "0.40")
    until(page, lambda: figure(page, "Workers' dissatisfaction") != before)
    worker, line = pin(page, 2, 4)
    expect(page.get_by_text(f"{worker.split(' · ')[0]} must get {line}.")).to_be_visible()
    expect(page.get_by_text(re.compile(r"Price \+\d"))).to_be_visible()
    expect(page.get_by_text(re.compile(r"workers? moves?: "))).to_be_visible()
    keep(page, "scenarios")
    save(page, "Town first")
    [row] = demo_database.rows(DEFINITIONS, RUN)
    stored = Scenario.from_dict(row["definition"])
    assert (row["operator"], stored.settings.alpha) == (OPERATOR, 0.4)
    [change] = stored.changes
    assert (change.reason, change.author) == ("Partner works there", OPERATOR)
    expect(page).to_have_url(re.compile(f"scenario={row['id']}"))

    page.reload()
    opened(page)
    expect(page.get_by_test_id("stSliderThumbValue").first).to_have_text("0.40")

    theirs = opened(signed_in(SECOND_OPERATOR, f"{ADDRESS}&scenario={row['id']}"))
    expect(theirs.get_by_text("Town first").first).to_be_visible()
    expect(theirs.get_by_text(f"Saved by {OPERATOR}")).to_be_visible()
    part(theirs, "Compare")
    expect(theirs.get_by_text("Who wins, who loses")).to_be_visible()
    expect(theirs.get_by_text(re.compile(r"better off"))).to_be_visible()
    keep(theirs, "scenarios-compare")
    part(theirs, "Policies")
    expect(theirs.get_by_text("What the aims mean")).to_be_visible()
    keep(theirs, "scenarios-policies")


def test_scenario_is_written_to_a_file_and_read_again(
    signed_in, demo_database: Database, tmp_path
) -> None:
    page = opened(signed_in(path=ADDRESS))
    alpha(page, "0.35")
    page.get_by_role("button", name="File", exact=True).click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download this scenario").click()
    file = tmp_path / "scenario.json"
    waiting.value.save_as(file)
    assert Scenario.from_json(file.read_text(encoding="utf-8")).settings.alpha == 0.35

    page = opened(signed_in(path=ADDRESS))
    page.get_by_role("button", name="File", exact=True).click()
    page.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_test_id("stSliderThumbValue").first).to_have_text("0.35")
    expect(page.get_by_text("Not saved")).to_be_visible()


def test_a_file_that_is_no_scenario_is_refused_in_words(
    signed_in, demo_database: Database, tmp_path
) -> None:
    file = tmp_path / "other.json"
    file.write_text('{"format": "something else"}', encoding="utf-8")
    page = opened(signed_in(path=ADDRESS))
    page.get_by_role("button", name="File", exact=True).click()
    page.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_text("this is not a scenario file")).to_be_visible()


def test_a_point_of_a_sweep_opens_as_a_scenario(signed_in, demo_database: Database) -> None:
    page = opened(signed_in(path=ADDRESS))
    part(page, "Sweep")
    page.get_by_label("How many weights").fill("6")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Run the sweep").click()
    expect(page.get_by_text("Open a point as a scenario")).to_be_visible()
    keep(page, "scenarios-sweep")
    point = page.locator(".scatterlayer .points path").first
    opened_point = page.get_by_text(re.compile("New scenario, alpha 0")).first
    click_until_visible(page, lambda: middle(point), opened_point)
    expect(page.get_by_role("radio", name="Try changes")).to_be_checked()


def test_scenario_is_taken_to_results_and_commit(signed_in, demo_database: Database) -> None:
    page = opened(signed_in(path=ADDRESS))
    alpha(page, "0.40")
    page.get_by_role("button", name="Take to Results and Commit").click()
    expect(page.locator("h1")).to_have_text("Results")
    expect(page.get_by_text("New scenario").first).to_be_visible()


def test_scenarios_fit_a_narrow_screen(signed_in, demo_database: Database) -> None:
    page = opened(signed_in(path=ADDRESS, width=390, height=844))
    until(page, lambda: page.evaluate("document.documentElement.scrollWidth") <= 390)
    keep(page, "scenarios-narrow")


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
def test_outcome_stays_in_view_while_a_control_far_down_is_used(
    signed_in, demo_database: Database, width: int, height: int
) -> None:
    page = opened(signed_in(path=ADDRESS, width=width, height=height))
    worker = pick(page, "Workers", 2).split(" · ")[0]
    reason = page.get_by_role("textbox", name="Reason").first
    reason.fill("On leave")
    page.keyboard.press("Tab")
    settle(page)
    add = page.get_by_role("button", name="Add the change")
    add.focus()
    bar = page.locator(".st-key-bench-bar")
    for part_of_bar in (
        bar.get_by_test_id("stMetric").first,
        bar.get_by_role("button", name="Undo last"),
        bar.get_by_text(re.compile(r"alpha \d")).first,
    ):
        expect(part_of_bar).to_be_in_viewport(ratio=1)
    shown, used = bar.bounding_box(), add.bounding_box()
    assert shown is not None
    assert used is not None
    assert shown["y"] + shown["height"] <= used["y"]
    assert used["y"] + used["height"] <= height
    add.press("Enter")
    moves = bar.get_by_role("list", name="Who moves")
    expect(moves).to_contain_text(worker)
    expect(moves).to_be_in_viewport()
    page.screenshot(path=ARTIFACTS / f"scenarios-bar-{width}.png")
