"""A diagnosis while it runs: which step, how long, and a way to stop it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import streamlit as st

from allocator.diagnosis import Diagnosis, Fix, Frozen
from allocator.jobs import JobSnapshot
from allocator.models import RunInputs
from allocator.solved import AS_IT_IS
from console.state import diagnosing, readings, scenario_store, solving, trials
from console.state.diagnosing import Question
from console.state.readings import RunReading
from console.ui import navigation, session
from console.ui.messages import literal
from console.ui.tables import counted

STEPS = {
    "pre-checks": "Quick checks",
    "causes": "Looking for everything that stands in the way",
    "best partial allocation": "Placing as many workers as possible",
}


@st.fragment(run_every=0.5)
@session.signed_in
def watch_diagnosis(question: Question) -> None:
    """Show the running diagnosis; when it ends, the page is drawn anew."""
    snapshot = diagnosing.latest_diagnosis(question)
    if snapshot is None or not snapshot.is_running:
        st.rerun(scope="app")
    event = snapshot.progress
    with st.container(border=True):
        step, total = (event.done, event.total) if event else (0, 1)
        words = "Stopping …" if snapshot.cancelling else f"{_words(event.step if event else '')} …"
        st.progress(min(1.0, step / total), f"Step {min(step + 1, total)} of {total}: {words}")
        who = f", started by {literal(snapshot.started_by)}" if snapshot.started_by else ""
        detail = f" · {literal(event.message)}" if event and event.message else ""
        st.caption(f"{counted(int(snapshot.elapsed), 'second')}{who}{detail}")
        st.button(
            "Stop",
            icon=":material/stop_circle:",
            disabled=snapshot.cancelling,
            on_click=_stop,
            args=(question,),
            help="What was found until then is shown.",
        )


def _words(step: str) -> str:
    if step.startswith("fixes: "):
        return f"Trying fixes, {step.removeprefix('fixes: ')}"
    return STEPS.get(step, "Starting")


@session.signed_in
def _stop(question: Question) -> None:
    diagnosing.stop_diagnosis(question)


@dataclass(frozen=True, slots=True)
class EndedDiagnosis:
    """A finished diagnosis, what was asked, and a version that changes with each diagnosis."""

    question: Question
    on: RunReading
    diagnosis: Diagnosis
    version: str

    @property
    def inputs(self) -> RunInputs:
        """What was diagnosed: the run as read, or with the scenario's changes."""
        return self.on.inputs

    def key(self, name: str) -> str:
        """The key of a widget of this diagnosis."""
        return f"{name} {self.question.subject} {self.version}"

    @staticmethod
    def of(snapshot: JobSnapshot, reading: RunReading) -> EndedDiagnosis:
        """From a job that has ended; `reading` is the run's present one, which it fits."""
        question: Question = snapshot.request
        on = trials.variant(reading, question.scenario).reading if question.changes else reading
        return EndedDiagnosis(question, on, snapshot.result, f"{snapshot.started_at:%H%M%S%f}")


def chosen_question(as_read: RunInputs) -> Question:
    """The run as it is, or the scenario that the address or the operator chooses."""
    run_id = as_read.run.id
    kept = {one.id: one for one in scenario_store.shelf(run_id).readable}
    wanted = st.query_params.get("scenario", "")
    if kept:
        options = ["", *kept]
        chosen = st.selectbox(
            "What to look at",
            options,
            index=options.index(wanted) if wanted in kept else 0,
            format_func=lambda one: f"Scenario: {kept[one].name}" if one else AS_IT_IS,
            key=f"look at {run_id} {wanted}",
            width=420,
        )
        if chosen != (wanted if wanted in kept else ""):
            navigation.go("infeasibility", **({"scenario": chosen} if chosen else {}))
    elif wanted:
        st.warning("That scenario is not there any more; this is the run as it is.")
    one = kept.get(wanted)
    if one is None or one.scenario is None:
        return Question(run_id, as_read.fingerprint, solving.last_settings(run_id))
    scenario = one.scenario
    return Question(
        run_id, as_read.fingerprint, scenario.settings, scenario.changes, one.name, wanted
    )


def ask(question: Question, frozen: Frozen) -> None:
    """Diagnose (again) with these things fixed, and draw the page anew."""
    as_read = readings.reading(question.run_id).inputs
    operator = session.require_operator()
    diagnosing.diagnose_in_background(replace(question, frozen=frozen), as_read, operator)
    st.rerun()


def mark(question: Question, frozen: Frozen) -> None:
    """Keep these marks for the operator, and look for fixes that leave them alone."""
    diagnosing.keep_marks(question, session.require_operator(), frozen)
    ask(question, frozen)


@session.signed_in
def open_as_scenario(found: EndedDiagnosis, fix: Fix) -> None:
    """Store the fix as a what-if scenario and open it."""
    operator = session.require_operator()
    run_id = found.question.run_id
    kept = scenario_store.save_anew(run_id, found.question.with_fix(fix), operator)
    navigation.go("scenarios", run_id, scenario=kept.id)


def bullets(words: tuple[str, ...] | list[str]) -> str:
    """A list of sentences, safe as Markdown."""
    return "\n".join(f"- {literal(line)}" for line in words)
