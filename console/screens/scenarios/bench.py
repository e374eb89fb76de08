"""What every part of the Scenarios page works on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from allocator.jobs import Job
from allocator.models import RunInputs
from allocator.result import Status
from allocator.scenario import Scenario
from allocator.solved import Solved
from console.state import scenario_drafts, trials
from console.state.readings import RunReading
from console.state.scenario_drafts import ScenarioDraft
from console.ui import messages, session
from console.ui.messages import literal

VIEWS = ("Try changes", "Compare", "Policies", "Sweep", "Repair", "Swaps")
PART = "part"
"""The address's parameter for the open view."""
_VIEW = "what-if view"


@dataclass(frozen=True, slots=True)
class Bench:
    """A run as it was read, the tab's draft, and who works on it."""

    reading: RunReading
    operator: str
    draft: ScenarioDraft

    @property
    def as_read(self) -> RunInputs:
        """The run without changes."""
        return self.reading.inputs

    @property
    def version(self) -> str:
        """Changes with each reading."""
        return self.reading.version

    @property
    def run_id(self) -> str:
        """The run's id."""
        return self.reading.run_id

    @property
    def scenario(self) -> Scenario:
        """The draft's scenario."""
        return self.draft.scenario

    @property
    def base(self) -> Scenario:
        """The run as it is, to compare with."""
        return scenario_drafts.base(self.as_read)

    @property
    def has_effect(self) -> bool:
        """Whether the scenario differs from the run as it is."""
        return bool(self.scenario.changes) or self.scenario.settings != self.base.settings

    def key(self, name: str) -> str:
        """The key of a widget that shows a part of the scenario."""
        return f"{self.draft.key(name)} {self.version}"


def solved_or_wait(bench: Bench, scenarios: Sequence[Scenario]) -> list[Solved] | None:
    """The scenarios solved; None while a background job does that, whose progress is drawn."""
    missing = sum(trials.known(bench.reading, one) is None for one in scenarios)
    if missing > 1:
        with st.spinner(f"Solving {missing} scenarios …", show_time=True):
            found = trials.solve_all(bench.reading, scenarios, bench.operator)
    else:
        found = trials.solve_all(bench.reading, scenarios, bench.operator)
    if isinstance(found, list):
        return found
    if not found.snapshot().is_running:
        _ended(bench, found, scenarios)
        return None
    watch_job(found, lambda progress: progress.iterations / max(progress.variables, 1))
    return None


def _ended(bench: Bench, job: Job, scenarios: Sequence[Scenario]) -> None:
    error = job.snapshot().error
    trials.forget_trials(bench.reading, scenarios)
    if error is not None:
        messages.show_error(error)
    else:
        st.info("The solve was stopped.")
    st.button("Solve again", icon=":material/refresh:", key=f"again {job.subject}")


@st.fragment(run_every=1.0)
@session.signed_in
def watch_job(job: Job, share: Callable[..., float] | None = None) -> None:
    """Show how far a background job is, or only what it does where nobody can tell the `share` that
    is done; the page is drawn anew when it ends."""
    snapshot = job.snapshot()
    if not snapshot.is_running:
        st.rerun(scope="app")
    progress = snapshot.progress
    words = literal(progress.message) if progress else "Starting"
    told = f"{words} · {snapshot.elapsed:.0f} s"
    if share is None:
        st.markdown(f":material/progress_activity: {told}")
    else:
        st.progress(min(1.0, share(progress)) if progress else 0.0, text=told)
    st.button(
        "Stopping …" if snapshot.cancelling else "Stop",
        icon=":material/stop_circle:",
        on_click=session.signed_in(job.cancel),
        disabled=snapshot.cancelling,
        key=f"stop {job.subject}",
    )


def has_allocation(one: Solved) -> bool:
    """Whether the solve found an allocation."""
    return bool(one.result.allocations) and one.result.status is not Status.INFEASIBLE


def view(run_id: str) -> str:
    """Which part of the page is open: the address's, else the last one in this tab."""
    asked = st.query_params.get(PART)
    if asked in VIEWS:
        session.remember(_VIEW, asked, run_id)
        return asked
    name = str(session.remembered(_VIEW, run_id, VIEWS[0]))
    show_view(run_id, name)
    return name


def show_view(run_id: str, name: str) -> None:
    """Open a part of the page."""
    session.remember(_VIEW, name, run_id)
    if name != VIEWS[0]:
        st.query_params[PART] = name
    else:
        st.query_params.pop(PART, None)
