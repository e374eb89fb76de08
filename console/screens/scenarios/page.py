"""Scenarios: try changes before anything is committed."""

import streamlit as st

from console.screens.scenarios.additions import draw_additions
from console.screens.scenarios.bench import Bench
from console.screens.scenarios.change_list import draw_changes
from console.screens.scenarios.compare import draw_compare
from console.screens.scenarios.dials import draw_dials
from console.screens.scenarios.outcome_view import accepted, draw_solved
from console.screens.scenarios.policy_view import draw_policies
from console.screens.scenarios.shelf import draw_shelf
from console.screens.scenarios.sweep_view import draw_sweep
from console.screens.scenarios.weighting_editor import draw_weightings
from console.state import readings, scenario_store, what_if
from console.ui import heading, session
from console.ui.messages import shown_errors


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
    as_read, operator = readings.loaded(run_id), session.require_operator()
    if not accepted(as_read, readings.data_version(run_id)):
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
    DRAW[view](Bench(as_read, readings.data_version(run_id), operator, draft))


run = heading.run_page("Scenarios")
with shown_errors(stop=True):
    readings.reading_note(run.id)
body(run.id)
