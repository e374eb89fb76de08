"""Data errors of a run, each with what to do about it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from allocator.errors import DataIssue
from console import tables
from console.messages import literal
from console.widgets.data_table import data_table

MOST_IN_WORDS = 6


def draw_issues(issues: Sequence[DataIssue], *, key: str, version: str) -> None:
    """Say what is wrong and what to do; those that stop the run come first."""
    if not issues:
        st.markdown(":green-badge[:material/check_circle: No data errors found]")
        return
    ordered = sorted(issues, key=lambda issue: (issue.acknowledgeable, issue))
    lines = [f"**{_headline(ordered)}**"]
    for issue in ordered[:MOST_IN_WORDS]:
        lines.append(
            f"- **{literal(issue.row)}**: {literal(issue.message)} "
            f"*What to do:* {literal(issue.remedy)}"
        )
    draw = st.warning if all(issue.acknowledgeable for issue in issues) else st.error
    draw("\n".join([lines[0], "", *lines[1:]]), icon=":material/report:")
    if len(ordered) > MOST_IN_WORDS:
        with st.expander(f"All {len(ordered)} data errors"):
            table = tables.issues_table(ordered)
            data_table(
                table,
                key=key,
                version=version,
                noun="data error",
                file_name="data-errors",
                search=list(table.columns),
            )


def _headline(issues: Sequence[DataIssue]) -> str:
    blocking = sum(not issue.acknowledgeable for issue in issues)
    found = f"{len(issues)} data error{'' if len(issues) == 1 else 's'} found"
    if not blocking:
        return f"{found}. The run can be solved once somebody accepts what is listed."
    return f"{found}; {blocking} must be mended before the run can be solved."
