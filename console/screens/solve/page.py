"""Solve: choose the settings, start, watch, cancel."""

import streamlit as st

from allocator.database.validation import BUCKETS, settled_by
from allocator.models import AllocatorRun, RunInputs, Settings
from allocator.scenario import Scenario
from allocator.scenario.changes import RespectOtherPlacements
from console.state import readings, solving
from console.ui import navigation, session
from console.ui.messages import shown_errors
from console.ui.notes import draw_issues, draw_notices
from console.ui.session import reading_note, run_reading
from console.ui.settings_form import settings_inputs
from console.ui.solve_progress import watched_solve
from console.ui.tables import counted


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
        settings = settings_inputs(
            solving.last_settings(run.id),
            ranks_contradict=any(issue.kind == BUCKETS for issue in inputs.issues),
        )
        takes_out = _takes_out(inputs)
        acknowledged = _acknowledged(inputs)
        start = st.form_submit_button(
            "Solve again" if snapshot else "Solve",
            type="primary",
            icon=":material/play_arrow:",
            disabled=running or bool(inputs.blocking_issues),
        )
        st.caption("Solving writes no allocation: that takes a commit, which comes later.")
    if not start:
        return
    operator = session.require_operator()
    scenario = _without_other_placements(inputs, settings, operator) if takes_out else None
    left = [issue for issue in inputs.issues if not settled_by(issue, settings)]
    to_accept = (scenario.apply(inputs) if scenario else inputs).to_accept
    if (left or to_accept) and not acknowledged:
        st.warning("Tick the box above the button first.", icon=":material/info:")
        return
    solving.solve_in_background(
        inputs, settings, operator, acknowledged=acknowledged, scenario=scenario
    )
    st.rerun()


def _takes_out(inputs: RunInputs) -> bool:
    """The switch for what other applications placed, as it was last; shown where there is any."""
    count = len(inputs.other_placements)
    if not count:
        return False
    last = solving.latest(inputs.run.id)
    kept = last.request.scenario if last else None
    was_on = any(isinstance(c, RespectOtherPlacements) for c in (kept.changes if kept else ()))
    return st.checkbox(
        f"Take out what other applications placed ({counted(count, 'placement')})",
        was_on,
        help="Their workers and places leave this solve, as those of earlier runs do in an "
        "exclusive run. The receipt records it. The placements are listed on Review.",
    )


def _without_other_placements(inputs: RunInputs, settings: Settings, operator: str) -> Scenario:
    change = RespectOtherPlacements(author=operator)
    name, run = "Without placements of other applications", inputs.run.id
    return Scenario(name, settings, (change,), operator, run, inputs.fingerprint)


def _acknowledged(inputs: RunInputs) -> bool:
    """The box for data errors and notices that somebody must accept; none without any."""
    parts = [
        f"the {words} above ({len(found):,})"
        for words, found in (
            ("data errors", () if inputs.blocking_issues else inputs.issues),
            ("points to be accepted", inputs.to_accept),
        )
        if found
    ]
    if not parts or inputs.blocking_issues:
        return False
    return st.checkbox(f"I have read {' and '.join(parts)} and accept them")


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
draw_notices(inputs.notices, key="notices", version=reading.version)
watched_solve(run)
st.subheader("Settings", anchor=False)
with shown_errors():
    draw_form(run, inputs)
