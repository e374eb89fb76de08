"""Results: how everybody fared, and files to take away."""

import streamlit as st

from allocator.measures.terms import terms_of
from allocator.models import AllocatorRun
from allocator.report.parts import report_facts
from allocator.result import Status
from allocator.solved import Solved
from console.screens.results.details import (
    draw_allocation,
    draw_first_screen,
    draw_job_line_outcome,
    draw_organisation,
    draw_rank_by_worker,
    draw_report,
    draw_stored,
    draw_worst_off,
)
from console.state import solving
from console.ui import navigation, session
from console.ui.about import ShownAllocation
from console.ui.messages import literal, shown_errors
from console.ui.session import stored_outcome

TABS = {
    "Allocation": draw_allocation,
    "Who ranked what higher": draw_worst_off,
    "By worker": draw_rank_by_worker,
    "By job line": draw_job_line_outcome,
    "Workers and organisation": draw_organisation,
    "Report and files": draw_report,
}


def draw_no_results(run: AllocatorRun) -> None:
    """Why there is no allocation yet, and where to go."""
    snapshot = solving.latest(run.id)
    ended = snapshot.result if snapshot else None
    if snapshot and snapshot.is_running:
        st.info("The run is being solved. Its results appear here when it is done.")
        navigation.link("solve", "Watch the solve")
    elif isinstance(ended, Solved) and ended.result.status is Status.INFEASIBLE:
        st.error("No allocation satisfies every rule of this run.", icon=":material/block:")
        navigation.link("infeasibility", "Find out why")
    else:
        st.info("This run has not been solved yet.", icon=":material/insights:")
        navigation.link("solve", "Go to Solve")


def draw_about(shown: ShownAllocation) -> None:
    """Every setting behind a fold."""
    solved = shown.solved
    with st.expander("Settings and data of this allocation"):
        for label, value in report_facts(
            shown.inputs, shown.result, shown.operator, terms=terms_of(solved)
        ):
            st.markdown(f"**{literal(label)}:** {literal(value)}")


run = navigation.run_page("Results")
with shown_errors(stop=True):
    stored = None if run.is_pending else stored_outcome(run)
    found = stored.solved if stored else solving.solved(run.id)
if found is None:
    draw_stored(run, stored) if stored else draw_no_results(run)
    st.stop()
shown = ShownAllocation(found, session.require_operator())
draw_first_screen(shown)
draw_about(shown)
for tab, (_name, draw) in zip(
    st.tabs(list(TABS), key="tab", bind="query-params"), TABS.items(), strict=True
):
    if tab.open:
        with tab, shown_errors():
            draw(shown)
if not shown.run.is_pending:
    navigation.step_foot("commit", "See the receipt")
elif shown.result.status is not Status.CANCELLED:
    navigation.step_foot("commit", "Go to commit")
else:
    navigation.step_foot("solve", "Solve again")
