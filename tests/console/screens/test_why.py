"""The page Why?: one worker's job lines, what is contested, what is fair."""

from __future__ import annotations

from dataclasses import replace

import pytest

from allocator.demo import demo_data
from allocator.explanation import (
    contested_job_lines,
    extremes,
    placement_options,
    tied_workers,
    wanted_swaps,
)
from allocator.jobs import JobKind
from allocator.models import Policy, Settings
from allocator.result import Status
from allocator.scenario import Scenario
from console.screens.why.contested_view import SAVING, seeds_alone_changed
from console.screens.why.doctor import PRICE
from console.screens.why.fair import scenario_id
from console.state import backend, readings, scenario_store, solving
from console.ui.about import ShownAllocation
from tests.console.conftest import connect_pages
from tests.console.server import OPERATOR
from tests.console.ui.test_frame import text_of
from tests.waiting import PATIENCE

RUN = demo_data.BY_EYE


@pytest.fixture
def solve(demo_database):
    """`solve(**settings)` solves the run as the Solve page does; gives what is then shown."""

    def run(**settings):
        inputs = backend.service().hydrate(RUN)
        job = solving.solve_in_background(inputs, Settings(**settings), OPERATOR, acknowledged=True)
        assert job.wait(PATIENCE)
        return solving.solved(RUN)

    return run


def shown(app) -> str:
    kinds = (app.caption, app.info, app.code)
    texts = [element.value for kind in kinds for element in kind]
    facts = [html.proto.body for html in app.get("html")]
    return "\n".join([text_of(app), *texts, *facts]).replace("\\", "")


def of_worker(solved, number: int = 0) -> str:
    """A worker whom some job line ranked higher was not given."""
    unhappy = [a.worker_mapping for a in solved.result.allocations if a.score > 1]
    return unhappy[number]


def test_why_before_any_solve_leads_to_solve(page, demo_database):
    app = page("why", run=RUN)
    assert "There is no allocation to explain yet" in shown(app)
    assert not app.tabs
    assert not app.exception


def test_why_without_a_run_leads_to_the_list(page, demo_database):
    assert "No run is open" in shown(page("why"))


def test_why_with_unreachable_database_says_so(page, unreachable):
    app = page("why", run=RUN)
    assert "cannot be reached" in shown(app)
    assert not app.exception


def test_why_with_a_wrong_key_says_so(page, database, monkeypatch):
    connect_pages(monkeypatch, database.info.url, database.info.anon_key)
    app = page("why", run=RUN)
    assert app.error or app.warning
    assert "Traceback" not in shown(app)
    assert not app.exception


def test_worst_off_worker_is_shown_first(page, solve):
    solved = solve()
    app = page("why", run=RUN)
    scores = {a.worker_mapping: a.score for a in solved.result.allocations}
    ranked = {w.id for w in solved.inputs.workers if w.preferences.scores}
    assert scores[app.selectbox[0].value] == max(scores[worker] for worker in ranked)
    assert "Shown first: the worst-off of those" in shown(app)
    assert app.selectbox[1].label == "Why not this job line?"
    assert not app.exception


def test_picked_worker_goes_into_the_address(page, solve):
    worker = solve().inputs.workers[0]
    app = page("why", run=RUN)
    app.selectbox[0].select(worker.id).run()
    assert app.query_params["worker"] in (worker.id, [worker.id])
    assert app.selectbox[0].value == worker.id
    assert not app.exception


def test_worker_of_the_address_has_every_job_line_with_its_price(page, solve):
    solved = solve()
    worker = of_worker(solved)
    app = page("why", run=RUN, worker=worker)
    options = placement_options(solved.inputs, solved.result, worker)
    table = app.dataframe[0].value
    assert list(table["Job line"]) == list(options["job_line_name"])
    assert table[PRICE].tolist() == pytest.approx(options["price"].tolist(), nan_ok=True)
    assert app.selectbox[1].options[0].startswith(options["job_line_name"].iloc[0])
    assert not app.exception


def test_picked_job_line_is_explained_and_goes_into_the_address(page, solve):
    solved = solve()
    worker = of_worker(solved)
    app = page("why", run=RUN, worker=worker)
    last = placement_options(solved.inputs, solved.result, worker).iloc[-1]
    app.selectbox[1].select(last["job_line"]).run()
    assert app.query_params["line"] in (last["job_line"], [last["job_line"]])
    assert last["job_line_name"] in next(m.value for m in app.markdown if "####" in m.value)


def test_best_missed_job_line_is_explained_in_words(page, solve):
    solved = solve()
    worker = of_worker(solved)
    app = page("why", run=RUN, worker=worker)
    best = placement_options(solved.inputs, solved.result, worker).iloc[0]
    name = solved.inputs.worker(worker).name
    assert f"Why did {name} not get {best['job_line_name']}?" in shown(app)
    for move in best["moves"]:
        assert move.name in shown(app)


def test_names_of_others_can_be_hidden(page, solve):
    solved = solve()
    worker, line = next(
        (a.worker_mapping, option)
        for a in solved.result.allocations
        if (option := missed_with_movers(solved, a.worker_mapping))
    )
    app = page("why", run=RUN, worker=worker, line=line)
    assert "Why did you" not in shown(app)
    app.toggle[0].set_value(True).run()
    told = "\n".join(m.value for m in app.markdown if "Why did" in m.value or "would" in m.value)
    others = [w.name for w in solved.inputs.workers]
    assert "another doctor" in told.lower()
    assert not [name for name in others if name in told]
    assert not any(name in app.code[0].value for name in others)


def missed_with_movers(solved, worker: str) -> str | None:
    options = placement_options(solved.inputs, solved.result, worker)
    found = options[[len(moves) > 1 for moves in options["moves"]]]
    return str(found["job_line"].iloc[0]) if len(found) else None


def test_unknown_worker_in_the_address_is_asked_for_again(page, solve):
    solve()
    app = page("why", run=RUN, worker="00000000-0000-4000-8000-000000000000")
    assert "Pick a worker" in shown(app)
    assert not app.exception


def test_unproven_allocation_says_that_it_has_no_prices(page, solve):
    solved = solve()
    unproven = replace(solved.result, status=Status.FEASIBLE)
    job = backend.jobs().start(JobKind.SOLVE, RUN, lambda *_: replace(solved, result=unproven))
    assert job.wait(PATIENCE)
    app = page("why", run=RUN, worker=of_worker(solved))
    assert "has no exact prices" in shown(app)
    assert "who holds it" in shown(app)
    assert not app.exception


def test_other_aim_is_explained(page, solve):
    solve(policy=Policy.GREEDY)
    app = page("why", run=RUN)
    assert "another aim than the least total" in shown(app)


def test_contested_tells_ties_seeds_demand_and_swaps(page, solve):
    solve(seed=5)
    solved = solve(seed=6)
    app = page("why", run=RUN, about="Contested?")
    text = shown(app)
    ties = tied_workers(solved.inputs, solved.result)
    assert (f"{len(ties)} doctor" if len(ties) else "the only best allocation") in text
    assert "2 records with 2 seeds: 5, 6" in text
    assert "solved with more than one seed" in text
    tables = [frame.value for frame in app.dataframe]
    demand = next(t for t in tables if SAVING in t.columns)
    savings = contested_job_lines(solved.inputs, solved.result)["saving"]
    assert demand[SAVING].tolist() == pytest.approx(savings.tolist())
    if wanted_swaps(solved.inputs, solved.result).empty:
        assert "No two workers" in text
    assert not app.exception


def test_one_seed_tried_twice_is_no_warning(page, solve):
    solve()
    solve()
    app = page("why", run=RUN, about="Contested?")
    assert "2 records with 1 seed: 1234" in shown(app)
    assert not app.warning
    assert seeds_alone_changed(backend.service().solve_log(RUN)) == 0


def test_contested_without_the_log_still_shows_the_rest(page, solve, connected):
    solve()
    connected.rows("alter table allocator_console_solves rename to hidden_solves")
    connected.rows("notify pgrst, 'reload schema'")
    try:
        app = page("why", run=RUN, about="Contested?")
        assert "Job lines in demand" in shown(app)
        assert not app.exception
    finally:
        connected.rows("alter table hidden_solves rename to allocator_console_solves")
        connected.rows("notify pgrst, 'reload schema'")


def test_fair_gives_both_limits_and_the_groups(page, solve):
    solved = solve()
    app = page("why", run=RUN, about="Fair?")
    best = extremes(solved.inputs, solved.result.settings)
    assert f"{best.worst_score:g}" in shown(app)
    assert f"{best.first_choices}" in shown(app)
    assert "All workers" in app.table[0].value.index
    assert not app.exception


def test_worst_off_worker_leads_to_the_reasons(page, solve):
    solve()
    app = page("why", run=RUN, about="Fair?")
    key = app.dataframe[0].proto.id.split("-", 2)[2]
    app.session_state[key] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    app.run()
    assert not app.exception
    button = next(b for b in app.button if b.label.startswith("Why was "))
    button.click().run()
    assert app.query_params["about"] in ("One worker", ["One worker"])
    assert app.selectbox[0].label == "Worker"
    assert app.selectbox[0].value


def test_extreme_is_stored_once_as_a_scenario(solve, signed_in):
    solved = solve()
    source = ShownAllocation(solved)
    best = extremes(solved.inputs, solved.result.settings).for_first_choices
    first = scenario_id(source, "Many first choices", best)
    assert scenario_id(source, "Many first choices", best) == first
    (row,) = backend.service().scenarios(RUN)
    stored = Scenario.from_dict(row.definition)
    assert stored.settings.policy is Policy.GREEDY
    assert stored.fingerprint == readings.reading(RUN).inputs.fingerprint
    assert scenario_store.find_scenario(RUN, first).name == "Many first choices"


def test_button_opens_the_extreme_as_a_scenario(page, solve):
    solve()
    app = page("why", run=RUN, about="Fair?")
    button = next(b for b in app.button if b.label == "Open as a scenario")
    button.click().run()
    assert not app.exception
    assert app.title[0].value == "Scenarios"
    assert len(backend.service().scenarios(RUN)) == 1


def test_committed_run_is_explained_from_its_receipt(page, solve):
    solved = solve()
    backend.service().commit(solved.inputs, solved.result, OPERATOR)
    readings.refresh(RUN)
    app = page("why", run=RUN, worker=of_worker(solved))
    assert "The committed allocation" in shown(app)
    assert "Why did " in shown(app)
    assert not app.exception


def test_an_unranked_job_line_tells_its_attractiveness_and_bucket(page, demo_database, solve):
    worker, line = demo_database.rows(
        "select m.id as worker, j.id as job_line from allocation_run_worker_mappings m "
        "join workers w on w.id = m.worker join job_lines j on j.allocation_run = m.allocation_run "
        "where w.internal_id = 'SMP-0001' and j.sort_order = 9"
    )[0].values()
    demo_database.insert(
        "preference_worker_job_lines",
        {
            "allocation_run_worker_mapping": str(worker),
            "job_line": str(line),
            "attractiveness_score": 61.5,
            "like_dislike_preference": 50,
            "notes": "for nobody's eyes",
        },
    )
    readings.refresh(RUN)
    solve()
    app = page("why", run=RUN, about="One worker", worker=str(worker), line=str(line))
    text = shown(app)
    assert "gave it an attractiveness of 61.5, which plays no part" in text
    assert "put it under “never”" in text
    frame = app.dataframe[0].value
    assert frame["Own attractiveness"].dropna().tolist() == [61.5]
    assert "Never" in set(frame["Bucket"])
    assert "eyes" not in text
