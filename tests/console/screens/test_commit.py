"""The Commit page: what it shows before, what it refuses, and the receipt; and History."""

from __future__ import annotations

import threading
from dataclasses import replace

from allocator.demo import demo_data
from allocator.jobs import JobKind
from allocator.models import Settings
from allocator.result import Phase, Status
from allocator.scenario import Scenario
from allocator.scenario.changes import LeaveOut
from allocator.solved import Solved
from console.state import backend, readings, solving
from tests.console.server import OPERATOR
from tests.console.solving import press, solve, words_of
from tests.waiting import PATIENCE, eventually

RUN, SECOND = demo_data.BY_EYE, demo_data.SECOND_BATCH
ALLOCATIONS = "select * from allocator_py_allocations where allocator_py_run = %s"


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
    as_read = readings.reading(RUN).inputs
    worker = as_read.workers[0]
    out = LeaveOut(worker.id, reason="Works abroad", author=OPERATOR)
    scenario = Scenario("One less", changes=(out,))
    solve(RUN, scenario=scenario)
    app = page("commit", run=RUN)
    for words in (*scenario.words(as_read), "Works abroad"):
        assert words in words_of(app)
    text = words_of(confirm(app))
    assert "Receipt" in text
    for words in (*scenario.words(as_read), "Works abroad"):
        assert words in text


def test_unproven_allocation_needs_a_second_confirmation(page, demo_database):
    proven = solve(RUN).result
    bound = proven.result.objective - 1
    unproven = replace(proven.result, status=Status.FEASIBLE, bound=bound, gap=1.0)
    job = backend.jobs().start(JobKind.SOLVE, RUN, lambda *_: replace(proven, result=unproven))
    assert job.wait(PATIENCE)
    app = page("commit", run=RUN)
    assert "The optimum can be better by at most 1" in words_of(app)
    assert "Tick the box" in words_of(confirm(app))
    assert not demo_database.rows(ALLOCATIONS, RUN)
    next(box for box in app.checkbox if "better allocation" in box.label).check()
    confirm(app)
    assert len(demo_database.rows(ALLOCATIONS, RUN)) == 12


def stopped_solve() -> None:
    """A colleague starts a solve of the run and stops it once it has an allocation."""
    inputs, settings = readings.reading(RUN).inputs, Settings()

    def work(on_progress, cancel):
        def stop(event):
            on_progress(event)
            if event.phase is Phase.MASTER:
                cancel.set()

        result = backend.service().solve(inputs, settings, on_progress=stop, cancel=cancel)
        return Solved(inputs, result, inputs, solved_by="Grace Hopper")

    order = solving.SolveOrder(settings)
    job = backend.jobs().start(JobKind.SOLVE, RUN, work, request=order, started_by="Grace Hopper")
    assert job.wait(PATIENCE)
    assert solving.solved(RUN).status is Status.CANCELLED


def test_stopped_solve_is_shown_but_cannot_be_committed(page, demo_database):
    stopped_solve()
    app = page("commit", run=RUN)
    assert "stopped before it ended" in words_of(app)
    assert "Go to Solve" in words_of(app)
    assert not [b for b in app.button if b.label.startswith("Commit ")]
    assert "Solved, not committed" not in words_of(app)
    for path in ("solve", "results"):
        text = words_of(page(path, run=RUN))
        assert "Cancelled: the best allocation found so far" in text
        assert "Go to commit" not in text


def test_confirmation_after_a_colleague_stopped_another_solve_writes_nothing(page, demo_database):
    solve(RUN)
    app = page("commit", run=RUN)
    stopped_solve()
    text = words_of(confirm(app))
    assert "Nothing was written" in text
    assert "Grace Hopper solved it again" in text
    assert "stopped before it ended" in text
    assert not demo_database.rows(ALLOCATIONS, RUN)


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


def test_commit_of_another_solve_than_the_one_shown_writes_nothing_and_shows_the_difference(
    page, demo_database
):
    before = solve(SECOND).result
    first = page("commit", run=SECOND)
    after = solve(SECOND, Settings(alpha=0.9), operator="Grace Hopper").result
    held = {a.worker_mapping: a.job_line for a in before.result.allocations}
    moved = [a for a in after.result.allocations if held[a.worker_mapping] != a.job_line]
    assert moved
    app = confirm(first)
    text = words_of(app)
    assert "Nothing was written" in text
    assert "Grace Hopper solved it again meanwhile" in text
    assert f"{len(moved)} worker" in text
    [table] = [d.value for d in app.dataframe if "In what you confirmed" in d.value.columns]
    assert len(table) == len(moved)
    assert "**0.3 (0 = workers only" in text
    assert "**0.9 (0 = workers only" in text
    assert not demo_database.rows(ALLOCATIONS, SECOND)
    assert next(f for f in app.text_input if f.label.startswith("To confirm")).value == ""
    text = words_of(confirm(app))
    assert "Receipt" in text
    audit = demo_database.rows("select operator, settings from allocator_console_audit")[0]
    assert (audit["operator"], audit["settings"]["alpha"]) == (OPERATOR, 0.9)


def test_scenario_sent_to_commit_meanwhile_is_not_committed_for_the_run_as_it_is(
    page, demo_database
):
    solve(RUN)
    first = page("commit", run=RUN)
    worker = readings.reading(RUN).inputs.workers[0]
    scenario = Scenario("One less", changes=(LeaveOut(worker.id, author="Zoë"),))
    solve(RUN, scenario=scenario, operator="Zoë")
    app = confirm(first)
    text = words_of(app)
    assert "Zoë solved it again meanwhile" in text
    assert "One less" in text
    assert not demo_database.rows(ALLOCATIONS, RUN)


def test_same_allocation_solved_again_by_a_colleague_is_what_was_confirmed(page, demo_database):
    solve(RUN)
    app = page("commit", run=RUN)
    solve(RUN, operator="Grace Hopper")
    assert "Receipt" in words_of(confirm(app))
    assert len(demo_database.rows(ALLOCATIONS, RUN)) == 12


def test_other_time_limit_is_named_when_nothing_else_differs(page, demo_database):
    solve(RUN)
    app = page("commit", run=RUN)
    solve(RUN, Settings(time_limit=30.0), operator="Grace Hopper")
    text = words_of(confirm(app))
    assert "Every worker holds the same job line in both" in text
    assert "Other settings that differ: time limit." in text
    assert not demo_database.rows(ALLOCATIONS, RUN)


def test_confirmation_while_a_colleague_solves_again_says_who(page, demo_database):
    solve(RUN)
    app = page("commit", run=RUN)
    goes_on = threading.Event()
    backend.jobs().start(
        JobKind.SOLVE, RUN, lambda *_: goes_on.wait(PATIENCE), started_by="Grace Hopper"
    )
    try:
        text = words_of(confirm(app))
    finally:
        goes_on.set()
    assert "Nothing was written" in text
    assert "Grace Hopper is solving it again" in text
    assert not demo_database.rows(ALLOCATIONS, RUN)


def test_solve_that_waits_for_a_commit_outlives_other_work(page, demo_database):
    solve(RUN)
    for number in range(60):
        job = backend.jobs().start(JobKind.TRIALS, str(number), lambda *_: 1)
        assert job.wait(PATIENCE)
    assert "12 placements" in words_of(page("commit", run=RUN))


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

    def opened_with(words: str, without: str = "\0"):
        """PostgREST reads the schema again a moment after it is told to."""

        def look():
            app = page("commit", run=RUN)
            return app if words in words_of(app) and without not in words_of(app) else None

        return eventually(look)

    rename = "alter function allocator_console_version() rename to allocator_{}"
    reload = "notify pgrst, 'reload schema'"
    demo_database.rows(rename.format("gone"))
    demo_database.rows(reload)
    try:
        app = opened_with("See the SQL on the System page")
        assert next(b for b in app.button if b.label.startswith("Commit ")).disabled
    finally:
        demo_database.rows("alter function allocator_gone() rename to allocator_console_version")
        demo_database.rows(reload)
        opened_with("Nothing changed", without="See the SQL")


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
