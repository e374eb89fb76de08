"""The top of every page of a run: which page, which run, where the run stands."""

from __future__ import annotations

import streamlit as st

from allocator.database.overview import RunBatch
from allocator.jobs import JobState
from allocator.models import AllocatorRun
from allocator.report.parts import run_title
from allocator.rules.moments import local_time
from console.state import readings, solving
from console.ui import navigation, session
from console.ui.messages import literal, shown_errors


def run_page(title: str) -> AllocatorRun:
    """Draw the heading and give the run in the address; without one the page ends here with a
    way to Runs, and with a message when the run is not there or the database does not answer."""
    session.require_operator()
    st.title(title, anchor=False)
    run_id = navigation.current_run()
    if run_id is None:
        no_run()
        st.stop()
    with shown_errors(stop=True):
        batch = readings.batch(run_id)
    run = batch.run
    solving.let_go(run)
    st.markdown(f"{chip(run)} **{literal(run_title(run))}** · {batch_words(batch)}")
    return run


def no_run() -> None:
    """The empty state of a page of a run."""
    st.info("No run is open. Pick one from the list of runs first.", icon=":material/list_alt:")
    navigation.link("runs", "Go to the list of runs")


def batch_words(batch: RunBatch) -> str:
    """Which of the allocation run's batches this is."""
    return f"Batch {batch.number} of {batch.total}".replace(" ", "\N{NO-BREAK SPACE}")


def chip(run: AllocatorRun) -> str:
    """Where the run stands, as a coloured badge of Markdown."""
    if not run.is_pending:
        when = local_time(run, run.completed_at) if run.completed_at else ""
        return f":green-badge[:material/lock: Completed {literal(when)}]"
    snapshot = solving.latest(run.id)
    if snapshot is None:
        return ":blue-badge[:material/schedule: Waiting]"
    if snapshot.state is JobState.RUNNING:
        return ":orange-badge[:material/progress_activity: Being solved]"
    if solving.waits_for_commit(snapshot.result):
        return ":violet-badge[:material/edit_note: Solved, not committed]"
    return ":blue-badge[:material/schedule: Waiting]"
