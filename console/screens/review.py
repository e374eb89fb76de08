"""Review: what the solver will see, and what is wrong with it."""

import streamlit as st

from console import checks, heading, loading
from console.messages import shown_errors
from console.widgets.facts import counted, facts_row
from console.widgets.issues import draw_issues
from console.widgets.review.eligibility import draw_eligibility
from console.widgets.review.job_lines import draw_job_lines
from console.widgets.review.preferences import draw_preferences
from console.widgets.review.source import Source
from console.widgets.review.weightings import draw_weightings
from console.widgets.review.workers import draw_workers

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
    source = Source(loading.loaded(run.id), loading.data_version(run.id))
checks.remember(source.inputs, loading.read_at(run.id))
loading.reading_note(run.id)
draw_issues(source.inputs.issues, key=source.key("issues"), version=source.version)
draw_summary(source)
tabs = st.tabs(list(TABS), key="tab", bind="query-params")
for tab, draw in zip(tabs, TABS.values(), strict=True):
    if tab.open:  # only the open tab is worked out
        with tab, shown_errors():
            draw(source)
