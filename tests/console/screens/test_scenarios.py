"""Scenarios: every change acts at once, is told in words, undone singly and compared."""

from __future__ import annotations

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from allocator.demo import demo_data
from allocator.explanation.honesty import honesty, verdict_words
from allocator.jobs import JobKind
from allocator.measures import outcome
from allocator.models import Policy, Settings
from allocator.rules.eligibility import rule_for
from allocator.scenario import Scenario
from allocator.scenario import changes as ch
from allocator.service import AllocatorService
from allocator.solving.solver import solve
from console.state import backend, solving, trials
from tests.console.conftest import connect_pages
from tests.console.server import OPERATOR
from tests.console.ui.test_frame import text_of
from tests.waiting import PATIENCE

RUN = demo_data.BY_EYE
WEIGHT = "Organisation's weight (alpha)"


def service() -> AllocatorService:
    return backend.service()


def shown(app: AppTest) -> str:
    kinds = (app.caption, app.info, app.header)
    others = [str(element.value) for kind in kinds for element in kind]
    return "\n".join([text_of(app), *others]).replace("\\", "")


def by_label(elements, label: str):
    return next(element for element in elements if element.label == label)


def metric(app: AppTest, label: str) -> str:
    return by_label(app.metric, label).value


def html_of(app: AppTest) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


def show(app: AppTest, view: str) -> AppTest:
    return by_label(app.get("button_group"), "Part of the page").set_value(view).run()


def keep(scenario: Scenario, operator: str = "Zoë") -> str:
    row = service().save_scenario(RUN, scenario.name, operator, scenario.as_dict())
    return row.id


def lines_in(result) -> dict[str, str]:
    return {a.worker_mapping: a.job_line for a in result.allocations}


def a_price_to_pay(as_read) -> ch.Pin:
    """A pin that the best allocation does not have: a worker on another eligible job line."""
    held = lines_in(solve(as_read, Settings()))
    worker = as_read.workers[0].id
    for line in as_read.job_lines:
        pin = ch.Pin(worker, line.id, reason="Partner nearby", author="Zoë")
        inputs = Scenario("x", changes=(pin,)).apply(as_read)
        result = solve(inputs, Settings())
        if held[worker] != line.id and result.objective is not None:
            return pin
    raise AssertionError("the demo has such a pair")


def test_without_a_run_the_page_leads_to_the_list(page, demo_database):
    app = page("scenarios")
    assert "No run is open" in shown(app)
    assert not app.exception


def test_opens_with_the_proven_allocation_of_the_run_as_it_is(page, as_read):
    app = page("scenarios", run=RUN)
    assert not app.exception
    text = shown(app)
    assert "Proven optimal" in text
    assert "Not saved" in text
    result = solve(as_read, Settings())
    assert metric(app, "Workers' dissatisfaction") == f"{result.worker_dissatisfaction:.4g}"


def test_alpha_solves_anew_at_once(page, as_read):
    app = page("scenarios", run=RUN)
    app.slider[0].set_value(0.0).run()
    expected = solve(as_read, Settings(alpha=0.0))
    assert metric(app, "Workers' dissatisfaction") == f"{expected.worker_dissatisfaction:.4g}"
    assert "alpha 0.00 (usual 0.30)" in shown(app)
    assert not app.exception


def test_aim_power_seed_and_cap_are_part_of_the_scenario(page, as_read, demo_database):
    app = page("scenarios", run=RUN)
    by_label(app.selectbox, "Aim").set_value(Policy.GREEDY).run()
    by_label(app.number_input, "Power of dissatisfaction").set_value(2.0).run()
    by_label(app.number_input, "Seed").set_value(7).run()
    by_label(app.toggle, "Cap the worst rank").set_value(True).run()
    by_label(app.number_input, "Nobody below rank").set_value(11.0).run()
    by_label(app.text_input, "Name").set_value("Greedy").run()
    app.button(key="scenario save new").click().run()
    [saved] = service().scenarios(RUN)
    settings = Scenario.from_dict(saved.definition).settings
    assert settings == Settings(power=2.0, seed=7, policy=Policy.GREEDY, worst_rank=11.0)


def test_every_seed_tried_is_logged_once(page, demo_database):
    app = page("scenarios", run=RUN)
    for seed in (5, 6, 5):
        by_label(app.number_input, "Seed").set_value(seed).run()
    app.slider[0].set_value(0.5).run()
    show(app, "Policies")
    logged = [(one.seed, one.operator, one.work) for one in service().solve_log(RUN)]
    assert sorted(logged) == [(seed, OPERATOR, "trial") for seed in (5, 6, 1234)]


def test_pin_is_added_in_words_priced_and_undone(page, as_read):
    pin = a_price_to_pay(as_read)
    app = page("scenarios", run=RUN)
    worker, line = as_read.worker(pin.worker), as_read.job_line(pin.job_line)
    by_label(app.multiselect, "Workers").set_value([pin.worker]).run()
    by_label(app.multiselect, "Job lines").set_value([pin.job_line]).run()
    by_label(app.text_input, "Reason").set_value("Partner nearby").run()
    by_label(app.button, "Add the change").click().run()
    text = shown(app)
    assert f"{worker.name} must get {line.name}." in text
    assert f"Partner nearby · {OPERATOR}" in text
    forced = solve(Scenario("x", changes=(pin,)).apply(as_read), Settings()).objective
    price = forced - solve(as_read, Settings()).objective
    assert price > 0
    assert f"Price {price:+.4g}" in text
    by_label(app.button, "Undo").click().run()
    assert f"{worker.name} must get" not in shown(app)
    assert "None yet" in shown(app)
    assert not app.exception


def test_contradictions_are_told_and_undone(page, as_read):
    pin = a_price_to_pay(as_read)
    ban = ch.BanPair(pin.worker, pin.job_line)
    kept = keep(Scenario("Both", changes=(pin, ban)))
    app = page("scenarios", run=RUN, scenario=kept)
    assert "Two changes contradict each other" in shown(app)
    assert not app.metric
    [button for button in app.button if button.label == "Undo"][1].click().run()
    assert "contradict" not in shown(app)
    assert "Proven optimal" in shown(app)


def test_change_about_a_row_that_is_gone_names_no_id(page, as_read):
    gone = "00000000-0000-4000-8000-000000000000"
    kept = keep(Scenario("Gone", changes=(ch.LeaveOut(gone),)))
    text = shown(page("scenarios", run=RUN, scenario=kept))
    assert "no longer in the run" in text
    assert gone not in text


def test_infeasible_scenario_leads_to_the_reasons(page, as_read):
    line = as_read.job_lines[0].id
    pins = tuple(ch.Pin(worker.id, line) for worker in as_read.workers[:2])
    kept = keep(Scenario("Crowd", changes=(*pins, ch.SetPlaces(line, 1))))
    app = page("scenarios", run=RUN, scenario=kept)
    assert "No allocation keeps every rule" in shown(app)
    assert not app.metric
    assert not app.exception


def test_pin_on_an_ineligible_pair_is_explained(page, as_read):
    pair = next(
        (worker, line)
        for worker in as_read.workers
        for line in as_read.job_lines
        if not rule_for(as_read, worker, line).eligible
    )
    kept = keep(Scenario("Not so", changes=(ch.Pin(pair[0].id, pair[1].id),)))
    text = shown(page("scenarios", run=RUN, scenario=kept))
    assert "No allocation keeps every rule" in text
    assert f"{pair[0].name} may not hold this job line" in text


def test_part_of_the_page_is_in_the_address(page, as_read):
    app = show(page("scenarios", run=RUN), "Policies")
    assert app.query_params["part"] in ("Policies", ["Policies"])
    app = page("scenarios", run=RUN, part="Compare")
    assert [box.label for box in app.multiselect if box.label.startswith("Compare")]
    show(app, "Try changes")
    assert "part" not in app.query_params
    assert not app.exception


def test_compare_shows_eight_rows_with_differences_in_place_and_who_moves(page, as_read):
    pin = a_price_to_pay(as_read)
    keep(Scenario("Wards", changes=(pin,)))
    app = show(page("scenarios", run=RUN), "Compare")
    app.multiselect[0].set_value(["The run as it is", "Wards"]).run()
    assert not app.exception
    table = app.dataframe[0].value
    assert list(table.columns) == ["Figure", "The run as it is", "Wards"]
    assert list(table["Figure"][:2]) == ["Better off", "Worse off"]
    assert len(table) == 8
    assert as_read.worker(pin.worker).name in html_of(app)
    by_label(app.toggle, "All figures").set_value(True).run()
    every = app.dataframe[0].value.set_index("Figure")
    assert "(+" in every.loc["Total dissatisfaction", "Wards"]
    assert len(every) > 8
    app.session_state["compare costs"] = True
    assert "A worker with several qualifications" in shown(app.run())


def test_policies_show_the_price_of_each(page, as_read):
    app = show(page("scenarios", run=RUN), "Policies")
    assert not app.exception
    table = app.dataframe[0].value.set_index("Aim")
    assert table.loc["Least total", "Costs all together"] == "Nothing"
    assert len(table) == 6
    greedy = solve(as_read, Settings(policy=Policy.GREEDY))
    got = outcome(as_read, greedy)
    assert table.loc["Most first choices", "First choices"] == got.first_choices
    assert got.first_choices == got.first_choices_possible
    app.button(key="open policy Most first choices").click().run()
    assert by_label(app.selectbox, "Aim").value == Policy.GREEDY


def test_policies_tell_whether_an_honest_list_pays(page, as_read):
    app = show(page("scenarios", run=RUN), "Policies")
    assert "counts each job line left out as rank" in shown(app)
    by_label(app.button, "Work it out").click().run()
    [job] = [s.subject for s in backend.jobs().snapshots(JobKind.HONESTY)]
    assert backend.jobs().get(JobKind.HONESTY, job).wait(PATIENCE)
    app.run()
    assert not app.exception
    [table] = [d.value for d in app.dataframe if "Surely gain" in d.value.columns]
    expected = honesty(as_read, Settings())
    assert table["Surely gain"].iloc[0] == expected.n_sure
    assert table.set_index("Aim").loc["By lottery order", "Surely gain"] == 0
    assert verdict_words(expected) in shown(app)
    assert "honesty" in [one.work for one in service().solve_log(RUN)]


def test_sweep_runs_in_the_background_and_a_point_opens(page, as_read):
    app = show(page("scenarios", run=RUN), "Sweep")
    by_label(app.number_input, "How many weights").set_value(3)
    by_label(app.button, "Run the sweep").click().run()
    [job] = [s.subject for s in backend.jobs().snapshots(JobKind.SWEEP)]
    assert backend.jobs().get(JobKind.SWEEP, job).wait(PATIENCE)
    app.run()
    assert not app.exception
    [table] = [d.value for d in app.dataframe if WEIGHT in d.value.columns]
    assert list(table[WEIGHT]) == [0.0, 0.475, 0.95]
    expected = solve(as_read, Settings(alpha=0.95)).worker_dissatisfaction
    assert table["Workers' dissatisfaction"].iloc[2] == pytest.approx(expected)
    by_label(app.selectbox, WEIGHT).set_value(0.95).run()
    assert "sweep" in [one.work for one in service().solve_log(RUN)]
    app.button(key="open sweep point").click().run()
    assert app.slider[0].value == 0.95
    assert "alpha 0.95" in shown(app)


def test_large_runs_are_solved_in_the_background(page, as_read, monkeypatch):
    monkeypatch.setattr(trials, "MOST_AT_ONCE", 5)
    app = page("scenarios", run=RUN)
    [job] = [s.subject for s in backend.jobs().snapshots(JobKind.TRIALS)]
    assert backend.jobs().get(JobKind.TRIALS, job).wait(PATIENCE)
    app.run()
    assert "Proven optimal" in shown(app)
    assert not app.exception


def test_hand_over_makes_it_the_runs_solve_with_its_changes(page, as_read):
    pin = a_price_to_pay(as_read)
    scenario = Scenario("Wards", Settings(alpha=0.6), (pin,), OPERATOR)
    app = page("scenarios", run=RUN, scenario=keep(scenario))
    app.button(key="hand over").click().run()
    solved = solving.solved(RUN)
    assert solved is not None
    assert solved.audit == replace(scenario, run=RUN).audit()
    assert lines_in(solved.result)[pin.worker] == pin.job_line
    receipt = service().commit(
        solved.inputs, solved.result, OPERATOR, scenario=solved.audit, as_read=solved.as_read
    )
    assert receipt.scenario["changes"][0]["kind"] == "pin"
    assert receipt.scenario["changes"][0]["reason"] == "Partner nearby"


def test_data_errors_are_accepted_before_anything_is_tried(page, demo_database):
    app = page("scenarios", run=demo_data.NEEDS_ACKNOWLEDGEMENT)
    assert not app.metric
    app.button(key="accept data errors").click().run()
    assert app.metric
    assert not app.exception


def test_completed_run_can_be_tried_but_not_handed_over(page, demo_database):
    app = page("scenarios", run=demo_data.COMPLETED)
    assert not app.exception
    assert "can only be looked at" in shown(app)
    assert "hand over" not in [button.key for button in app.button]


def test_unreachable_database_says_what_to_do(page, unreachable):
    text = shown(page("scenarios", run=RUN))
    assert "cannot be reached" in text
    assert "Traceback" not in text


def test_wrong_key_says_what_to_do(page, database, monkeypatch):
    connect_pages(monkeypatch, database.info.url, "wrong")
    text = shown(page("scenarios", run=RUN))
    assert "key" in text
    assert "Traceback" not in text
