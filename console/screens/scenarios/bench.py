"""What every part of the Scenarios page works on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from allocator.jobs import Job
from allocator.measures.comparison import Solved
from allocator.models import RunInputs, Status
from allocator.scenario import Scenario
from console.state import trials, what_if
from console.state.what_if import Draft
from console.ui import messages, session
from console.ui.messages import literal


@dataclass(frozen=True, slots=True)
class Bench:
    """A run as it was read (`version` changes with each reading), the tab's draft, and who."""

    as_read: RunInputs
    version: str
    operator: str
    draft: Draft

    @property
    def run_id(self) -> str:
        """The run's id."""
        return self.as_read.run.id

    @property
    def scenario(self) -> Scenario:
        """The draft's scenario."""
        return self.draft.scenario

    @property
    def base(self) -> Scenario:
        """The run as it is, to compare with."""
        return what_if.base(self.as_read)

    @property
    def has_effect(self) -> bool:
        """Whether the scenario differs from the run as it is."""
        return bool(self.scenario.changes) or self.scenario.settings != self.base.settings

    def key(self, name: str) -> str:
        """The key of a widget that shows a part of the scenario."""
        return f"{self.draft.key(name)} {self.version}"


def solved_or_wait(bench: Bench, scenarios: Sequence[Scenario]) -> list[Solved] | None:
    """The scenarios solved; None while a background job does that, whose progress is drawn."""
    missing = sum(trials.known(bench.as_read, one) is None for one in scenarios)
    if missing > 1:
        with st.spinner(f"Solving {missing} scenarios …", show_time=True):
            found = trials.ready(bench.as_read, scenarios, bench.operator)
    else:
        found = trials.ready(bench.as_read, scenarios, bench.operator)
    if isinstance(found, list):
        return found
    if not found.snapshot().is_running:
        _ended(bench, found, scenarios)
        return None
    watch_job(found, lambda progress: progress.iterations / max(progress.variables, 1))
    return None


def _ended(bench: Bench, job: Job, scenarios: Sequence[Scenario]) -> None:
    error = job.snapshot().error
    trials.forget_job(bench.as_read, scenarios)
    if error is not None:
        messages.show(error)
    else:
        st.info("The solve was stopped.")
    st.button("Solve again", icon=":material/refresh:", key=f"again {job.key}")


@st.fragment(run_every=1.0)
@session.signed_in
def watch_job(job: Job, share: Callable[..., float]) -> None:
    """Show how far a background job is; the page is drawn anew when it ends."""
    snapshot = job.snapshot()
    if not snapshot.is_running:
        st.rerun(scope="app")
    progress = snapshot.progress
    words = literal(progress.message) if progress else "Starting"
    done = min(1.0, share(progress)) if progress else 0.0
    st.progress(done, text=f"{words} · {snapshot.elapsed:.0f} s")
    st.button(
        "Stopping …" if snapshot.cancelling else "Stop",
        icon=":material/stop_circle:",
        on_click=session.signed_in(job.cancel),
        disabled=snapshot.cancelling,
        key=f"stop {job.key}",
    )


def has_allocation(one: Solved) -> bool:
    """Whether the solve found an allocation."""
    return bool(one.result.allocations) and one.result.status is not Status.INFEASIBLE
