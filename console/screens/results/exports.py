"""Files to take away, and the report's tables on the page."""

from __future__ import annotations

import streamlit as st

from allocator.config import console_options
from allocator.errors import UsageError
from allocator.measures.bands import band_labels
from allocator.report import ReportOptions, printable_report, report_tables, to_csv, workbook
from console.ui import tables
from console.ui.data_table import plain_table
from console.ui.figures import counted
from console.ui.shown import ShownAllocation

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def draw_report(shown: ShownAllocation) -> None:
    """Choose what the report holds, see its tables, download it."""
    options = _options()
    _draw_downloads(shown, options)
    for table in report_tables(shown.inputs, shown.result, options):
        rows = counted(len(table.frame), "row")
        with st.expander(f"{table.title} ({rows})"):
            if table.note:
                st.caption(table.note)
            name = "-".join(table.title.lower().split())
            plain_table(table.frame, key=f"report {table.title}", file_name=shown.file_name(name))


def _options() -> ReportOptions:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        edges = st.text_input(
            "Bands end at choice", ", ".join(map(str, console_options().rank_bands)), width=180,
            help="1, 3, 5 counts 1st, 2nd–3rd, 4th–5th, and the rest.",
        )  # fmt: skip
        bottom = st.number_input("Count the last … choices apart", 0, 50, 5, 1, width=220)
    names = st.checkbox(
        "Printable report with names",
        help="Adds the worst-off and every placement by name. Leave it out of what is published.",
    )
    masked = st.checkbox(
        "Hide small groups",
        True,
        help="Counts below 5 in a group are hidden, so that nobody can be picked out.",
    )
    return ReportOptions(names=names, masked=masked, edges=_edges(edges), bottom=int(bottom))


def _edges(text: str) -> tuple[int, ...]:
    try:
        edges = tuple(int(part) for part in text.replace(";", ",").split(",") if part.strip())
        band_labels(edges)
    except ValueError:
        raise UsageError(
            "The bands must end at whole numbers from 1 up, each above the last.",
            remedy="Write them as in 1, 3, 5.",
        ) from None
    return edges


def _draw_downloads(shown: ShownAllocation, options: ReportOptions) -> None:
    inputs, result = shown.inputs, shown.result
    with_names = ReportOptions(True, options.masked, options.edges, options.bottom)
    with st.container(horizontal=True):
        st.download_button(
            "Allocation (CSV)",
            lambda: to_csv(tables.allocation_table(shown.placed)),
            f"{shown.file_name('allocation')}.csv",
            "text/csv",
            icon=":material/table_rows:",
            on_click="ignore",
        )
        st.download_button(
            "Workbook (Excel)",
            lambda: workbook(inputs, result, with_names, shown.operator),
            f"{shown.file_name('allocation')}.xlsx",
            XLSX,
            icon=":material/grid_on:",
            on_click="ignore",
        )
        st.download_button(
            "Printable report (HTML)",
            lambda: printable_report(inputs, result, options, shown.operator).encode(),
            f"{shown.file_name('report')}.html",
            "text/html",
            icon=":material/print:",
            on_click="ignore",
        )
    st.caption(
        "CSV and workbook hold names and internal ids. The report opens in a browser; print it "
        "or save it as PDF from there."
    )
