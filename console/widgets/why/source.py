"""What the page Why? explains: the last solve of a waiting run, or what was committed."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from allocator.models import AllocatorRun, Policy, RunInputs, SolveResult
from allocator.report.header import POLICIES
from allocator.satisfaction import status_words
from console import navigation, outcome
from console.messages import literal
from console.solving import Solved

PART, WORKER, LINE = "about", "worker", "line"
"""What the address says: the open tab, the worker, the job line to explain."""
ONE_WORKER = "One worker"
OTHER_AIM = (
    "This run was solved with another aim than the least total dissatisfaction: "
    "**{aim}**. That aim comes first and the total second. A price below zero then means: the "
    "total would be better, but the aim would be met less well."
)


@dataclass(frozen=True, slots=True)
class Source:
    """An allocation to explain; `version` changes with it and goes into the keys of tables."""

    solved: Solved
    version: str

    @property
    def inputs(self) -> RunInputs:
        """What was solved."""
        return self.solved.inputs

    @property
    def result(self) -> SolveResult:
        """The allocation."""
        return self.solved.result

    @property
    def run(self) -> AllocatorRun:
        """The run that it belongs to."""
        return self.solved.inputs.run

    def key(self, name: str) -> str:
        """The key of a widget of this run."""
        return f"why {name} {self.run.id}"


def source_of(run: AllocatorRun) -> Source:
    """The allocation of a run; without one the page ends here and says what to do."""
    solved = outcome.solved(run)
    if solved is None:
        _nothing(run)
        st.stop()
    when = solved.solved_at or run.completed_at
    return Source(solved, f"{when:%d%H%M%S%f}-{solved.result.settings.seed}")


def draw_what(source: Source) -> None:
    """Which allocation is explained, and under which aim."""
    result = source.result
    scenario = result.scenario or source.inputs.scenario
    which = f"Scenario “{literal(scenario)}”. " if scenario else ""
    which += "The committed allocation. " if not source.run.is_pending else ""
    st.caption(f"{which}{status_words(result)}")
    if result.settings.policy is not Policy.LEAST_TOTAL:
        st.info(OTHER_AIM.format(aim=POLICIES[result.settings.policy]), icon=":material/info:")


def open_worker(worker_id: str) -> None:
    """Show the reasons for one worker's placement, and end this script."""
    st.query_params.pop(LINE, None)
    st.query_params.update({PART: ONE_WORKER, WORKER: worker_id})
    st.rerun()


def _nothing(run: AllocatorRun) -> None:
    if run.is_pending:
        st.info(
            "There is no allocation to explain yet. Solve the run first, then come back: every "
            "placement can be explained.",
            icon=":material/play_circle:",
        )
        navigation.link("solve", "Solve this run")
        return
    st.info(
        "This completed run cannot be explained any more: it was not committed from here, or its "
        "data has changed since, so that reasons would mix what was with what is.",
        icon=":material/lock:",
    )
    navigation.link("runs", "Go to the list of runs")
