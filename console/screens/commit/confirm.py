"""The commit itself: typed confirmation, the call, and what a refusal means."""

from __future__ import annotations

import streamlit as st

from allocator.errors import AlreadyCompleted, InputsChanged, MissingFunction
from allocator.models import AllocatorRun, Status
from console.screens.commit.preview import draw_changed_rows, look_again
from console.state import backend, readings
from console.state.solving import Solved
from console.ui import messages, navigation, session
from console.ui.figures import counted
from console.ui.messages import literal
from console.ui.notes import writes

UNPROVEN = "I know that a better allocation may exist and want to commit this one nevertheless."


def run_name(run: AllocatorRun) -> str:
    """What is typed to confirm: plan and batch, e.g. `Intern year batch 2`."""
    batch = readings.batch(run.id)
    return f"{' '.join(run.plan_name.split()) or 'Allocation run'} batch {batch.number}"


def draw_confirmation(run: AllocatorRun, solved: Solved, *, possible: bool) -> None:
    """The form that commits. `possible` False: it is shown at rest."""
    name = run_name(run)
    with (
        writes("Writes to the database and cannot be undone here"),
        st.form("commit", border=False, enter_to_submit=False),
    ):
        accepted = True
        if solved.result.status is not Status.OPTIMAL:
            accepted = st.checkbox(UNPROVEN)
        typed = st.text_input(
            f"To confirm, type the run's name: **{literal(name)}**",
            placeholder=name,
            autocomplete="off",
            width=440,
        )
        pressed = st.form_submit_button(
            f"Commit {counted(len(solved.result.allocations), 'placement')}",
            type="primary",
            icon=":material/lock:",
            disabled=not possible,
        )
    if not pressed:
        return
    if _plain(typed) != _plain(name):
        st.warning("The name does not match, so nothing was written.", icon=":material/info:")
    elif not accepted:
        st.warning("Tick the box above the name, or solve again.", icon=":material/info:")
    else:
        _commit(run, solved)


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def _commit(run: AllocatorRun, solved: Solved) -> None:
    """Commit and show the page anew; a refusal says why and what next."""
    operator = session.require_operator()
    try:
        with st.spinner("Reading the run again and committing …"):
            receipt = backend.service().commit(
                solved.inputs,
                solved.result,
                operator,
                scenario=solved.scenario,
                as_read=solved.as_read,
            )
    except InputsChanged as exc:
        st.error("The commit was refused; nothing was written.", icon=":material/block:")
        draw_changed_rows(exc.changes)
        return
    except AlreadyCompleted as exc:
        messages.show(exc)
        readings.refresh(run.id)
        navigation.link("commit", "See what was committed")
        return
    except MissingFunction as exc:
        messages.show(exc)
        navigation.link("system", "See the SQL on the System page")
        return
    finally:
        look_again()
    readings.refresh(run.id)
    session.remember("receipt", receipt, run.id)
    st.rerun()
