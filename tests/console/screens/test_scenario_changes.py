"""The workbench of Scenarios: the bar, the control that adds changes, weightings in bulk."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from allocator.models import Settings
from allocator.rules.eligibility import rule_for
from allocator.scenario import Scenario
from allocator.scenario import changes as ch
from allocator.solving.solver import solve
from console.state import trials
from tests.console.screens.test_scenarios import (
    RUN,
    a_price_to_pay,
    by_label,
    html_of,
    keep,
    lines_in,
    service,
    shown,
)
from tests.console.server import OPERATOR

WEIGHTING = "Weighting (positive = less wanted)"


def undos(app: AppTest) -> list:
    return [button for button in app.button if button.label == "Undo"]


def choose(app: AppTest, label: str, *ids: str) -> AppTest:
    return by_label(app.multiselect, label).set_value(list(ids)).run()


def kind(app: AppTest, name: str) -> AppTest:
    return by_label(app.get("button_group"), "What should hold").set_value(name).run()


def kinds(app: AppTest) -> list[str]:
    group = by_label(app.get("button_group"), "What should hold")
    return [option.content for option in group.proto.options]


def add(app: AppTest) -> AppTest:
    return next(b for b in app.button if b.label.startswith("Add ")).click().run()


def paste(app: AppTest, text: str) -> AppTest:
    by_label(app.get("button_group"), "How to name them").set_value("Paste rows").run()
    return by_label(app.text_area, "Rows").set_value(text).run()


def select(app: AppTest, *rows: int) -> AppTest:
    """Select rows of the table of one worker or one job line."""
    key = next(d.key for d in app.dataframe if d.key.startswith(("lines of", "workers of")))
    app.session_state[key] = {"selection": {"rows": list(rows), "columns": [], "cells": []}}
    return app.run()


def test_bar_names_who_moves_from_where_to_where_with_ranks(page, as_read):
    pin = a_price_to_pay(as_read)
    app = page("scenarios", run=RUN, scenario=keep(Scenario("Wards", changes=(pin,))))
    told = html_of(app)
    held = lines_in(solve(as_read, Settings()))[pin.worker]
    start = told.index(as_read.worker(pin.worker).name)
    move = told[start : told.index("</li>", start)]
    assert as_read.job_line(held).name in move
    assert as_read.job_line(pin.job_line).name in move.split("→")[1]
    assert "worse off" in shown(app)
    assert [metric.label for metric in app.metric if metric.delta]


def test_charts_and_the_whole_allocation_are_drawn_on_demand(page, as_read):
    app = page("scenarios", run=RUN)
    assert not app.get("plotly_chart")
    app.session_state["charts"] = app.session_state["whole"] = True
    app.run()
    assert len(app.get("plotly_chart")) == 2
    assert "Name" in app.dataframe[0].value.columns
    assert not app.exception


def test_age_of_a_draft_is_in_the_bar(page, as_read):
    app = page("scenarios", run=RUN)
    assert "Draft kept" not in shown(app)
    app.slider[0].set_value(0.5).run()
    assert "Draft kept, changed less than a minute ago" in shown(app)


def test_redraw_solves_and_reads_nothing_again(page, as_read, monkeypatch):
    app = page("scenarios", run=RUN)
    app.slider[0].set_value(0.5).run()
    monkeypatch.setattr(trials.backend.service(), "solve", None)
    monkeypatch.setattr(trials.backend.service(), "hydrate", None)
    app.session_state["charts"] = True
    app.slider[0].set_value(0.3).run()
    assert "Proven optimal" in shown(app)
    assert not app.exception


def test_one_worker_shows_placement_rank_and_rule_and_takes_many_job_lines(page, as_read):
    worker = as_read.workers[0]
    app = choose(page("scenarios", run=RUN), "Workers", worker.id)
    table = next(d for d in app.dataframe if d.key.startswith("lines of")).value
    assert {"Job line", "Held by", "Eligibility rule"} <= set(table.columns)
    assert len(table) == len(as_read.job_lines)
    assert kinds(app) == ["Leave out", "Weighting"]
    app = select(app, 0, 1)
    assert f"**{worker.name}**" in shown(app)
    assert "Holds " in shown(app)
    add(kind(app, "May not get it (ban)"))
    assert len(undos(app)) == 2
    app.button(key="scenario undo").click().run()
    assert not undos(app)


def test_one_job_line_is_given_places_made_mandatory_and_takes_many_workers(page, as_read):
    line = as_read.job_lines[0]
    app = choose(page("scenarios", run=RUN), "Job lines", line.id)
    assert "Number of places" in kinds(app)
    by_label(app.number_input, "Places").set_value(line.places + 2).run()
    add(app)
    assert f"{line.name} has {line.places + 2} places" in shown(app)
    app = choose(app, "Job lines", line.id)
    wanted = "May stay empty" if line.must_have_workers else "Must have somebody"
    add(kind(app, wanted))
    assert f"{line.name} {wanted[0].lower()}{wanted[1:]}." in shown(app)
    app = select(choose(app, "Job lines", line.id), 0, 1, 2)
    add(kind(app, "Leave out" if "Leave out" in kinds(app) else "May get it (allow)"))
    assert len(undos(app)) == 5
    assert not app.exception


def test_pins_on_ineligible_pairs_can_be_meant(page, as_read):
    worker, line = next(
        (w, j)
        for w in as_read.workers
        for j in as_read.job_lines
        if not rule_for(as_read, w, j).eligible
    )
    app = choose(page("scenarios", run=RUN), "Workers", worker.id)
    app = choose(app, "Job lines", line.id)
    assert "1 pair is not eligible" in "\n".join(w.value for w in app.warning)
    next(box for box in app.checkbox if "Make an exception" in box.label).check().run()
    add(app)
    assert len(undos(app)) == 2
    assert "Proven optimal" in shown(app)


def test_pasted_rows_are_added_at_once_or_not_at_all(page, as_read):
    ada, ben = as_read.workers[:2]
    line = as_read.job_lines[0]
    app = paste(page("scenarios", run=RUN), f"{ada.name}; {line.name}\nNobody Such; {line.name}")
    [told] = [error.value for error in app.error]
    assert "Row 2" in told
    assert "Nobody Such" in told
    assert not [b for b in app.button if b.label.startswith("Add ")]
    app = paste(app, f"{ada.name}; {line.name}\n{ben.internal_id}\t{line.name}")
    assert not app.error
    add(kind(app, "May not get it (ban)"))
    assert len(undos(app)) == 2
    app = paste(app, f"{ada.name}\n{ben.name}")
    add(app)
    assert f"{ben.name} is left out." in shown(app)


def test_a_weighting_is_added_for_those_who_are_chosen(page, as_read):
    ada, ben = as_read.workers[:2]
    app = choose(page("scenarios", run=RUN), "Workers", ada.id, ben.id)
    app = kind(choose(app, "Job lines", as_read.job_lines[0].id), "Weighting")
    by_label(app.number_input, WEIGHTING).set_value(-4).run()
    add(app)
    assert "A new weighting of -4 (more wanted)" in shown(app)
    assert not app.exception


def edit(app: AppTest, **values) -> AppTest:
    key = app.data_editor[0].key
    app.session_state[key] = {"edited_rows": {0: values}, "added_rows": [], "deleted_rows": []}
    return app.run()


@pytest.fixture
def weightings(demo_database):
    """Twelve weightings that differ in nothing but their job line, three on each of four."""
    year = service().find_run(RUN).allocation_run
    lines = [line.id for line in service().hydrate(RUN).job_lines[:4]]
    demo_database.rows("delete from allocation_run_preferencer_weightings")
    for number in range(12):
        row = {"allocation_run": year, "weighting": 3, "job_line": lines[number % 4]}
        demo_database.insert("allocation_run_preferencer_weightings", row)


def test_weightings_that_say_the_same_are_edited_switched_off_and_set_back_as_one(page, weightings):
    app = page("scenarios", run=RUN)
    assert len(app.data_editor[0].value) == 1
    assert app.data_editor[0].value["Job line"][0].startswith("12 job lines: ")
    edit(app, **{WEIGHTING: 7})
    assert len(undos(app)) == 12
    assert "becomes +7 (less wanted)" in shown(app)
    edit(app, On=False)
    assert len(undos(app)) == 12
    assert "is switched off" in shown(app)
    edit(app, On=True, **{WEIGHTING: 3})
    assert "None yet" in shown(app)
    next(t for t in app.toggle if "row of its own" in t.label).set_value(True).run()
    edit(app, **{WEIGHTING: 5})
    assert len(undos(app)) == 1
    assert not app.exception


def test_changes_of_the_control_bear_reason_and_name(page, as_read):
    app = choose(page("scenarios", run=RUN), "Workers", as_read.workers[0].id)
    by_label(app.text_input, "Reason").set_value("On leave").run()
    add(app)
    by_label(app.text_input, "Name").set_value("Leave").run()
    app.button(key="scenario save new").click().run()
    [saved] = service().scenarios(RUN)
    [change] = Scenario.from_dict(saved.definition).changes
    assert change == ch.LeaveOut(as_read.workers[0].id, reason="On leave", author=OPERATOR)
