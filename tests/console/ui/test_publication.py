"""After the commit: letters with one click; and the year-on-year tables on History."""

from __future__ import annotations

import io
import zipfile

from allocator.demo import demo_data
from allocator.jobs import JobState
from console.state import backend, publishing
from tests.console.server import OPERATOR
from tests.console.solving import press, solve, words_of
from tests.waiting import eventually


def commit(run_id):
    solved = solve(run_id).result
    backend.service().commit(solved.inputs, solved.result, OPERATOR)


def test_letters_are_made_with_one_click_after_the_commit(page, demo_database):
    run = demo_data.BY_EYE
    commit(run)
    app = page("commit", run=run)
    assert "Letters and lists" in words_of(app)
    press(app, "Make letters and lists")
    made = eventually(lambda: (s := publishing.latest_publication(run)) and s.result)
    with zipfile.ZipFile(io.BytesIO(made.content)) as archive:
        assert sum(name.endswith(".pdf") for name in archive.namelist()) == 12
    snapshot = publishing.latest_publication(run)
    assert (snapshot.state, snapshot.started_by) == (JobState.DONE, OPERATOR)
    app = page("commit", run=run)
    assert not app.exception
    text = words_of(app)
    assert "12" in text
    assert "These letters name other doctors" not in text
    next(box for box in app.checkbox if "name other" in box.label).check().run()
    assert "Made with other choices" in words_of(app)


def test_history_shows_completed_runs_of_the_plan_side_by_side(page, demo_database):
    commit(demo_data.SECOND_BATCH)
    app = page("history", run=demo_data.SECOND_BATCH)
    assert not app.exception
    assert "Letters and lists" in words_of(app)
    assert not any("Figure" in f.value.columns for f in app.dataframe)
    app.session_state[f"years {demo_data.SECOND_BATCH}"] = True
    app.run()
    years = [f.value for f in app.dataframe if {"Figure", "Choice"} & set(f.value.columns)]
    assert len(years) == 3
    assert all(len(frame.columns) == 3 for frame in years)
