"""How a diagnosis ended: an allocation exists, or what stands in the way and what helps."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from allocator.jobs import JobSnapshot
from console.screens.infeasibility.causes import draw_causes
from console.screens.infeasibility.fixes import draw_fixes, draw_partial, draw_pre_checks
from console.screens.infeasibility.running import EndedDiagnosis, ask
from console.state import seeds
from console.state.readings import RunReading
from console.ui import messages, navigation
from console.ui.messages import shown_errors
from console.ui.tables import counted, facts_row

TABS: dict[str, Callable[[EndedDiagnosis], None]] = {
    "What stands in the way": draw_causes,
    "What would help": draw_fixes,
    "Best partial allocation": draw_partial,
    "Quick checks": lambda found: draw_pre_checks(found.diagnosis.pre_checks),
}


def draw_feasible(found: EndedDiagnosis) -> None:
    """Nothing is wrong: say so, and where to go."""
    what = "This scenario" if found.question.name else "This run"
    count = counted(len(found.inputs.workers), "worker")
    words = f"**{what} has an allocation.** All {count} can be placed, and every rule kept."
    st.success(words, icon=":material/sentiment_satisfied:")
    with st.container(horizontal=True):
        navigation.link("solve", "Find the best one")
    draw_pre_checks(found.diagnosis.pre_checks)


def draw_why_infeasible(found: EndedDiagnosis) -> None:
    """The headline, then causes, fixes, the best partial allocation and the quick checks."""
    inputs, diagnosis = found.inputs, found.diagnosis
    words = f"**No allocation exists.** {diagnosis.causes_words}"
    st.error(words, icon=":material/block:")
    partial = diagnosis.partial
    must = sum(j.least_places for j in inputs.job_lines)
    facts_row(
        [
            ("Workers", f"{len(inputs.workers):,}"),
            ("Places", f"{sum(j.places for j in inputs.job_lines):,}"),
            ("Must have somebody", counted(must, "job line")),
            ("Can be placed at most", f"{len(partial.placed):,}" if partial else ""),
            ("Fixes proven", f"{len(diagnosis.fixes):,}"),
        ]
    )
    tabs = st.tabs(list(TABS), key="part", bind="query-params", on_change="rerun")
    for tab, draw in zip(tabs, TABS.values(), strict=True):
        if tab.open:
            with tab, shown_errors():
                draw(found)


def draw_ended(snapshot: JobSnapshot, reading: RunReading) -> None:
    """What the diagnosis says, or why there is none."""
    messages.draw_unlogged(seeds.unlogged(reading.run_id))
    if snapshot.error is not None:
        messages.show_error(snapshot.error)
    elif snapshot.result.cancelled:
        st.warning("This diagnosis was stopped; it shows what was found until then.")
    is_whole = snapshot.error is None and not snapshot.result.cancelled
    if not is_whole and st.button("Look again", icon=":material/refresh:", type="primary"):
        ask(snapshot.request, snapshot.request.frozen)
    if snapshot.error is not None:
        return
    found = EndedDiagnosis.of(snapshot, reading)
    if found.diagnosis.feasible:
        draw_feasible(found)
    elif found.diagnosis.feasible is False:
        draw_why_infeasible(found)
    else:
        draw_pre_checks(found.diagnosis.pre_checks)
