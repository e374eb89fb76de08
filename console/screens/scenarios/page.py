"""Scenarios: try changes before anything is committed."""

import streamlit as st

from allocator.models import AllocatorRun
from console.screens.scenarios.add_change import draw_add_change
from console.screens.scenarios.bench import VIEWS, Bench, has_allocation, show_view, view
from console.screens.scenarios.change_list import draw_change_list
from console.screens.scenarios.compare import draw_compare
from console.screens.scenarios.dials import draw_dials
from console.screens.scenarios.outcome_view import accepted, draw_bar, draw_on_demand
from console.screens.scenarios.policy_view import draw_policies, draw_sweep
from console.screens.scenarios.repair_view import draw_repair
from console.screens.scenarios.shelf import draw_shelf
from console.screens.scenarios.swaps_view import draw_swaps
from console.screens.scenarios.weighting_editor import draw_weighting_editor
from console.state import scenario_drafts, scenario_store, seeds
from console.ui import navigation, session
from console.ui.messages import draw_unlogged, shown_errors
from console.ui.session import reading_note, run_reading


def try_changes(bench: Bench) -> None:
    """The outcome in a bar that stays in view; below it settings and changes, beside them the
    weightings and whatever else is asked for."""
    shelf, bar = st.container(), st.container(key="bench bar")
    left, right = st.columns(2, gap="large")
    with left:
        bench = draw_dials(bench)
    with shelf:  # drawn above the dials, but saves and writes out what they say
        draw_shelf(bench, scenario_store.shelf(bench.run_id))
    with bar:
        solved = draw_bar(bench)
    now = solved[1] if solved else None
    with left, shown_errors():
        draw_add_change(bench, now)
        draw_change_list(bench, now)
    with right, shown_errors():
        draw_weighting_editor(bench)
        if solved and has_allocation(solved[1]):
            draw_on_demand(bench, *solved)


PARTS = (try_changes, draw_compare, draw_policies, draw_sweep, draw_repair, draw_swaps)
DRAW = dict(zip(VIEWS, PARTS, strict=True))


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
