"""Swap rounds: wishes by form and list, the exchanges that are found, the proposal."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from allocator.demo import demo_data
from allocator.demo.files import WISHES, demo_lists
from allocator.models import Policy, RunInputs, Settings
from allocator.repair.lists import read_wishes
from allocator.repair.moves import shifts
from allocator.repair.swaps import SwapRound, swap_round
from allocator.rules.naming import job_line_name
from allocator.scenario.changes import SetBaseline
from allocator.solving.solver import solve
from console.screens.scenarios.swaps_view import joined
from console.state import backend
from tests.console.screens.test_scenario_repair import COMPLETED, draft_of
from tests.console.screens.test_scenarios import by_label, html_of, show, shown
from tests.waiting import eventually

LIST = demo_lists()[WISHES]


@pytest.fixture
def published(demo_database) -> RunInputs:
    return backend.service().hydrate(COMPLETED)


@pytest.fixture
def base(published: RunInputs) -> SetBaseline:
    run = backend.service().find_run(COMPLETED)
    return backend.service().baseline(run, run)


def begun(page) -> AppTest:
    app = show(page("scenarios", run=COMPLETED), "Swaps")
    return app.button(key="take baseline").click().run()


def uploaded(app: AppTest, text: str) -> AppTest:
    upload = by_label(app.file_uploader, "List of wishes")
    return upload.set_value((WISHES, text.encode(), "text/csv")).run()


def solved(app: AppTest) -> AppTest:
    app = app.button(key="find exchanges").click().run()
    eventually(lambda: "The round" in shown(app.run()))
    return app


def expected(inputs: RunInputs, base: SetBaseline, text: str = LIST) -> SwapRound:
    return swap_round(inputs, base, read_wishes(text, inputs), Settings())


def test_the_demo_list_brings_the_best_exchanges_and_a_proposal(page, published, base):
    app = begun(page)
    assert "Download twelve wishes to try it with" in [
        one.proto.label for one in app.get("download_button")
    ]
    app, best = solved(uploaded(app, LIST)), expected(published, base)
    assert best.gainers
    text = shown(app)
    assert f"{best.gainers} doctors get what they wished for" in text
    assert "Proven to be the most" in text
    for number, cycle in enumerate(best.cycles, start=1):
        assert f"Circle {number}" in text
        assert all(one.name in html_of(app) for one in cycle)
    tables = [frame.value for frame in app.dataframe]
    [aside] = [table for table in tables if "Why not" in table.columns]
    assert list(aside["Why not"]) == [one.why for one in best.set_aside]
    assert "swap round" in {row.work for row in backend.service().solve_log(COMPLETED)}

    app.button(key="open swaps").click().run()
    scenario = draft_of(COMPLETED)
    assert scenario.settings.policy is Policy.MOST_MOVES
    result = solve(scenario.apply(published), scenario.settings)
    moved = shifts(best.inputs, {a.worker_mapping: a.job_line for a in result.allocations})
    assert len(moved) == best.gainers


def test_a_list_with_wrong_rows_is_refused_with_each_of_them(page, published):
    rows = [f"nobody {number},{published.job_lines[0].id}" for number in range(11)]
    good = LIST.strip().splitlines()
    app = uploaded(begun(page), "\n".join([*good, *rows]))
    [error] = app.error
    for number in range(len(good) + 1, len(good) + 12):
        assert f"Row {number}\\:" in error.value
    assert "No wishes yet" in shown(app)


def test_wishes_of_the_form_are_taken_and_taken_back(page, published, base):
    app = begun(page)
    wished = read_wishes(LIST, published)
    worker, lines = next(iter(wished.items()))
    app = by_label(app.selectbox, "Doctor").set_value(worker).run()
    app = by_label(app.multiselect, "Would take instead").set_value(list(lines)).run()
    app = app.button(key="add wish").click().run()
    [table] = [frame.value for frame in app.dataframe]
    assert list(table["Would take"]) == [job_line_name(published, line) for line in lines]
    app = solved(app)
    assert "No wish can be granted without somebody losing" in shown(app)
    app = app.button(key="forget wishes").click().run()
    assert "No wishes yet" in shown(app)
    assert not app.exception


def test_a_baseline_that_cannot_be_kept_is_told(page, published):
    run = demo_data.REPAIR_BATCH
    app = show(page("scenarios", run=run), "Swaps")
    app = by_label(app.get("button_group"), "Begin with").set_value("A list (CSV)").run()
    first, second = published.workers[:2]
    line = next(row for row in published.job_lines if row.places == 1)
    text = f"worker,job line\n{first.internal_id},{line.name}\n{second.internal_id},{line.name}\n"
    upload = by_label(app.file_uploader, "List of placements")
    app = upload.set_value(("twice.csv", text.encode(), "text/csv")).run()
    wish = f"worker,job line\n{first.internal_id},{published.job_lines[5].name}\n"
    app = solved(uploaded(app, wish))
    assert "breaks a rule of the run" in shown(app)


def test_wishes_of_both_kinds_are_joined_once():
    assert joined({"a": ("x", "y")}, {"a": ("y", "z"), "b": ("x",)}) == {
        "a": ("x", "y", "z"),
        "b": ("x",),
    }
