"""Review: what the solver will see, and what is wrong with it."""

import streamlit as st

from console.screens.review.parts import Source
from console.screens.review.people import draw_preferences, draw_workers
from console.screens.review.places import draw_eligibility, draw_job_lines
from console.screens.review.weighting_tables import draw_weightings
from console.state import checks, readings
from console.ui import heading
from console.ui.figures import counted, facts_row
from console.ui.messages import shown_errors
from console.ui.notes import draw_issues

TABS = {
    "Workers": draw_workers,
    "Preferences": draw_preferences,
    "Eligibility": draw_eligibility,
    "Weightings": draw_weightings,
    "Job lines": draw_job_lines,
}


def draw_summary(source: Source) -> None:
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
            ("Left out", f"{len(inputs.left_out):,}"),
        ]
    )


run = heading.run_page("Review")
with shown_errors(stop=True):
    source = Source(readings.loaded(run.id), readings.data_version(run.id))
checks.remember(source.inputs, readings.read_at(run.id))
readings.reading_note(run.id)
draw_issues(source.inputs.issues, key=source.key("issues"), version=source.version)
draw_summary(source)
tabs = st.tabs(list(TABS), key="tab", bind="query-params")
for tab, draw in zip(tabs, TABS.values(), strict=True):
    if tab.open:  # only the open tab is worked out
        with tab, shown_errors():
            draw(source)
