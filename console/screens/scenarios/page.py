"""Scenarios: try changes before anything is committed."""

import streamlit as st

from allocator.models import AllocatorRun
from console.screens.scenarios.bench import VIEWS, Bench, show_view, view
from console.screens.scenarios.change_list import draw_additions, draw_change_list
from console.screens.scenarios.compare import draw_compare
from console.screens.scenarios.dials import draw_dials
from console.screens.scenarios.outcome_view import accepted, draw_solved
from console.screens.scenarios.policy_view import draw_policies, draw_sweep
from console.screens.scenarios.shelf import draw_shelf
from console.screens.scenarios.weighting_editor import draw_weighting_editor
from console.state import scenario_drafts, scenario_store, seeds
from console.ui import navigation, session
from console.ui.messages import draw_unlogged, shown_errors
from console.ui.session import reading_note, run_reading


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
        draw_change_list(bench, now)
        st.subheader("Change something", anchor=False)
        draw_additions(bench)
        st.caption("Weightings are in a table of their own at the end of the page.")
    with shown_errors():
        draw_weighting_editor(bench)


DRAW = dict(zip(VIEWS, (try_changes, draw_compare, draw_policies, draw_sweep), strict=True))


@st.fragment
@session.signed_in
def body(run: AllocatorRun) -> None:
    """Everything that answers to the page's own controls, so that these redraw nothing else."""
    reading, operator = run_reading(run), session.require_operator()
    if not accepted(reading.inputs, reading.version):
        return
    shown = view(run.id)
    chosen = st.segmented_control(
        "Part of the page", VIEWS, default=shown, required=True,
        label_visibility="collapsed", key=f"what-if view {run.id} {shown}",
    )  # fmt: skip
    if chosen and chosen != shown:
        show_view(run.id, chosen)
        st.rerun()
    DRAW[shown](Bench(reading, operator, scenario_drafts.draft(reading.inputs, operator)))
    draw_unlogged(seeds.unlogged(run.id))


run = navigation.run_page("Scenarios")
with shown_errors(stop=True):
    reading_note(run_reading(run))
body(run)
