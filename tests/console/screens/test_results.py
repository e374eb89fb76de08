"""The Results page: before a solve, after it, and for completed runs."""

from __future__ import annotations

import pytest

from allocator import config
from allocator.demo import demo_data
from allocator.jobs import JobKind
from allocator.measures.outcome import NEVER_PLACED
from console.state import backend, readings, solving
from tests.console.server import OPERATOR
from tests.console.solving import solve, words_of

RUN = demo_data.BY_EYE
SECOND = demo_data.SECOND_BATCH


def commit(run_id: str):
    solve(run_id)
    found = solving.solved(run_id)
    receipt = backend.service().commit(found.inputs, found.result, OPERATOR)
    readings.refresh(run_id)
    return receipt


def open_tab(page, name: str, run_id: str = RUN):
    return page("results", run=run_id, tab=name)


def test_results_without_a_run_lead_to_the_list(page, demo_database):
    assert "No run is open" in words_of(page("results"))


def test_results_before_a_solve_lead_to_it(page, demo_database):
    text = words_of(page("results", run=RUN))
    assert "not been solved yet" in text
    assert "Go to Solve" in text


def test_results_of_an_infeasible_run_lead_to_the_reasons(page, demo_database):
    solve(demo_data.INFEASIBLE)
    assert "Find out why" in words_of(page("results", run=demo_data.INFEASIBLE))


def worst_of(app) -> str:
    """The list of the worst-off, as HTML."""
    (worst,) = (e.proto.body for e in app.get("html") if "rows brief" in e.proto.body)
    return worst


def test_first_screen_tells_how_good_how_proven_and_who_fared_worst(page, demo_database):
    solve(RUN)
    app = page("results", run=RUN)
    text = "\n".join([words_of(app), *(button.label for button in app.button)])
    for words in (
        "Proven optimal",
        "Placed **12 of 12**",
        "First choices",
        "best possible",
        "Within the top 3",
        "Worst rank",
    ):
        assert words in text
    worst = worst_of(app)
    assert worst.count("<li>") == 8
    assert "<dt>Rank</dt><dd>2nd</dd>" in worst
    assert "Line 010 · " in worst
    assert not app.exception


def test_allocation_table_has_names_ranks_and_contributions(page, demo_database):
    solve(RUN)
    table = page("results", run=RUN).dataframe[0].value
    assert len(table) == 12
    assert {"Name", "Job line", "Rank", "Eligibility rule"} <= set(table.columns)
    total = solving.solved(RUN).result.objective
    assert table["Contribution to the total"].sum() == pytest.approx(total)


def test_worst_off_worker_sees_what_it_ranked_higher_and_who_holds_it(page, demo_database):
    solve(SECOND)
    app = open_tab(page, "Who ranked what higher", SECOND)
    table = app.dataframe[0].value
    assert {"Job line", "Rank", "Eligible", "Held by"} <= set(table.columns)
    assert table["Rank"].is_monotonic_increasing


@pytest.mark.parametrize("name", ["By worker", "By job line", "Workers and organisation"])
def test_charts_are_drawn(page, demo_database, name):
    solve(RUN)
    app = open_tab(page, name)
    assert len(app.get("plotly_chart")) >= 2
    assert not app.exception


def test_report_masks_small_groups_unless_told_otherwise(page, demo_database):
    solve(SECOND)
    app = open_tab(page, "Report and files", SECOND)
    labels = [button.label for button in app.get("download_button")]
    assert {"Allocation (CSV)", "Workbook (Excel)", "Printable report (HTML)"} <= set(labels)
    assert labels.count("Download CSV") == 1 + len(app.dataframe)  # one is of the worst-off
    masked = [str(frame.value.to_dict()) for frame in app.dataframe]
    assert any("hidden" in text or "<5" in text for text in masked)
    next(box for box in app.checkbox if box.label == "Hide small groups").uncheck()
    shown = [str(frame.value.to_dict()) for frame in app.run().dataframe]
    assert not any("hidden" in text or "<5" in text for text in shown)


def test_bands_that_make_no_sense_are_refused_in_words(page, demo_database):
    solve(RUN)
    app = open_tab(page, "Report and files")
    field = next(f for f in app.text_input if f.label == "Bands end at choice")
    text = words_of(field.set_value("one, two").run())
    assert "whole numbers" in text
    assert "each above the last" in words_of(field.set_value("5, 3").run())


def test_bands_start_as_the_secrets_file_says(page, demo_database):
    solve(RUN)
    secrets_file = config.secrets_path()
    text = secrets_file.read_text(encoding="utf-8")
    secrets_file.write_text(text.replace("[console]", "[console]\nrank_bands = [2, 4]"), "utf-8")
    app = open_tab(page, "Report and files")
    field = next(f for f in app.text_input if f.label == "Bands end at choice")
    assert field.value == "2, 4"


def test_committed_run_is_shown_as_it_was_solved(page, demo_database):
    receipt = commit(RUN)
    backend.jobs().forget(JobKind.SOLVE, RUN)  # as after a restart of the server
    app = page("results", run=RUN)
    text = words_of(app)
    assert f"committed by {receipt.operator}" in text
    assert "Proven optimal" in text
    assert len(app.dataframe[0].value) == 12


def test_committed_run_whose_data_changed_shows_the_stored_rows(page, demo_database):
    commit(RUN)
    demo_database.rows("delete from allocation_run_preferencer_weightings")
    demo_database.rows("delete from job_line_eligibility")
    readings.refresh(RUN)
    app = page("results", run=RUN)
    assert "has changed since it was committed" in words_of(app)
    assert len(app.dataframe[0].value) == 12


def test_run_of_another_program_shows_the_stored_rows(page, demo_database):
    app = page("results", run=demo_data.COMPLETED)
    assert "Another program completed this run" in words_of(app)
    stored = demo_database.rows(
        "select * from allocator_py_allocations where allocator_py_run = %s", demo_data.COMPLETED
    )
    assert len(app.dataframe[0].value) == len(stored)
    assert not app.exception


def test_results_with_unreachable_database_say_what_to_do(page, unreachable):
    assert "cannot be reached" in words_of(page("results", run=RUN))


def test_first_screen_counts_who_got_what_they_cannot_accept(page, demo_database):
    solve(RUN)
    app = page("results", run=RUN)
    text = words_of(app)
    assert "1 worker got a job line that they put under “never”" in text
    assert "Esther Bajwa" in text
    assert any(button.label.startswith(NEVER_PLACED) for button in app.button)
    assert worst_of(app).index("Esther Bajwa") < worst_of(app).index("<dd>2nd · never</dd>")
    placed = app.dataframe[0].value
    assert placed.loc[placed["Name"] == "Esther Bajwa", "Bucket"].tolist() == ["Never"]
    demo_database.rows("update preference_worker_job_lines set like_dislike_preference = null")
    readings.refresh(RUN)
    solve(RUN)
    app = page("results", run=RUN)
    assert "never" not in words_of(app)
    assert "Bucket" not in app.dataframe[0].value.columns


def test_outcome_by_hospital_is_masked_in_the_file_and_in_the_report(page, demo_database):
    solve(RUN)
    app = open_tab(page, "By job line")
    assert (
        "At Kingfisher Hospital (5)" in next(b for b in app.selectbox if b.label == "Show").options
    )
    by_hospital = app.table[0].value
    assert by_hospital.index.tolist()[:2] == ["Ironbark Hospital", "Kingfisher Hospital"]
    assert by_hospital.loc["All workers", "Workers"] == 12
    assert "In the file" in words_of(app)
    app = open_tab(page, "Report and files")
    assert any(fold.label.startswith("By hospital") for fold in app.expander)
