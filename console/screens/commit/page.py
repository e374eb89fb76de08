"""Commit: what will be written, checked and confirmed; afterwards the receipt."""

import streamlit as st

from allocator.models import AllocatorRun
from allocator.result import Status
from allocator.rules.moments import local_time
from console.screens.commit.confirm import (
    draw_changed_since,
    draw_confirmation,
    draw_gone,
    draw_passed_checks,
    draw_preview,
    draw_replaced,
    look_again,
    pressed_for,
)
from console.screens.commit.sealed_draw import draw_sealed_draw
from console.state import backend, solving
from console.ui import navigation, session
from console.ui.messages import Message, literal, shown_errors
from console.ui.notes import draw_notices
from console.ui.publication import draw_publication
from console.ui.receipt import draw_receipt
from console.ui.scoreboard import draw_scoreboard
from console.ui.session import stored_outcome


def draw_committed(run: AllocatorRun) -> None:
    """A completed run: its receipt, read-only."""
    stored = stored_outcome(run)
    receipt = session.remembered("receipt", run.id) or stored.receipt
    if receipt is None:
        when = local_time(run, run.completed_at) if run.completed_at else ""
        st.info(
            f"Another program completed this run on {literal(when)}, so there is no receipt here.",
            icon=":material/lock:",
        )
    else:
        st.success("This run is committed and read-only.", icon=":material/lock:")
        draw_publication(run, receipt, stored.solved)
        draw_receipt(run, receipt, stored.solved)
    with st.container(horizontal=True):
        navigation.link("results", "Look at the results, report and files")
        navigation.link("history", "Every solve that was tried")


def draw_nothing_to_commit() -> None:
    """Nothing to commit yet."""
    st.info(
        "There is no allocation to commit yet. Solve the run first.", icon=":material/task_alt:"
    )
    navigation.link("solve", "Go to Solve")


def draw_stopped() -> None:
    """What a stopped solve left is not committed."""
    st.info(
        "The last solve was stopped before it ended. What it had found can be looked at, but not "
        "committed. Solve again and let it end.",
        icon=":material/stop_circle:",
    )
    with st.container(horizontal=True):
        navigation.link("solve", "Go to Solve")
        navigation.link("results", "Look at the results")


def can_write() -> bool:
    """Whether the database takes commits; says what is missing when not."""
    finding = backend.service().own_objects()
    if finding.ok:
        return True
    message = Message(finding.title, finding.remedy, (finding.detail,))
    st.error(message.markdown, icon=":material/error:")
    navigation.link("system", "See the SQL on the System page")
    return False


@session.signed_in
def compare_again(run_id: str) -> None:
    """Compare with the database once more."""
    look_again(run_id)


run = navigation.run_page("Commit")
with shown_errors(stop=True):
    pressed = pressed_for(run.id)
    if not run.is_pending:
        draw_committed(run)
        st.stop()
    solved = solving.solved(run.id)
    if solved is None:
        draw_gone(run) if pressed else draw_nothing_to_commit()
        st.stop()
    if solved.status is Status.CANCELLED:
        if pressed:
            draw_gone(run)
        draw_stopped()
        st.stop()
    if pressed and pressed.identity != solved.identity:
        draw_replaced(pressed, solved)
        pressed = None
    writable = can_write()
    draw_notices(solved.inputs.notices, key="notices", version=solved.identity[:16])
    draw_scoreboard(solved, key="to commit")
    told, confirm = st.columns([3, 2], gap="large")  # the button is in view without scrolling
    with told:
        draw_preview(solved, session.require_operator())
        draw_passed_checks(solved)
        if writable:
            draw_sealed_draw(run, solved)
    with confirm:
        unchanged = draw_changed_since(solved)
        st.button(
            "Compare again",
            icon=":material/refresh:",
            type="tertiary",
            on_click=compare_again,
            args=(run.id,),
        )
        draw_confirmation(run, solved, possible=writable and unchanged, pressed=pressed)
