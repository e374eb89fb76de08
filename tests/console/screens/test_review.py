"""The Review page: its tabs, filters, details and data errors, and what it says when it cannot."""

from __future__ import annotations

from allocator.demo import demo_data
from console.state import diagnosing, readings
from tests.console.conftest import connect_pages
from tests.console.ui.test_frame import text_of
from tests.database.demo_rows import placed_elsewhere
from tests.services import hidden
from tests.waiting import eventually

BATCH = demo_data.SECOND_BATCH


def shown(app) -> str:
    kinds = (app.caption, app.info, app.header)
    texts = [element.value for kind in kinds for element in kind]
    return "\n".join([text_of(app), *texts]).replace("\\", "")


def table(app, number: int = 0):
    return app.dataframe[number].value


def select_row(app, position: int):
    """Select a row of the first table, as a click does."""
    key = app.dataframe[0].proto.id.split("-", 2)[2]
    app.session_state[key] = {"selection": {"rows": [position], "columns": [], "cells": []}}
    return app.run()


def field(app, start: str):
    return next(f for f in app.text_input if f.key.startswith(start))


def choose(app, kind: str):
    """Choose from `Show`, by the words before the count."""
    box = next(b for b in app.selectbox if b.label == "Show")
    return box.select(next(o for o in box.options if o.startswith(kind))).run()


def view(app, name: str):
    return app.segmented_control[0].set_value(name).run()


def test_review_without_a_run_leads_to_the_list(page, demo_database):
    app = page("review")
    assert "No run is open" in shown(app)
    assert not app.tabs
    assert not app.exception


def test_review_of_an_unknown_run_says_so(page, demo_database):
    app = page("review", run="00000000-0000-4000-8000-000000000000")
    assert "There is no such run" in shown(app)
    assert not app.exception


def test_review_works_out_the_open_tab_alone(page, demo_database):
    app = page("review", run=BATCH)
    assert [tab.label for tab in app.tabs] == [
        "Workers",
        "Preferences",
        "Eligibility",
        "Weightings",
        "Job lines",
    ]
    assert len(app.dataframe) == 1
    assert "House officer year 2027" in shown(app)
    assert "No data errors found" in shown(app)
    assert "Read from the database at" in shown(app)


def test_review_workers_lists_those_left_out_with_the_reason(page, demo_database):
    app = choose(page("review", run=BATCH), "Left out")
    frame = table(app)
    assert len(frame) > 0
    assert set(frame["Status"]) == {"Left out"}
    assert (frame["Why left out"] != "").all()


def test_review_workers_filter_and_say_how_many_are_left(page, demo_database):
    app = page("review", run=demo_data.BY_EYE)
    whole = table(app)
    wanted = whole["Name"].iloc[3]
    field(app, "filter workers").set_value(wanted.upper()).run()
    assert table(app)["Name"].tolist() == [wanted]
    assert "1 of 12 workers" in shown(app)
    field(app, "filter workers").set_value("no such name").run()
    assert "Nothing matches" in shown(app)


def test_review_worker_selected_shows_all_about_the_one(page, demo_database):
    app = page("review", run=demo_data.BY_EYE)
    field(app, "filter workers").set_value("SMP-0007").run()
    name = table(app)["Name"].iloc[0]
    select_row(app, 0)
    assert name in shown(app)
    mapping = demo_database.rows(
        "select m.id from allocation_run_worker_mappings m join workers w on w.id = m.worker "
        "where w.internal_id = 'SMP-0007'"
    )[0]["id"]
    assert [code.value for code in app.code] == [str(mapping)]
    pairs = table(app, 1)
    assert len(pairs) == 12
    assert pairs["Rank counted"].is_monotonic_increasing
    app.run()
    assert not app.code  # it opens once, not at every run of the page


def test_review_preferences_show_raw_rank_beside_what_counts(page, demo_database):
    app = page("review", run=BATCH, tab="Preferences")
    assert app.get("plotly_chart")
    assert not app.dataframe
    frame = table(view(app, "Every rank"))
    assert {"Rank as entered", "Rank", "Tied with", "Ranks skipped before it"} <= {*frame.columns}
    frame = table(view(app, "By worker"))
    assert len(frame) == 24
    assert "Rank counted for an unranked job line" in frame.columns
    view(app, "Ties")
    assert not app.exception


def test_review_eligibility_names_the_rule_of_every_pair(page, demo_database):
    app = page("review", run=BATCH, tab="Eligibility")
    assert app.get("plotly_chart")
    assert table(app)["Pairs"].sum() == 24 * 17
    pairs = table(view(app, "Every pair"))
    assert len(pairs) == 24 * 17
    assert set(pairs["Eligible"]) == {"Yes", "No"}
    field(app, "filter pairs").set_value("excluded").run()
    assert table(app)["Eligibility rule"].astype(str).str.contains("excluded").all()
    assert len(table(view(app, "By worker"))) == 24
    assert len(table(view(app, "By job line"))) == 17


def test_review_eligibility_flags_those_with_none(page, demo_database):
    demo_database.rows(
        "update job_line_eligibility set included_worker_mapping_ids = '{}', "
        "included_qualification_tag_ids = array[gen_random_uuid()]"
    )
    app = page("review", run=BATCH, tab="Eligibility")
    assert "Nobody to pair with:" in shown(app)
    app = choose(view(app, "By job line"), "None")
    assert set(table(app)["Eligible"]) == {0}


def test_review_weightings_say_what_the_sign_means(page, demo_database):
    app = page("review", run=BATCH, tab="Weightings")
    assert "Positive = **less wanted**" in shown(app)
    frame = table(app)
    assert "20 ranks less wanted" in frame["Effect"].tolist()
    assert "6 ranks more wanted" in frame["Effect"].tolist()
    select_row(app, frame["Effect"].tolist().index("6 ranks more wanted"))
    assert "Weighting (positive = less wanted)" in shown(app)
    assert len(app.code) == 1
    net = table(view(app, "Net effect by pair"))
    assert (net["Weighting (positive = less wanted)"] != 0).all()


def test_review_without_weightings_says_so(page, demo_database):
    app = page("review", run=demo_data.BY_EYE, tab="Weightings")
    assert "no weightings" in shown(app)


def test_review_job_lines_and_one_of_them(page, demo_database):
    app = page("review", run=BATCH, tab="Job lines")
    frame = table(app)
    taking_part = frame[frame["Status"] == "Takes part"]
    assert len(taking_part) == 17
    assert {"Places", "Must be filled", "First choices", "Times ranked"} <= {*frame.columns}
    select_row(app, 0)
    assert frame["Job line"].iloc[0] in shown(app)
    assert len(table(app, 1)) == 5  # its terms
    assert len(table(app, 2)) == 24
    assert len(app.code) == 1


def test_review_puts_data_errors_on_top_with_what_to_do(page, demo_database):
    app = page("review", run=demo_data.NEEDS_ACKNOWLEDGEMENT)
    assert "2 data errors found" in app.warning[0].value
    assert "What to do" in app.warning[0].value
    assert not app.error


def test_review_lists_many_data_errors_in_a_table(page, demo_database):
    demo_database.rows("update job_lines set max_n_workers = -1")
    app = page("review", run=demo_data.BY_EYE)
    assert "12 data errors found; 12 must be mended" in app.error[0].value
    errors = table(app)
    assert len(errors) == 12
    assert set(errors["Effect"]) == {"Stops the run"}


def test_review_reads_again_when_asked(page, demo_database):
    app = page("review", run=demo_data.BY_EYE)
    demo_database.rows("update allocation_run_worker_mappings set submitted = false")
    app.run()
    assert set(table(app)["Submitted"]) == {"Yes"}
    next(b for b in app.button if b.label == "Refresh from database").click().run()
    assert set(table(app)["Submitted"]) == {"No"}


def test_review_of_a_run_without_workers_and_job_lines(page, connected):
    plan = connected.insert("allocationplans", {"name": "Empty plan"})[0]["id"]
    year = connected.insert("allocationruns", {"allocationplan": plan})[0]["id"]
    run = str(connected.insert("allocator_py_runs", {"allocation_run": year})[0]["id"])
    for tab in ("Workers", "Preferences", "Eligibility", "Weightings", "Job lines"):
        app = page("review", run=run, tab=tab)
        assert not app.exception
        assert "No worker takes part" in app.error[0].value


def test_review_opens_on_what_needs_attention(page, demo_database):
    wait_for(demo_data.INFEASIBLE)
    app = page("review", run=demo_data.INFEASIBLE)
    assert "What needs attention" in [header.value for header in app.header]
    assert "As it is, this run cannot be solved" in text_of(app)
    wait_for(BATCH)
    app = page("review", run=BATCH)
    assert "An allocation exists: it can be solved" in text_of(app)
    assert any(fold.label.startswith("Left out") for fold in app.expander)
    assert not app.exception


def wait_for(run: str) -> None:
    """Until the quick checks of the run, as the page reads it, have ended."""
    reading, known = readings.reading(run), diagnosing.the_checks()
    known.look_at(reading.inputs, reading.read_at)
    eventually(lambda: known.found(run))


def test_review_with_unreachable_database_says_what_to_do(page, unreachable):
    app = page("review", run=BATCH)
    assert "The database does not answer" in text_of(app)
    assert "Try again" in [button.label for button in app.button]
    assert app.expander[0].label == "For your IT"
    assert "cannot be reached" in text_of(app)
    assert not app.exception


def test_review_with_a_wrong_key_says_what_to_do(page, demo_database, monkeypatch):
    connect_pages(monkeypatch, demo_database.info.url, "not-a-key")
    app = page("review", run=BATCH)
    assert "refused the key" in text_of(app)
    assert not app.exception


def test_review_lists_coming_withdrawals_and_freed_places(page, demo_database):
    text = shown(page("review", run=BATCH))
    assert "To know of (2)" in text
    assert "A place is free again: Chidi Laurence" in text
    assert "takes part until then" in text
    assert "To be accepted" not in text


def test_review_puts_what_must_be_accepted_before_the_rest(page, demo_database):
    demo_database.rows("update allocationruns set status = 'archived'")
    text = shown(page("review", run=BATCH))
    assert "To be accepted before a commit (1)" in text
    assert "The allocation run is archived." in text
    assert text.index("To be accepted") < text.index("To know of")


def test_review_lists_placements_of_other_applications(page, demo_database):
    placed_elsewhere(demo_database, demo_data.BY_EYE, 2)
    app = page("review", run=demo_data.BY_EYE, tab="Other applications")
    frame = table(app)
    assert list(frame.columns) == ["Name", "Job line", "State", "Since"]
    assert set(frame["State"]) == {"Locked"}
    assert len(frame) == 2
    assert "Another application placed this worker on" in shown(app)


def test_review_tells_buckets_and_lists_what_nobody_can_accept(page, demo_database):
    app = page("review", run=demo_data.BY_EYE, tab="Preferences")
    ranks = table(view(app, "Every rank"))
    assert set(ranks["Bucket"]) == {"Love", "Like", "Never"}
    never = table(view(app, "Never"))
    assert never["Rank as entered"].tolist() == [2]
    assert never["Job line"].iloc[0].startswith("Line 012")
    demo_database.rows("update preference_worker_job_lines set like_dislike_preference = null")
    app = page("review", run=demo_data.SECOND_BATCH, tab="Preferences")
    assert "Bucket" not in table(view(app, "Every rank")).columns
    view(app, "Never")
    assert "No worker put a job line of this run under" in shown(app)


def test_review_job_lines_by_hospital_and_term_by_term(page, demo_database):
    app = page("review", run=demo_data.BY_EYE, tab="Job lines")
    assert len(table(app)) == 12
    app = choose(app, "At Kingfisher Hospital")
    there = table(app)
    assert 0 < len(there) < 12
    assert there["Hospital"].str.contains("Kingfisher Hospital").all()
    select_row(app, 0)
    terms = table(app, 1)
    assert list(terms.columns) == ["From", "To", "Position", "Team", "Hospital"]
    assert terms["From"].iloc[0] == "11 Jan 2027"
    assert "term by term" in shown(app)


def test_review_without_terms_says_nothing_of_them(page, demo_database):
    with hidden(demo_database, "table", "rotations"):
        app = page("review", run=demo_data.BY_EYE, tab="Job lines")
    assert "Hospital" not in table(app).columns
    select_row(app, 0)
    assert "term by term" not in shown(app)
    assert not app.exception
