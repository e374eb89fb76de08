"""History: every solve tried on a run, and the receipt of its commit."""

import streamlit as st

from allocator.errors import MissingTable
from allocator.models import AllocatorRun
from allocator.result import Receipt
from console.state import backend
from console.ui import navigation
from console.ui.messages import literal, shown_errors
from console.ui.receipt import draw_receipt
from console.ui.session import stored_outcome
from console.ui.solve_progress import draw_solves
from console.ui.tables import facts_row


def draw_log(run: AllocatorRun, receipt: Receipt | None) -> None:
    """The log, so that nobody can quietly try seeds until the lots fall as wished."""
    st.subheader("Every seed that was tried", anchor=False)
    try:
        solves = backend.service().solve_log(run.id)
    except MissingTable:
        st.info("The database has no table for the log of solves yet.", icon=":material/info:")
        navigation.link("system", "See the SQL on the System page")
        return
    if not solves:
        st.info("Nobody has solved this run here yet.", icon=":material/history:")
        return
    seeds = {solve.seed for solve in solves}
    people = {solve.operator for solve in solves}
    facts_row(
        [
            ("Records", f"{len(solves):,}"),
            ("By", ", ".join(sorted(people))),
            ("Different seeds", f"{len(seeds):,}"),
        ]
    )
    st.caption(
        "The seed draws lots among equally good allocations; each one tried is on record with who "
        "tried it: every solve, and once for each kind of work that solves many times. "
        f"Times are those of {literal(run.timezone or 'UTC')}."
    )
    fingerprint = receipt.fingerprint if receipt else ""
    draw_solves(run, solves, fingerprint=fingerprint, same="As committed", key="log")


run = navigation.run_page("History")
with shown_errors(stop=True):
    stored = None if run.is_pending else stored_outcome(run)
    receipt = stored.receipt if stored else None
    if stored and receipt:
        draw_receipt(run, receipt, stored.solved)
    elif not run.is_pending:
        st.info(
            "Another program completed this run, so there is no receipt.", icon=":material/lock:"
        )
    draw_log(run, receipt)
