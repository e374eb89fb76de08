"""From a scenario to its commit: its allocation becomes the run's."""

from __future__ import annotations

import streamlit as st

from allocator.comparison import Solved
from allocator.errors import AllocatorError
from console import navigation, solving
from console.widgets.scenarios.bench import Bench

SECONDS_WAITED = 8.0


class SolveUnderWay(AllocatorError):
    """Somebody is solving this run at the moment."""

    remedy = "Wait for that solve to end, or stop it on the Solve page."


def draw_hand_over(bench: Bench, now: Solved) -> None:
    """The button that makes this the allocation to commit."""
    if not bench.as_read.run.is_pending:
        st.caption("The run is completed, so that a scenario can only be looked at.")
        return
    st.caption(
        "Happy with it? Results and Commit then show this scenario's allocation. Nothing is "
        "written yet; the commit's audit row will list the changes."
    )
    if st.button("Take to Results and Commit", icon=":material/arrow_forward:", key="hand over"):
        _hand_over(bench, now)


def _hand_over(bench: Bench, now: Solved) -> None:
    """Solve once more as the run's own solve, which logs it, and go to its result."""
    job = solving.start(
        now.inputs,
        bench.scenario.settings,
        bench.operator,
        acknowledged=True,
        as_read=bench.as_read,
        scenario=bench.scenario.audit(),
    )
    if job.inputs is not now.inputs:
        raise SolveUnderWay
    with st.spinner("Solving the scenario once more for the record …"):
        ended = job.wait(SECONDS_WAITED)
    navigation.go("results" if ended else "solve")
