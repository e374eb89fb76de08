"""History: every solve tried on a run, and the receipt of its commit."""

from functools import partial

import streamlit as st

from allocator.errors import MissingTable
from allocator.models import AllocatorRun
from allocator.result import Receipt
from console.screens.history.years import draw_years
from console.state import backend
from console.ui import navigation
from console.ui.messages import literal, shown_errors
from console.ui.publication import draw_publication
from console.ui.receipt import draw_receipt
from console.ui.session import stored_outcome
from console.ui.solve_progress import draw_solves
from console.ui.tables import facts_row

DISCLOSED = {
    "disclosure.html": "text/html",
    "disclosure.xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def draw_log(run: AllocatorRun, receipt: Receipt | None) -> None:
    """The log, so that nobody can quietly try seeds until the lots fall as wished."""
    st.header("Every seed that was tried", anchor=False)
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


def disclosed_file(run_id: str, place: int) -> str | bytes:
    """The page or the workbook."""
    return backend.service().disclosure(run_id)[place]


def draw_disclosure(run: AllocatorRun) -> None:
    """What answers a request for information, made when it is asked for."""
    st.markdown("## A request for information")
    st.caption(
        "How places were decided, settings, changes by hand, seeds tried, ties decided by lot and "
        "who committed when. No worker is named; small counts are masked."
    )
    with st.container(horizontal=True):
        for place, (name, mime) in enumerate(DISCLOSED.items()):
            st.download_button(
                f"Download the {'page' if place == 0 else 'workbook'}",
                data=partial(disclosed_file, run.id, place),
                file_name=name,
                mime=mime,
                icon=":material/description:",
                on_click="ignore",
                key=f"disclosure {place}",
            )


run = navigation.run_page("History")
with shown_errors(stop=True):
    stored = None if run.is_pending else stored_outcome(run)
    receipt = stored.receipt if stored else None
    if stored and receipt:
        draw_receipt(run, receipt, stored.solved)
        draw_publication(run, receipt, stored.solved)
        draw_disclosure(run)
    elif not run.is_pending:
        st.info(
            "Another program completed this run, so there is no receipt.", icon=":material/lock:"
        )
    draw_years(run)
    draw_log(run, receipt)
