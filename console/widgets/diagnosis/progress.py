"""A diagnosis while it runs: which step, how long, and a way to stop it."""

from __future__ import annotations

import streamlit as st

from console import diagnosing, session
from console.diagnosing import Question
from console.messages import literal
from console.widgets.facts import counted

STEPS = {
    "pre-checks": "Quick checks",
    "causes": "Looking for everything that stands in the way",
    "best partial allocation": "Placing as many workers as possible",
}


@st.fragment(run_every=0.5)
@session.signed_in
def watch(question: Question) -> None:
    """Show the running diagnosis; when it ends, the page is drawn anew."""
    latest = diagnosing.latest(question)
    if latest is None or not latest[1].is_running:
        st.rerun(scope="app")
        return
    snapshot, event = latest[1], latest[1].progress
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
    diagnosing.cancel(question)
