"""Scenarios: try changes before anything is committed."""

import streamlit as st

from console import heading, loading, scenario_store, session, what_if
from console.messages import shown_errors
from console.widgets.scenarios.acceptance import accepted
from console.widgets.scenarios.additions import draw_additions
from console.widgets.scenarios.bench import Bench
from console.widgets.scenarios.changes import draw_changes
from console.widgets.scenarios.compare import draw_compare
from console.widgets.scenarios.dials import draw_dials
from console.widgets.scenarios.outcome import draw_solved
from console.widgets.scenarios.policies import draw_policies
from console.widgets.scenarios.shelf import draw_shelf
from console.widgets.scenarios.sweep import draw_sweep
from console.widgets.scenarios.weightings import draw_weightings


def try_changes(bench: Bench) -> None:
    """Settings and changes on the left, what they bring on the right."""
    shelf = st.container()
    left, right = st.columns([2, 3], gap="large")
    with left:
        bench = draw_dials(bench)
    with shelf:
        draw_shelf(bench, scenario_store.shelf(bench.run_id))
    now = None
    with right, shown_errors():
        now = draw_solved(bench)
    with left, shown_errors():
        draw_changes(bench, now)
        st.subheader("Change something", anchor=False)
        draw_additions(bench)
        st.caption("Weightings are in a table of their own at the end of the page.")
    with shown_errors():
        draw_weightings(bench)


DRAW = dict(zip(what_if.VIEWS, (try_changes, draw_compare, draw_policies, draw_sweep), strict=True))


@st.fragment
@session.signed_in
def body(run_id: str) -> None:
    """Everything that answers to the page's own controls, so that these redraw nothing else."""
    as_read, operator = loading.loaded(run_id), session.require_operator()
    if not accepted(as_read, loading.data_version(run_id)):
        return
    view = what_if.view(run_id)
    chosen = st.segmented_control(
        "Part of the page", what_if.VIEWS, default=view, required=True,
        label_visibility="collapsed", key=f"what-if view {run_id} {view}",
    )  # fmt: skip
    if chosen and chosen != view:
        what_if.show_view(run_id, chosen)
        st.rerun()
    draft = what_if.draft(as_read, operator)
    DRAW[view](Bench(as_read, loading.data_version(run_id), operator, draft))


run = heading.run_page("Scenarios")
with shown_errors(stop=True):
    loading.reading_note(run.id)
body(run.id)
