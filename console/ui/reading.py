"""A run's data on a page: read with a note of progress, and when it was read."""

from __future__ import annotations

import streamlit as st

from allocator.models import AllocatorRun
from allocator.rules.moments import local_clock
from console.state import readings, solving
from console.state.readings import RunReading
from console.state.solving import StoredOutcome
from console.ui import session


def run_reading(run: AllocatorRun) -> RunReading:
    """The run as it was last read; reads it when need be. Raises RunNotFound, DatabaseError."""
    with st.spinner("Reading the run from the database …", show_time=True):
        return readings.reading_of(run)


def stored_outcome(run: AllocatorRun) -> StoredOutcome:
    """What is stored of a completed run. Raises DatabaseError."""
    with st.spinner("Reading what was committed …"):
        return solving.stored(run)


def reading_note(reading: RunReading) -> None:
    """Say when the shown data was read, with a button to read it again."""
    run = reading.inputs.run
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f"Read from the database at {local_clock(run, reading.read_at)}")
        st.button(
            "Refresh from database",
            icon=":material/refresh:",
            key=f"refresh {run.id}",
            type="tertiary",
            on_click=_refresh_clicked,
            args=(run.id,),
        )


@session.signed_in
def _refresh_clicked(run_id: str) -> None:
    readings.refresh(run_id)
