"""A solved run waits for its commit, whatever else is solved meanwhile."""

from __future__ import annotations

from functools import lru_cache

from allocator.demo import demo_data
from allocator.jobs import Job, Jobs
from allocator.models import Settings
from allocator.scenario import Scenario
from console.state import backend, readings, trials
from tests.console.server import OPERATOR
from tests.console.solving import press, solve, words_of
from tests.database.demo_rows import demo_rows
from tests.waiting import PATIENCE

POSITIONS = 5


def test_solve_survives_slider_positions_where_no_other_finished_job_is_kept(
    page, connected, monkeypatch
):
    connected.insert_tables(demo_rows())
    monkeypatch.setattr(backend, "jobs", lru_cache(lambda: Jobs(most_finished=0)))
    monkeypatch.setattr(trials, "MOST_AT_ONCE", 0)  # as on a run of more than 400 workers
    solve(demo_data.BY_EYE)
    reading = readings.reading(demo_data.BY_EYE)
    for position in range(POSITIONS):
        settings = Settings(alpha=position / POSITIONS)
        job = trials.solve_all(reading, [Scenario("Try", settings)], OPERATOR)
        assert isinstance(job, Job)
        assert job.wait(PATIENCE)
    app = page("commit", run=demo_data.BY_EYE)
    assert "12 placements" in words_of(app)
    field = next(f for f in app.text_input if f.label.startswith("To confirm"))
    field.set_value(field.placeholder)
    assert "Receipt" in words_of(press(app, "Commit "))
    rows = connected.rows(
        "select 1 from allocator_py_allocations where allocator_py_run = %s", demo_data.BY_EYE
    )
    assert len(rows) == 12
