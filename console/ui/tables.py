"""Frames for display: labels and names instead of keys, signs in words, the plan's own time.

A displayed frame keeps the row order of its source, so that a selected position finds its id with
`id_at`. Numbers stay numbers, for sorting; `column_config` says how they look.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from allocator.errors import DataIssue, InputChange
from allocator.models import AllocatorRun
from allocator.report.parts import LABELS, SHARES, day_words, labelled
from allocator.report.sections import PLACEMENT_COLUMNS, WORST_COLUMNS
from allocator.result import Check
from allocator.review.restrictions import effect_words
from allocator.rules.moments import local_time
from console.charts import CONFIG
from console.charts.theme import counted as counted

FLAG_WORDS = {"none": "None", "few": "Few", "": ""}
SIGN = "Positive = **less wanted** by the organisation, negative = **more wanted**."
SIGN_HELP = SIGN.replace("**", "")
SCORES = ("rank", "score", "mean_rank", "mean_score", "best_rank", "worst_rank", "cost",
          "original_preference", "unranked_score", "worker_dissatisfaction",
          "weighting_points")  # fmt: skip


def display(frame: pd.DataFrame, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """The frame under its labels, without ids; flags and yes/no in words, tuples joined."""
    shown = frame.copy()
    for column in shown.columns:
        if pd.api.types.is_bool_dtype(shown[column].dtype):
            words = shown[column].map({True: "Yes", False: "No"})
            shown[column] = words.astype("object").where(words.notna(), "").astype("str")
        elif column == "flag":
            shown[column] = shown[column].map(FLAG_WORDS)
        elif column == "holders":
            shown[column] = [v if isinstance(v, str) else ", ".join(v) for v in shown[column]]
    return labelled(shown, columns)


def column_config(shown: pd.DataFrame) -> dict[str, Any]:
    """Streamlit's column settings for a displayed frame: shares in per cent, short numbers."""
    numbers = {LABELS[key] for key in SCORES}
    config: dict[str, Any] = {}
    for column in shown.columns:
        if column in SHARES:
            config[column] = st.column_config.NumberColumn(format="percent")
        elif column in numbers:
            config[column] = st.column_config.NumberColumn(format="%.4g")
        elif column == LABELS["weighting"]:
            config[column] = st.column_config.NumberColumn(help=SIGN_HELP)
    return config


def id_at(frame: pd.DataFrame, position: int, column: str = "worker") -> str:
    """The id behind a row of the displayed frame; IndexError when there is no such row."""
    return str(frame[column].iloc[position])


def allocation_table(placed: pd.DataFrame) -> pd.DataFrame:
    """Placements for the Results page, with the net weighting in words."""
    shown = display(placed, PLACEMENT_COLUMNS)
    shown[LABELS["weighting"]] = [effect_words(int(w)) for w in placed["weighting"]]
    return shown.rename(columns={LABELS["weighting"]: "Organisation's view"})


def worst_off_table(worst: pd.DataFrame) -> pd.DataFrame:
    """The worst-off workers for the first screen of the Results page."""
    return display(worst, WORST_COLUMNS)


def higher_choices_table(higher: pd.DataFrame) -> pd.DataFrame:
    """What a worker ranked higher, and who holds it."""
    return display(higher, ["job_line_name", "rank", "eligible", "rule", "places", "holders"])


def issues_table(issues: Sequence[DataIssue]) -> pd.DataFrame:
    """Data errors, those that stop the run first."""
    ordered = sorted(issues, key=lambda issue: (issue.acknowledgeable, issue))
    rows = [
        (i.row, i.message, i.remedy, "Can be accepted" if i.acknowledgeable else "Stops the run")
        for i in ordered
    ]
    return pd.DataFrame(rows, columns=["Where", "What is wrong", "What to do", "Effect"])


def changes_table(changes: Sequence[InputChange]) -> pd.DataFrame:
    """Rows that changed since the run was solved."""
    rows = [(change.row, change.before, change.after) for change in changes]
    return pd.DataFrame(rows, columns=["Where", "When it was solved", "Now"])


def checks_table(checks: Sequence[Check]) -> pd.DataFrame:
    """The independent checks, each with how often it was tested."""
    rows = [(check.rule, check.tested, "; ".join(check.failures) or "Passed") for check in checks]
    return pd.DataFrame(rows, columns=["Rule", "Times tested", "Outcome"])


def period(run: AllocatorRun) -> str:
    """The clinical year, e.g. `11 January 2027 to 9 January 2028`; empty when unknown."""
    return " to ".join(day_words(day) for day in (run.startdate, run.enddate) if day is not None)


def moment_words(run: AllocatorRun, when: datetime | None) -> str:
    """A moment in the plan's time zone, which it names; empty when there is none."""
    if when is None:
        return ""
    return f"{local_time(run, when)} ({run.timezone or 'UTC'})"


Fact = tuple[str, str]


def facts_row(facts: Iterable[Fact]) -> None:
    """Draw (label, value) pairs in one row; pairs without a value are left out."""
    shown = "".join(
        f'<div><dt style="font-size:0.875rem;font-weight:400;opacity:0.8">{escape(str(label))}</dt>'
        f'<dd style="margin:0;font-weight:600">{_in_html(value)}</dd></div>'
        for label, value in facts
        if value
    )
    st.markdown(
        f'<dl style="display:flex;flex-wrap:wrap;gap:0.5rem 1.75rem;margin:0 0 1rem">{shown}</dl>',
        unsafe_allow_html=True,  # everything from the database is escaped above
    )


def _in_html(text: str) -> str:
    """On one line: an empty one would end the HTML for Markdown."""
    return escape(" ".join(str(text).split()))


def copyable_ids(ids: Iterable[Fact]) -> None:
    """Raw keys behind a closed fold, each with a copy button."""
    with st.expander("Ids, for whoever looks after the database"):
        for label, value in ids:
            st.caption(label)
            st.code(value, language=None)


def is_dark() -> bool:
    """Whether the browser shows the console's dark look."""
    return st.context.theme.type == "dark"


def draw(figure: go.Figure, *, key: str, alt: str) -> None:
    """Draw a figure of `console.charts`; `alt` says in words what it shows."""
    st.plotly_chart(figure, theme=None, config=CONFIG, key=key, alt=alt)
