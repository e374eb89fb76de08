"""A solved run waits for its commit, whatever else is solved meanwhile."""

from __future__ import annotations

from allocator.embedded import demo
from allocator.jobs import Job
from allocator.models import Settings
from allocator.scenario import Scenario
from console import loading, trials
from tests.console.server import OPERATOR
from tests.console.solving import press, solve, words_of
from tests.database.demo_rows import demo_rows
from tests.waiting import PATIENCE

POSITIONS = 60
"""More slider positions than finished jobs are kept."""


def test_solve_survives_any_number_of_slider_positions(page, connected, monkeypatch):
    connected.insert_tables(demo_rows())
    monkeypatch.setattr(trials, "MOST_AT_ONCE", 0)  # as on a run of more than 400 workers
    solve(demo.BY_EYE)
    as_read = loading.loaded(demo.BY_EYE)
    for position in range(POSITIONS):
        settings = Settings(alpha=position / POSITIONS)
        job = trials.ready(as_read, [Scenario("Try", settings)], OPERATOR)
        assert isinstance(job, Job)
        assert job.wait(PATIENCE)
    app = page("commit", run=demo.BY_EYE)
    assert "12 placements" in words_of(app)
    field = next(f for f in app.text_input if f.label.startswith("To confirm"))
    field.set_value(field.placeholder)
    assert "Receipt" in words_of(press(app, "Commit "))
    rows = connected.rows(
        "select 1 from allocator_py_allocations where allocator_py_run = %s", demo.BY_EYE
    )
    assert len(rows) == 12
