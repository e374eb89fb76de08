"""The Solve page: settings, data errors, what it says of a solve, and who sees it."""

from __future__ import annotations

from allocator.demo import demo_data
from allocator.jobs import JobKind
from allocator.models import Policy, Settings
from allocator.result import Status
from allocator.scenario import Scenario
from allocator.scenario.changes import LeaveOut
from console.state import backend, readings, solving
from tests.console.conftest import connect_pages
from tests.console.server import OPERATOR
from tests.console.solving import press, solve, words_of
from tests.database.demo_rows import placed_elsewhere
from tests.waiting import PATIENCE

RUN = demo_data.BY_EYE


def ended(run_id: str = RUN):
    assert backend.jobs().get(JobKind.SOLVE, run_id).wait(PATIENCE)
    return solving.latest(run_id)


def test_solve_without_a_run_leads_to_the_list(page, demo_database):
    app = page("solve")
    assert "No run is open" in words_of(app)
    assert not [b for b in app.button if b.label.startswith("Solve")]
    assert not app.exception


def test_solve_of_an_unknown_run_says_so(page, demo_database):
    assert "no such run" in words_of(page("solve", run="11111111-1111-4111-8111-111111111111"))


def test_solve_starts_with_the_usual_settings_under_the_operators_name(page, demo_database):
    app = press(page("solve", run=RUN), "Solve")
    snapshot = ended()
    assert snapshot.started_by == OPERATOR
    assert snapshot.request.settings == Settings()
    assert snapshot.result.status is Status.OPTIMAL
    text = words_of(app.run())
    assert "12 workers placed." in text
    assert "Proven optimal" in text
    assert "Solved, not committed" in text
    assert "Look at the results" in text
    assert not app.exception


def test_solve_uses_what_the_form_says(page, demo_database):
    app = page("solve", run=RUN)
    app.radio[0].set_value(Policy.LEXIMIN)
    app.slider[0].set_value(0.0)
    app.slider[1].set_value(2.0)
    seed = next(f for f in app.number_input if f.label == "Seed for drawing lots")
    seed.set_value(7)
    press(app, "Solve")
    settings = ended().request.settings
    assert (settings.policy, settings.alpha, settings.power, settings.seed) == (
        Policy.LEXIMIN,
        0.0,
        2.0,
        7,
    )


def test_next_solve_starts_from_the_last_settings(page, demo_database):
    solve(RUN, Settings(alpha=0.75, seed=99))
    app = page("solve", run=RUN)
    assert app.slider[0].value == 0.75
    assert [b.label for b in app.button if b.label.startswith("Solve")] == ["Solve again"]


def test_form_takes_whatever_settings_a_solve_was_started_with(page, demo_database):
    wide = Settings(power=9.5, seed=2**60, time_limit=4000.5, worst_rank=500.0)
    solve(RUN, wide)
    app = page("solve", run=RUN)
    assert not [error.value for error in app.error]
    press(app, "Solve again")
    settings = ended().request.settings
    assert (settings.power, settings.seed, settings.worst_rank) == (9.5, 2**60, 500.0)
    assert settings.time_limit == 4001.0


def test_solve_without_ties_names_the_workers_who_tied(page, demo_database):
    app = page("solve", run=demo_data.SECOND_BATCH)
    next(box for box in app.checkbox if "equally" in box.label).uncheck()
    app = press(app, "Solve")
    assert "share rank" in words_of(app)
    assert solving.latest(demo_data.SECOND_BATCH) is None


def test_data_errors_must_be_accepted_first(page, demo_database):
    run_id = demo_data.NEEDS_ACKNOWLEDGEMENT
    app = page("solve", run=run_id)
    assert "data errors found" in words_of(app)
    app = press(app, "Solve")
    assert "Tick the box" in words_of(app)
    assert solving.latest(run_id) is None
    next(box for box in app.checkbox if "accept" in box.label).check()
    press(app, "Solve")
    assert ended(run_id).result.status is Status.OPTIMAL


def test_run_without_an_allocation_leads_to_the_reasons(page, demo_database):
    solve(demo_data.INFEASIBLE)
    text = words_of(page("solve", run=demo_data.INFEASIBLE))
    assert "No allocation satisfies" in text
    assert "Find out why" in text


def test_page_opened_later_shows_the_same_solve(page, demo_database):
    """A second tab or a refresh is another script run: it finds the job under the run's id."""
    snapshot = solve(RUN)
    first, second = page("solve", run=RUN), page("solve", run=RUN)
    for app in (first, second):
        assert "12 workers placed." in words_of(app)
        assert f"Solved by {snapshot.started_by}" in words_of(app)


def test_log_of_the_solve_is_in_plain_words(page, demo_database):
    solve(RUN)
    log = page("solve", run=RUN).dataframe[0].value
    assert "Checking every rule independently" in set(log["Step"])
    assert log["Seconds"].is_monotonic_decreasing


def test_completed_run_is_not_solved_again(page, demo_database):
    app = page("solve", run=demo_data.COMPLETED)
    assert "committed" in words_of(app)
    assert not [b for b in app.button if b.label.startswith("Solve")]


def test_refresh_reads_the_run_again(page, demo_database):
    app = page("solve", run=RUN)
    before = readings.reading(RUN)
    press(app, "Refresh from database")
    assert readings.reading(RUN) is not before


def test_solve_with_unreachable_database_says_what_to_do(page, unreachable):
    text = words_of(page("solve", run=RUN))
    assert "cannot be reached" in text
    assert "Traceback" not in text


def test_solve_with_wrong_key_says_what_to_do(page, database, monkeypatch):
    connect_pages(monkeypatch, database.info.url, "wrong")
    assert "key" in words_of(page("solve", run=RUN))


def test_what_must_be_accepted_is_ticked_before_a_solve(page, demo_database):
    demo_database.rows("update allocationruns set status = 'archived'")
    app = page("solve", run=RUN)
    assert "The allocation run is archived." in words_of(app)
    app = press(app, "Solve")
    assert "Tick the box" in words_of(app)
    assert solving.latest(RUN) is None
    next(box for box in app.checkbox if "points to be accepted above (1)" in box.label).check()
    press(app, "Solve")
    assert ended().result.status is Status.OPTIMAL


def test_placements_of_other_applications_are_taken_out_where_the_operator_says_so(
    page, demo_database
):
    placed_elsewhere(demo_database, RUN)
    app = page("solve", run=RUN)
    assert "Another application placed this worker on" in words_of(app)
    box = next(box for box in app.checkbox if "other applications placed" in box.label)
    assert "(1 placement)" in box.label
    box.check()
    press(app, "Solve")
    solved = ended().result
    assert len(solved.result.allocations) == 11
    assert solved.audit["changes"][0]["kind"] == "respect other placements"
    again = page("solve", run=RUN)
    assert next(b for b in again.checkbox if "other applications placed" in b.label).value


def test_setting_for_buckets_is_offered_where_ranks_contradict_them(page, demo_database):
    assert "contradict the buckets" not in words_of(page("solve", run=RUN))
    demo_database.rows(
        "update preference_worker_job_lines set like_dislike_preference = 60 - 10 * "
        "order_preference where order_preference < 4 and job_line in "
        "(select j.id from job_lines j join allocator_py_runs r on "
        "r.allocation_run = j.allocation_run where r.id = %s)",
        RUN,
    )
    readings.refresh(RUN)
    app = page("solve", run=RUN)
    text = words_of(app)
    assert "12 of 12 lists over several buckets" in text
    assert "Ranks of this run contradict the buckets" in text
    next(box for box in app.checkbox if box.label == "Bucket first, then rank").check()
    press(app, "Solve")  # which settles the data error, so that nothing has to be accepted
    assert ended().request.settings.bucket_order


def test_scenario_is_solved_again_with_its_changes_or_the_run_as_it_is_without_its_alpha(
    page, demo_database
):
    worker = readings.reading(RUN).inputs.workers[0]
    scenario = Scenario("Wards", Settings(alpha=0.6), (LeaveOut(worker.id),), OPERATOR)
    solve(RUN, scenario.settings, scenario=scenario)
    app = page("solve", run=RUN)
    assert "Last solved: the scenario “Wards”" in words_of(app)
    assert "alpha 0.60 (usual 0.30)" in words_of(app)
    assert app.slider[0].value == Settings().alpha
    labels = [b.label for b in app.button if b.label.startswith("Solve")]
    assert labels == ["Solve “Wards” again", "Solve the run as it is"]
    press(app, "Solve “Wards” again")
    again = ended()
    assert again.request.scenario == scenario
    assert again.request.settings == scenario.settings
    assert len(again.result.result.allocations) == 11
    press(app.run(), "Solve the run as it is")
    plain = ended()
    assert plain.request.scenario is None
    assert plain.request.settings == Settings()
    assert len(plain.result.result.allocations) == 12
    assert "Last solved: the scenario" not in words_of(app.run())
