"""Review: what the solver will see, and what is wrong with it."""

import streamlit as st

from allocator.review import left_out_words
from console.screens.review.parts import draw_attention
from console.screens.review.people import draw_preferences, draw_worker_review
from console.screens.review.places import (
    draw_eligibility,
    draw_job_line_review,
    draw_other_placements,
    draw_weighting_review,
)
from console.state import diagnosing
from console.state.readings import RunReading
from console.ui import navigation
from console.ui.messages import shown_errors
from console.ui.session import reading_note, run_reading
from console.ui.tables import counted, facts_row

PLACED_ELSEWHERE = "Other applications"
TABS = {
    "Workers": draw_worker_review,
    "Preferences": draw_preferences,
    "Eligibility": draw_eligibility,
    "Weightings": draw_weighting_review,
    "Job lines": draw_job_line_review,
    PLACED_ELSEWHERE: draw_other_placements,
}


def draw_summary(source: RunReading) -> None:
    """How much of what takes part."""
    inputs = source.inputs
    submitted = sum(worker.submitted for worker in inputs.workers)
    places = sum(job_line.places for job_line in inputs.job_lines)
    must = sum(job_line.least_places for job_line in inputs.job_lines)
    facts_row(
        [
            ("Workers", f"{len(inputs.workers):,}"),
            ("Submitted", f"{submitted:,} of {len(inputs.workers):,}"),
            ("Job lines", f"{len(inputs.job_lines):,}"),
            ("Places", f"{places:,}"),
            ("Must be filled", counted(must, "job line") if must else "None"),
            ("Weightings", f"{len(inputs.weightings):,}"),
            ("Left out", _left_out(source) or "Nobody and nothing"),
        ]
    )


def _left_out(source: RunReading) -> str:
    workers = sum(left.kind == "worker" for left in source.inputs.left_out)
    return left_out_words(workers, len(source.inputs.left_out) - workers)


run = navigation.run_page("Review")
with shown_errors(stop=True):
    source = run_reading(run)
diagnosing.the_checks().look_at(source.inputs, source.read_at)
reading_note(source)
draw_summary(source)
draw_attention(source)
shown = [name for name in TABS if name != PLACED_ELSEWHERE or source.inputs.other_placements]
tabs = st.tabs(shown, key="tab", bind="query-params")
for tab, name in zip(tabs, shown, strict=True):
    if tab.open:  # only the open tab is worked out
        with tab, shown_errors():
            TABS[name](source)
if run.is_pending:
    navigation.step_foot("solve", "Go on to Solve")
else:
    navigation.step_foot("results", "Look at the results")
