"""A completed run of which only the stored rows can be shown."""

from __future__ import annotations

import streamlit as st

from allocator.models import AllocatorRun
from allocator.satisfaction import rank_summary
from console.outcome import Stored
from console.widgets.data_table import data_table
from console.widgets.facts import facts_row

CHANGED = (
    "The run's data has changed since it was committed, so what was solved cannot be shown "
    "again in full. These are the placements as they are stored."
)
OTHER_PROGRAM = (
    "Another program completed this run, so there is no receipt and no settings. These are the "
    "placements as they are stored."
)


def draw_stored(run: AllocatorRun, stored: Stored) -> None:
    """The placements with the ranks that were stored, and what follows from them."""
    st.info(CHANGED if stored.receipt else OTHER_PROGRAM, icon=":material/lock:")
    placed = stored.placed
    ranks = rank_summary(placed["original_preference"])
    within = {(f"In top {k}" if k > 1 else "1st choice"): n for k, n in ranks.within.items()}
    figures = {"Placed": ranks.placed, **within, "Unranked": ranks.unranked}
    facts_row((label, f"{count:,}") for label, count in figures.items())
    st.caption("Ranks are those on the worker's whole list of the allocation run.")
    data_table(
        placed,
        key="stored",
        version=str(run.completed_at),
        noun="placement",
        file_name="stored-allocation",
        columns=["name", "job_line_name", "original_preference"],
        search=["name", "job_line_name"],
        kinds={"Unranked": placed["original_preference"].isna()},
    )
