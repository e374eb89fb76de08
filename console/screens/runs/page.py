"""Runs: what waits to be solved, and how the completed ones came out."""

import streamlit as st

from allocator.database.overview import RunOverview
from console.screens.runs import cards
from console.state import diagnosing, readings, solving
from console.state.diagnosing import DataCheck
from console.ui import navigation, session
from console.ui.data_table import download_buttons
from console.ui.messages import shown_errors

NO_RUNS = (
    "**There are no runs yet.** A run appears here as soon as one of the applications that own the "
    "database queues a batch of an allocation run."
)
WHAT_NEXT = (
    "What to do next:\n\n"
    "1. Ask whoever runs the preference application to close the allocation run and to queue its "
    "batch.\n"
    "2. If that was done, ask your IT whether this console is connected to the right database; "
    "the System page tells which one it is and what is missing in it.\n"
    "3. To look around without real data, start the console on demo data in a data directory of "
    "its own: `python -m console --data-dir demo`."
)


def list_waiting(rows: list[RunOverview], text: str, found: dict[str, DataCheck | None]) -> None:
    """The waiting runs that match, in the chosen order."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.header(f"Waiting ({len(rows):,})", anchor=False, width="stretch")
        order = st.selectbox(
            "Order of waiting runs", list(cards.ORDERS), width=260, on_change=look_only
        )
    kept = cards.ordered(cards.matching_runs(rows, text), cards.ORDERS[order])
    if not rows:
        st.info("Nothing waits: every run is completed.", icon=":material/task_alt:")
    elif not kept:
        st.info("No waiting run matches the search.")
    cards.draw_waiting_cards(kept, found)


def list_completed(rows: list[RunOverview], text: str) -> None:
    """The completed runs that match, in the chosen order."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.header(f"Completed ({len(rows):,})", anchor=False, width="stretch")
        order = st.selectbox(
            "Order of completed runs", list(cards.DONE_ORDERS), width=260, on_change=look_only
        )
    kept = cards.ordered(cards.matching_runs(rows, text), cards.DONE_ORDERS[order])
    if not rows:
        st.info("No run has been completed yet.")
    elif not kept:
        st.info("No completed run matches the search.")
    cards.draw_completed_cards(kept)


@session.signed_in
def check_again() -> None:
    """Have the data of every waiting run checked anew."""
    diagnosing.the_checks().forget()


_ONLY_LOOKED = "runs only looked at"


def look_only() -> None:
    """The list is searched or sorted, for which it need not be read again."""
    session.remember(_ONLY_LOOKED, True)


session.require_operator()
st.title("Runs", anchor=False)
with shown_errors(stop=True):
    rows = readings.overviews(as_it_was=session.remembered(_ONLY_LOOKED, default=False))
    session.forget(_ONLY_LOOKED)
if not rows:
    st.info(NO_RUNS, icon=":material/inbox:")
    st.markdown(WHAT_NEXT)
    if session.may_see_system():
        navigation.link("system", "Look at the System page")
    st.button("Look again", icon=":material/refresh:")
    st.stop()
pending = [row for row in rows if row.run.is_pending]
completed = [row for row in rows if not row.run.is_pending]
for row in completed:
    solving.let_go(row.run)
found = cards.found_in(pending)
cards.remember_seen(found)
cards.watch_runs(rows, found)
with st.container(horizontal=True, vertical_alignment="bottom"):
    text = st.text_input(
        "Search", key="q", bind="query-params", type="search", live="300ms", width=360,
        placeholder="Plan, organisation, operator, or date", on_change=look_only,
    )  # fmt: skip
    st.button("Refresh", icon=":material/refresh:", type="tertiary", on_click=check_again)
    download_buttons(lambda: cards.frame(rows, found), "runs", "runs")
list_waiting(pending, text or "", found)
list_completed(completed, text or "")
