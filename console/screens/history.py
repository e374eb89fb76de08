"""History: every solve tried on a run, and the receipt of its commit."""

import pandas as pd
import streamlit as st

from allocator.errors import MissingTable
from allocator.models import AllocatorRun, Receipt
from allocator.records import LoggedSolve
from allocator.rows import local_time
from console import backend, heading, navigation, outcome
from console.messages import shown_errors
from console.widgets.commit.receipt import STATUS, draw_receipt
from console.widgets.data_table import data_table
from console.widgets.facts import facts_row

OUTCOMES = STATUS | {"infeasible": "No allocation possible", "invalid_data": "Data errors"}


def log_frame(
    run: AllocatorRun, solves: list[LoggedSolve], receipt: Receipt | None
) -> pd.DataFrame:
    """The solves, the latest first, in words."""
    rows = [
        {
            "When": local_time(run, solve.solved_at),
            "Who": solve.operator,
            "Outcome": OUTCOMES.get(solve.status, solve.status),
            "Lots number": solve.seed,
            "1st choice": (solve.counts.get("within") or {}).get("1"),
            "Not on their list": solve.counts.get("unranked"),
            "Total": solve.objective,
            "Organisation's weight": solve.settings.get("alpha"),
            "Sparing low ranks": solve.settings.get("power"),
            "Scenario": solve.scenario or "None",
            "Data": "As committed" if receipt and solve.fingerprint == receipt.fingerprint else "",
        }
        for solve in reversed(solves)
    ]
    frame = pd.DataFrame(rows)
    return frame if receipt else frame.drop(columns="Data", errors="ignore")


def draw_log(run: AllocatorRun, receipt: Receipt | None) -> None:
    """The log, so that nobody can quietly try numbers until the lots fall as wished."""
    st.subheader("Every solve that was tried", anchor=False)
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
            ("Solves", f"{len(solves):,}"),
            ("By", ", ".join(sorted(people))),
            ("Different numbers for drawing lots", f"{len(seeds):,}"),
        ]
    )
    data_table(
        log_frame(run, solves, receipt),
        key="log",
        version=str(len(solves)),
        noun="solve",
        file_name="solves",
        search=["Who", "Outcome", "Scenario"],
    )


run = heading.run_page("History")
with shown_errors(stop=True):
    receipt = None if run.is_pending else outcome.stored(run).receipt
    if receipt:
        draw_receipt(run, receipt)
    elif not run.is_pending:
        st.info(
            "Another program completed this run, so there is no receipt.", icon=":material/lock:"
        )
    draw_log(run, receipt)
