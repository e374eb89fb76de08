"""Solve: choose the settings, start, watch, cancel."""

import streamlit as st

from allocator.database.validation import BUCKETS, settled_by
from allocator.measures.terms import terms_line
from allocator.models import AllocatorRun, RunInputs, Settings
from allocator.scenario import Scenario
from allocator.scenario.changes import RespectOtherPlacements
from console.state import readings, solving
from console.ui import navigation, session
from console.ui.messages import literal, shown_errors
from console.ui.notes import because, draw_issues, draw_notices
from console.ui.session import reading_note, run_reading
from console.ui.settings_form import settings_inputs
from console.ui.solve_progress import watched_solve
from console.ui.tables import counted

AS_IT_IS = "Solve the run as it is"
WITHOUT_OTHERS = "Without placements of other applications"
TICK = "Tick the box above the button first."


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
    workbench = _from_workbench(run.id)
    label = "Solve again" if snapshot else "Solve"
    with st.form("settings", enter_to_submit=False):
        settings = settings_inputs(
            solving.last_settings(run.id) if workbench is None else Settings(),
            ranks_contradict=any(issue.kind == BUCKETS for issue in inputs.issues),
        )
        takes_out = _takes_out(inputs)
        acknowledged = _acknowledged(inputs)
        found = None if running else solving.solved(run.id)
        with navigation.foot():
            start = st.form_submit_button(
                label if workbench is None else AS_IT_IS,
                type="primary" if workbench is None and found is None else "secondary",
                icon=":material/play_arrow:",
                disabled=running or bool(inputs.blocking_issues),
                help="Solving writes no allocation: that takes a commit, which comes later.",
            )
            if found:
                navigation.next_step("results", "Look at the results")
    if not start:
        return
    operator = session.require_operator()
    scenario = _without_other_placements(inputs, settings, operator) if takes_out else None
    if _left_to_accept(inputs, settings, scenario) and not acknowledged:
        st.warning(TICK, icon=":material/info:")
        return
    solving.solve_in_background(
        inputs, settings, operator, acknowledged=acknowledged, scenario=scenario
    )
    st.rerun()


def _from_workbench(run_id: str) -> Scenario | None:
    """The scenario that the last solve was of; None when this page's own form started it."""
    scenario = solving.last_scenario(run_id)
    if scenario is None or scenario.name != WITHOUT_OTHERS:
        return scenario
    by_form = all(isinstance(one, RespectOtherPlacements) for one in scenario.changes)
    return None if by_form else scenario


def draw_scenario_again(run: AllocatorRun, inputs: RunInputs, scenario: Scenario) -> None:
    """What the last solve was of, and the button that solves exactly that again."""
    terms = terms_line(scenario.settings.as_dict(), len(scenario.changes))
    snapshot = solving.latest(run.id)
    with st.container(border=True):
        st.markdown(f"**Last solved: the scenario “{literal(scenario.name)}”**  \n{literal(terms)}")
        if scenario.changes:
            told = zip(scenario.words(inputs), scenario.changes, strict=True)
            with st.expander(f"Its {counted(len(scenario.changes), 'change')}"):
                st.markdown("\n".join(f"- {literal(w)}  {because(one)}" for w, one in told))
        acknowledged = _acknowledged(inputs, "the scenario")
        start = st.button(
            f"Solve “{literal(scenario.name)}” again",
            type="primary",
            icon=":material/replay:",
            disabled=bool(snapshot and snapshot.is_running) or bool(inputs.blocking_issues),
            help="With all its changes, under its own settings.",
            key="solve scenario again",
        )
    if not start:
        return
    if _left_to_accept(inputs, scenario.settings, scenario) and not acknowledged:
        st.warning(TICK, icon=":material/info:")
        return
    solving.solve_in_background(
        inputs,
        scenario.settings,
        session.require_operator(),
        acknowledged=acknowledged,
        scenario=scenario,
    )
    st.rerun()


def _left_to_accept(inputs: RunInputs, settings: Settings, scenario: Scenario | None) -> bool:
    """Whether data errors or notices wait for somebody's acceptance."""
    issues = any(not settled_by(issue, settings) for issue in inputs.issues)
    return issues or bool((scenario.apply(inputs) if scenario else inputs).to_accept)


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
    run = inputs.run.id
    return Scenario(WITHOUT_OTHERS, settings, (change,), operator, run, inputs.fingerprint)


def _acknowledged(inputs: RunInputs, what: str = "") -> bool:
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
    accepts = f"I have read {' and '.join(parts)} and accept them"
    return st.checkbox(f"{accepts} for {what}" if what else accepts)


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
if scenario := _from_workbench(run.id):
    with shown_errors():
        draw_scenario_again(run, inputs, scenario)
    st.header("The run as it is, without the scenario's changes", anchor=False)
else:
    st.header("Settings", anchor=False)
with shown_errors():
    draw_form(run, inputs)
