"""Year on year: the completed runs of a plan side by side."""

from __future__ import annotations

import streamlit as st

from allocator.measures.years import without_year
from allocator.models import AllocatorRun
from console.state import backend
from console.ui.data_table import plain_table


def draw_years(run: AllocatorRun) -> None:
    """This year's batches and those of former years, read when somebody opens the part."""
    fold = st.expander(
        "Year on year: completed runs of this plan side by side",
        icon=":material/calendar_month:",
        on_change="rerun",
        key=f"years {run.id}",
    )
    if not fold.open:
        return
    plan = without_year(run.plan_name)
    with fold:
        with st.spinner("Reading the completed runs …"):
            alike = backend.service().years(plan)
        same = [
            found
            for found in alike
            if found.runs[0].run.org == run.org and found.plan.casefold() == plan.casefold()
        ]
        if not same:
            st.info("No run of this plan has been completed yet.", icon=":material/history:")
        for found in same:
            for table in found.tables:
                st.markdown(f"**{table.title}**")
                name = "-".join(table.title.lower().replace(",", "").split())
                plain_table(
                    table.frame,
                    key=f"years {table.title}",
                    file_name=f"years-{name}",
                    height="content",
                )
                if table.note:
                    st.caption(table.note)
