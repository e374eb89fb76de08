"""Solve: choose the settings, start, watch, cancel."""

import streamlit as st

from allocator.models import AllocatorRun, RunInputs
from console.state import readings, solving
from console.ui import navigation, session
from console.ui.messages import shown_errors
from console.ui.notes import draw_issues
from console.ui.session import reading_note, run_reading
from console.ui.settings_form import settings_inputs
from console.ui.solve_progress import watched_solve


def draw_not_solvable() -> None:
    """A completed run is not solved again."""
    st.info("This run is committed. It can be read, but not solved again.", icon=":material/lock:")
    with st.container(horizontal=True):
        navigation.link("results", "Look at the results")
        navigation.link("commit", "See the receipt")


def draw_form(run: AllocatorRun, inputs: RunInputs) -> None:
    """Settings, acknowledgement and the button that starts."""
    snapshot = solving.latest(run.id)
    running = bool(snapshot and snapshot.is_running)
    with st.form("settings", enter_to_submit=False):
        settings = settings_inputs(solving.last_settings(run.id))
        acknowledged = False
        if inputs.issues and not inputs.blocking_issues:
            acknowledged = st.checkbox(
                f"I have read the data errors above ({len(inputs.issues)}) and accept them"
            )
        start = st.form_submit_button(
            "Solve again" if snapshot else "Solve",
            type="primary",
            icon=":material/play_arrow:",
            disabled=running or bool(inputs.blocking_issues),
        )
        st.caption("Solving writes no allocation: that takes a commit, which comes later.")
    if start and inputs.issues and not acknowledged:
        st.warning("Tick the box above the button first.", icon=":material/info:")
    elif start:
        solving.solve_in_background(
            inputs, settings, session.require_operator(), acknowledged=acknowledged
        )
        st.rerun()


run = navigation.run_page("Solve")
if not run.is_pending:
    draw_not_solvable()
    st.stop()
if st.query_params.pop("fresh", ""):
    readings.refresh(run.id)
with shown_errors(stop=True):
    reading = run_reading(run)
inputs = reading.inputs
reading_note(reading)
if inputs.issues:
    draw_issues(inputs.issues, key="issues", version=reading.version)
watched_solve(run)
st.subheader("Settings", anchor=False)
with shown_errors():
    draw_form(run, inputs)
