"""Commit: what will be written, checked and confirmed; afterwards the receipt."""

import streamlit as st

from allocator.database.rows import local_time
from allocator.models import AllocatorRun
from console.screens.commit.confirm import draw_confirmation
from console.screens.commit.preview import draw_changes, draw_checks, draw_preview, look_again
from console.screens.commit.receipt import draw_receipt
from console.state import backend, outcome, solving
from console.ui import heading, navigation, session
from console.ui.messages import Message, literal, shown_errors


def draw_completed(run: AllocatorRun) -> None:
    """A completed run: its receipt, read-only."""
    receipt = session.remembered("receipt", run.id) or outcome.stored(run).receipt
    if receipt is None:
        when = local_time(run, run.completed_at) if run.completed_at else ""
        st.info(
            f"Another program completed this run on {literal(when)}, so there is no receipt here.",
            icon=":material/lock:",
        )
    else:
        st.success("This run is committed and read-only.", icon=":material/lock:")
        draw_receipt(run, receipt)
    navigation.link("results", "Look at the results")


def draw_nothing(run: AllocatorRun) -> None:
    """Nothing to commit yet."""
    st.info(
        "There is no allocation to commit yet. Solve the run first.", icon=":material/task_alt:"
    )
    navigation.link("solve", "Go to Solve")


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
def compare_again() -> None:
    """Compare with the database once more."""
    look_again()


run = heading.run_page("Commit")
with shown_errors(stop=True):
    if not run.is_pending:
        draw_completed(run)
        st.stop()
    solved = solving.solved(run.id)
    if solved is None:
        draw_nothing(run)
        st.stop()
    writable = can_write()
    draw_preview(solved, session.require_operator())
    draw_checks(solved)
    unchanged = draw_changes(solved)
    st.button("Compare again", icon=":material/refresh:", type="tertiary", on_click=compare_again)
    st.subheader("Confirm", anchor=False)
    draw_confirmation(run, solved, possible=writable and unchanged)
