"""The Commit page: what it shows before, what it refuses, and the receipt; and History."""

from __future__ import annotations

from dataclasses import replace

import pytest

from allocator.demo import demo_data
from allocator.models import Settings, Status
from allocator.scenario import Scenario
from allocator.scenario.changes import LeaveOut
from console.state import backend, readings, solving
from tests.console.server import OPERATOR
from tests.console.solving import press, solve, words_of
from tests.database.demo_rows import demo_rows

RUN = demo_data.BY_EYE
ALLOCATIONS = "select * from allocator_py_allocations where allocator_py_run = %s"


@pytest.fixture
def demo_database(connected):
    connected.insert_tables(demo_rows())
    return connected


def confirm(app, text: str | None = None):
    field = next(f for f in app.text_input if f.label.startswith("To confirm"))
    field.set_value(field.placeholder if text is None else text)
    return press(app, "Commit ")


def test_commit_without_an_allocation_leads_to_solve(page, demo_database):
    assert "Go to Solve" in words_of(page("commit", run=RUN))
    assert "No run is open" in words_of(page("commit"))


def test_commit_shows_what_is_written_checked_and_unchanged(page, demo_database):
    solve(RUN)
    app = page("commit", run=RUN)
    text = words_of(app)
    assert "12 placements" in text
    assert OPERATOR in text
    assert "Nothing changed in the database" in text
    checks = app.dataframe[-1].value
    assert set(checks["Outcome"]) == {"Passed"}
    assert (checks["Times tested"] >= 0).all()


def test_wrong_name_writes_nothing(page, demo_database):
    solve(RUN)
    app = confirm(page("commit", run=RUN), "another run")
    assert "does not match" in words_of(app)
    assert not demo_database.rows(ALLOCATIONS, RUN)


def test_commit_writes_the_rows_and_shows_the_receipt(page, demo_database):
    solve(RUN)
    app = confirm(page("commit", run=RUN))
    assert not app.exception
    assert len(demo_database.rows(ALLOCATIONS, RUN)) == 12
    audit = demo_database.rows("select * from allocator_console_audit")[0]
    text = words_of(app)
    for words in ("committed and read-only", "Receipt", OPERATOR, audit["fingerprint"]):
        assert words in text
    assert not [b for b in app.button if b.label.startswith("Commit ")]
    assert "Receipt" in words_of(page("commit", run=RUN))


def test_changes_of_a_scenario_are_told_before_and_after_the_commit(page, demo_database):
    as_read = readings.loaded(RUN)
    worker = as_read.workers[0]
    out = LeaveOut(worker.id, reason="Works abroad", author=OPERATOR)
    scenario = Scenario("One less", changes=(out,))
    solve(RUN, inputs=scenario.apply(as_read), as_read=as_read, scenario=scenario.audit())
    app = page("commit", run=RUN)
    for words in (*scenario.words(as_read), "Works abroad"):
        assert words in words_of(app)
    text = words_of(confirm(app))
    assert "Receipt" in text
    for words in (*scenario.words(as_read), "Works abroad"):
        assert words in text


def test_unproven_allocation_needs_a_second_confirmation(page, demo_database):
    snapshot = solve(RUN)
    unproven = replace(
        snapshot.result, status=Status.FEASIBLE, bound=snapshot.result.objective - 1, gap=1.0
    )
    job = backend.jobs().start(
        RUN, snapshot.inputs, snapshot.settings, solve=lambda *_, **__: unproven
    )
    assert job.wait(10)
    app = page("commit", run=RUN)
    assert "The optimum can be better by at most 1" in words_of(app)
    assert "Tick the box" in words_of(confirm(app))
    assert not demo_database.rows(ALLOCATIONS, RUN)
    next(box for box in app.checkbox if "better allocation" in box.label).check()
    confirm(app)
    assert len(demo_database.rows(ALLOCATIONS, RUN)) == 12


def test_changed_data_is_shown_and_cannot_be_committed(page, demo_database):
    solve(RUN)
    demo_database.rows("delete from preference_worker_job_lines where order_preference = 1")
    app = page("commit", run=RUN)
    text = words_of(app)
    assert "changed since the run was solved" in text
    assert "Solve again" in text
    assert next(b for b in app.button if b.label.startswith("Commit ")).disabled


def test_data_that_changes_in_the_last_moment_refuses_the_commit(page, demo_database):
    solve(RUN)
    app = page("commit", run=RUN)
    demo_database.rows("delete from preference_worker_job_lines where order_preference = 1")
    text = words_of(confirm(app))
    assert "refused; nothing was written" in text
    assert not demo_database.rows(ALLOCATIONS, RUN)


def test_second_operator_is_told_who_committed_first(page, demo_database):
    solve(RUN)
    app = page("commit", run=RUN)
    found = solving.solved(RUN)
    backend.service().commit(found.inputs, found.result, "Grace Hopper")
    text = words_of(confirm(app))
    assert "Grace Hopper" in text
    assert demo_database.rows("select operator from allocator_console_audit") == [
        {"operator": "Grace Hopper"}
    ]


def test_missing_commit_function_points_to_the_system_page(page, demo_database):
    solve(RUN)
    rename = "alter function allocator_console_version() rename to allocator_{}"
    reload = "notify pgrst, 'reload schema'"
    demo_database.rows(rename.format("gone"))
    demo_database.rows(reload)
    try:
        app = eventually(lambda: page("commit", run=RUN), "See the SQL on the System page")
        assert next(b for b in app.button if b.label.startswith("Commit ")).disabled
    finally:
        demo_database.rows("alter function allocator_gone() rename to allocator_console_version")
        demo_database.rows(reload)
        eventually(lambda: page("commit", run=RUN), "Nothing changed", without="See the SQL")


def eventually(open_page, words: str, without: str = "\0"):
    """PostgREST reads the schema again a moment after it is told to."""
    for _ in range(40):
        app = open_page()
        if words in words_of(app) and without not in words_of(app):
            return app
    raise AssertionError(words_of(app))


def test_run_of_another_program_has_no_receipt(page, demo_database):
    assert "no receipt" in words_of(page("commit", run=demo_data.COMPLETED))
    assert "no receipt" in words_of(page("history", run=demo_data.COMPLETED))


def test_history_lists_every_solve_with_its_number(page, demo_database):
    assert "Nobody has solved" in words_of(page("history", run=RUN))
    for seed in (1, 2):
        solve(RUN, Settings(seed=seed))
    app = page("history", run=RUN)
    log = app.dataframe[0].value
    assert list(log["Seed"]) == [2, 1]
    assert set(log["Who"]) == {OPERATOR}
    assert not app.exception


def test_history_of_a_committed_run_shows_the_receipt(page, demo_database):
    solve(RUN)
    confirm(page("commit", run=RUN))
    app = page("history", run=RUN)
    assert "Receipt" in words_of(app)
    assert "As committed" in set(app.dataframe[-1].value["Data"])


def test_commit_and_history_with_unreachable_database_say_what_to_do(page, unreachable):
    for path in ("commit", "history"):
        assert "cannot be reached" in words_of(page(path, run=RUN))
