"""The commit itself: typed confirmation, the call, and what a refusal means."""

from __future__ import annotations

import streamlit as st

from allocator.errors import AlreadyCompleted, InputsChanged, MissingFunction
from allocator.models import AllocatorRun
from allocator.result import Status
from allocator.solved import Solved
from console.screens.commit.meanwhile import SeenSolve
from console.screens.commit.preview import draw_changed_rows, look_again
from console.state import backend, readings
from console.ui import messages, navigation, session
from console.ui.figures import counted
from console.ui.messages import literal
from console.ui.notes import writes

_PRESSED = "commit pressed"
UNPROVEN = "I know that a better allocation may exist and want to commit this one nevertheless."


def name_to_type(run: AllocatorRun) -> str:
    """What is typed to confirm: plan and batch, e.g. `Intern year batch 2`."""
    batch = readings.batch(run.id)
    return f"{' '.join(run.plan_name.split()) or 'Allocation run'} batch {batch.number}"


def draw_confirmation(
    run: AllocatorRun, solved: Solved, *, possible: bool, pressed: SeenSolve | None
) -> None:
    """The form that commits. `possible` False: it is shown at rest. `pressed` is what it was
    last pressed for, which is this solve."""
    name = name_to_type(run)
    mine = solved.identity[:16]  # another solve gets an empty form of its own
    with (
        writes("Writes to the database and cannot be undone here"),
        st.form(f"commit {mine}", border=False, enter_to_submit=False),
    ):
        accepted = True
        if solved.result.status is not Status.OPTIMAL:
            accepted = st.checkbox(UNPROVEN, key=f"unproven {mine}")
        typed = st.text_input(
            f"To confirm, type the run's name: **{literal(name)}**",
            placeholder=name,
            autocomplete="off",
            width=440,
            key=f"name {mine}",
        )
        st.form_submit_button(
            f"Commit {counted(len(solved.result.allocations), 'placement')}",
            type="primary",
            icon=":material/lock:",
            disabled=not possible,
            on_click=_press,
            args=(run.id, SeenSolve.of(solved)),
        )
    if pressed is None:
        return
    if _plain(typed) != _plain(name):
        st.warning("The name does not match, so nothing was written.", icon=":material/info:")
    elif not accepted:
        st.warning("Tick the box above the name, or solve again.", icon=":material/info:")
    else:
        _commit(run, solved, pressed)


@session.signed_in
def _press(run_id: str, seen: SeenSolve) -> None:
    session.remember(_PRESSED, seen, run_id)


def pressed_for(run_id: str) -> SeenSolve | None:
    """What the form was pressed for just now; the next look finds nothing."""
    seen: SeenSolve | None = session.remembered(_PRESSED, run_id)
    session.forget(_PRESSED, run_id)
    return seen


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def _commit(run: AllocatorRun, solved: Solved, seen: SeenSolve) -> None:
    """Commit and show the page anew; a refusal says why and what next."""
    operator = session.require_operator()
    try:
        with st.spinner("Reading the run again and committing …"):
            receipt = backend.service().commit(
                solved.inputs,
                solved.result,
                operator,
                scenario=solved.audit,
                as_read=solved.as_read,
                expect=seen.identity,
            )
    except InputsChanged as exc:
        st.error("The commit was refused; nothing was written.", icon=":material/block:")
        draw_changed_rows(exc.changes)
        return
    except AlreadyCompleted as exc:
        messages.show_error(exc)
        readings.refresh(run.id)
        navigation.link("commit", "See what was committed")
        return
    except MissingFunction as exc:
        messages.show_error(exc)
        navigation.link("system", "See the SQL on the System page")
        return
    finally:
        look_again(run.id)
    readings.refresh(run.id)
    session.remember("receipt", receipt, run.id)
    st.rerun()
