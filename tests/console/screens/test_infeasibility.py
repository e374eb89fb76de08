"""No allocation?: causes, proven fixes, what may never move, and the way to a scenario."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from allocator.demo import demo_data as demo
from allocator.jobs import JobKind
from console.state import backend, drafts, readings
from tests.console.conftest import forget_connection
from tests.database.demo_rows import demo_rows
from tests.waiting import PATIENCE

KEY = (JobKind.DIAGNOSIS, demo.INFEASIBLE)


@pytest.fixture
def demo_data(connected):
    connected.insert_tables(demo_rows())
    return connected


@pytest.fixture
def open_page(page, demo_data):
    """Opens the page on a run and waits for its diagnosis."""

    def run(run_id=demo.INFEASIBLE, **query) -> AppTest:
        return diagnosed(page("infeasibility", run=run_id, **query))

    return run


def diagnosed(app: AppTest) -> AppTest:
    run_id, scenario = app.query_params["run"], app.query_params.get("scenario", "")
    first = run_id[0] if isinstance(run_id, list) else run_id
    second = scenario[0] if isinstance(scenario, list) else scenario
    job = backend.jobs().get(JobKind.DIAGNOSIS, f"{first} {second}".strip())
    assert job is not None
    assert job.wait(PATIENCE)
    return app.run()


def text_of(app: AppTest) -> str:
    kinds = (
        app.title, app.header, app.markdown, app.caption, app.error, app.warning, app.success,
        app.info, app.radio,
    )  # fmt: skip
    words = [str(element.value) for kind in kinds for element in kind]
    words += [option for radio in app.radio for option in radio.options]
    return "\n".join(words).replace("\\", "")


def button(app: AppTest, label: str, number: int = 0):
    return [b for b in app.button if b.label == label][number]


def tab(open_page, name: str, **query) -> AppTest:
    app = open_page(part=name, **query)
    assert not app.exception
    return app


def test_infeasible_run_shows_every_cause_in_words(open_page):
    app = open_page()
    words = text_of(app)
    assert not app.exception
    assert "No allocation exists" in words
    assert "3 independent causes, and no others." in words
    assert "5 workers can only go to" in words
    assert "is eligible for no job line at all" in words
    assert "must have somebody, but no worker in the run is eligible for it" in words
    assert "Can be placed at most" in words
    assert demo.INFEASIBLE not in words


def test_each_cause_has_a_picture_beside_the_whole_run(open_page):
    app = open_page()
    assert len(app.get("plotly_chart")) == 2
    for option in app.radio[0].options:
        app.radio[0].set_value(option).run()
        assert not app.exception
        assert len(app.get("plotly_chart")) == 2


def test_selected_node_shows_its_rows(open_page):
    app = open_page()
    node = next(box for box in app.selectbox if box.label == "Show the rows of")
    node.select_index(0).run()
    assert not app.exception
    assert any(
        "Holds an excluded qualification" in frame.value.to_string() for frame in app.dataframe
    )


def test_fixes_are_proven_and_say_what_they_give(open_page):
    app = tab(open_page, "What would help")
    words = text_of(app)
    assert "Proven to work" in words
    assert "First choice" in words
    assert "30 of 30" in words
    assert len([b for b in app.button if b.label == "Try it as a scenario"]) >= 2


def test_kept_change_is_in_no_fix_any_more(open_page):
    app = tab(open_page, "What would help")
    before = backend.jobs().get(*KEY).snapshot().result
    kept = before.fixes[0].changes[0]
    button(app, "Keep as it is").click().run()
    app = diagnosed(app)
    after = backend.jobs().get(*KEY).snapshot().result
    assert not app.exception
    assert before is not after
    assert all(
        change.target != kept.target or type(change) is not type(kept)
        for fix in after.fixes
        for change in fix.changes
    )
    assert any("What may never move: 1 mark" in e.label for e in app.expander)
    marked = backend.jobs().get(*KEY).request.frozen
    assert drafts.keeper().written(PATIENCE)
    forget_connection()  # another process: no diagnosis is known, and nothing is in memory
    app = tab(open_page, "What would help")
    assert backend.jobs().get(*KEY).request.frozen == marked
    assert "Your own marks, of less than a minute ago, are kept for you." in text_of(app)


def test_kinds_that_are_out_of_the_question_are_not_offered(open_page):
    app = tab(open_page, "What would help")
    kinds = next(m for m in app.multiselect if m.label.startswith("Changes that are out"))
    kinds.set_value(kinds.value or [])
    for option in ("Extra places", "Exceptions to eligibility"):
        kinds.select(option)
    button(app, "Find fixes again").click().run()
    app = diagnosed(app)
    fixes = backend.jobs().get(*KEY).snapshot().result.fixes
    assert fixes
    assert {str(fix.kind) for fix in fixes}.isdisjoint({"extra_places", "exceptions"})


def test_fix_is_stored_as_a_scenario_of_the_run(open_page, demo_data):
    app = tab(open_page, "What would help")
    button(app, "Try it as a scenario").click().run()
    stored = backend.service().scenarios(demo.INFEASIBLE)
    assert len(stored) == 1
    assert stored[0].name
    assert stored[0].definition["changes"]
    assert stored[0].operator


def test_scenario_can_be_diagnosed_and_then_has_an_allocation(open_page, demo_data):
    app = tab(open_page, "What would help")
    button(app, "Try it as a scenario").click().run()
    stored = backend.service().scenarios(demo.INFEASIBLE)[0]
    app = open_page(scenario=stored.id)
    assert "This scenario has an allocation" in text_of(app)


def test_best_partial_allocation_says_who_is_left(open_page):
    words = text_of(tab(open_page, "Best partial allocation"))
    assert "at most **28 of 30 workers** can be placed" in words
    assert "Left without a job line (2)" in words


def test_quick_checks_tell_what_failed(open_page):
    app = tab(open_page, "Quick checks")
    assert "No job line is open to" in text_of(app)


def test_feasible_run_is_told_in_a_friendly_way(open_page):
    app = open_page(demo.BY_EYE)
    assert not app.exception
    assert "This run has an allocation." in text_of(app)
    assert not app.error


def test_completed_run_has_nothing_to_diagnose(page, demo_data):
    app = page("infeasibility", run=demo.COMPLETED)
    assert not app.exception
    assert "This run is completed" in text_of(app)


def test_without_a_run_there_is_a_way_to_the_list(page, connected):
    app = page("infeasibility")
    assert "No run is open" in text_of(app)
    assert not app.exception


def test_unknown_run_is_told_plainly(page, connected):
    app = page("infeasibility", run="00000000-0000-4000-8000-000000000000")
    assert "no such run" in text_of(app)
    assert not app.exception


def test_unreachable_database_says_what_to_do(page, unreachable):
    app = page("infeasibility", run=demo.INFEASIBLE)
    assert "cannot be reached" in text_of(app)
    assert not app.exception


def test_running_diagnosis_shows_steps_and_can_be_stopped(page, demo_data, monkeypatch):
    from console.state import diagnosing

    app = page("infeasibility", run=demo.INFEASIBLE)
    assert backend.jobs().get(*KEY).wait(PATIENCE)
    asked = backend.jobs().get(*KEY).request
    backend.jobs().forget(*KEY)

    def endless(inputs, settings, *, frozen, on_progress, cancel):
        assert cancel.wait(PATIENCE)
        return real(inputs, settings, frozen=frozen, on_progress=on_progress, cancel=cancel)

    real = diagnosing.diagnose
    monkeypatch.setattr(diagnosing, "diagnose", endless)
    as_read = readings.reading(demo.INFEASIBLE).inputs
    diagnosing.diagnose_in_background(asked, as_read, "Grace Hopper")
    app = app.run()
    assert any("started by Grace Hopper" in c.value for c in app.caption)
    button(app, "Stop").click().run()
    assert backend.jobs().get(*KEY).wait(PATIENCE)
    app = app.run()
    assert not app.exception
    assert "This diagnosis was stopped" in text_of(app)
    assert button(app, "Look again")
