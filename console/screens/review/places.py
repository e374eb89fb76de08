"""Job lines: places and demand, and who may hold them."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from allocator.models import RunInputs
from allocator.review import (
    eligibility_by_job_line,
    eligibility_by_worker,
    eligibility_pairs,
    review_job_lines,
    rule_counts,
)
from console.charts import eligibility_heatmap
from console.screens.review.parts import draw_view
from console.state.readings import RunReading
from console.ui import figures
from console.ui.about import about_job_line
from console.ui.data_table import data_table, newly_chosen
from console.ui.figures import counted

COLUMNS = [
    "job_line_name", "status", "capacity", "used_places", "places", "must_have", "first_choices",
    "times_ranked", "eligible_workers", "eligible_first_choices", "reason",
]  # fmt: skip


def draw_job_line_review(source: RunReading) -> None:
    """The table of job lines, and the one that is selected."""
    frame = source.made(review_job_lines)
    if frame.empty:
        st.info("There is no job line in this run.")
        return
    left_out = frame["reason"] != ""
    wanted = {name: frame[name].fillna(-1) for name in ("first_choices", "times_ranked")}
    chosen = data_table(
        frame,
        key=source.key("job lines"),
        version=source.version,
        noun="job line",
        file_name="job-lines",
        columns=_columns(source.inputs, bool(left_out.any())),
        id_column="job_line",
        hint="select a row to see everything about one job line",
        search=["job_line_name"],
        kinds={
            "Left out": left_out,
            "Must be filled": frame["must_have"].fillna(False).astype(bool),
            "More first choices than places": wanted["first_choices"] > frame["places"].fillna(0),
            "Nobody's first choice": wanted["first_choices"] == 0,
            "Nobody ranked it": wanted["times_ranked"] == 0,
        },
        placeholder="A part of the name",
    )
    opened = newly_chosen(source.key("job lines"), chosen)
    if opened:
        about_job_line(source, opened)


def _columns(inputs: RunInputs, any_left_out: bool) -> list[str]:
    hidden = set() if any_left_out else {"reason", "status"}
    if not any(j.used_places for j in inputs.job_lines):
        hidden |= {"used_places", "capacity"}
    return [column for column in COLUMNS if column not in hidden]


def draw_eligibility(source: RunReading) -> None:
    """Who has none or few, then the chosen view; only that one is worked out."""
    _thin(source)
    draw_view(
        source,
        "eligibility view",
        {
            "Map": _map,
            "Every pair": _every_pair,
            "By worker": _by_worker,
            "By job line": _by_job_line,
        },
    )


def _thin(source: RunReading) -> None:
    workers = source.made(eligibility_by_worker)["flag"]
    lines = source.made(eligibility_by_job_line)["flag"]
    none = [
        counted(int((flags == "none").sum()), noun)
        for flags, noun in ((workers, "worker"), (lines, "job line"))
        if (flags == "none").any()
    ]
    few = [
        counted(int((flags == "few").sum()), noun)
        for flags, noun in ((workers, "worker"), (lines, "job line"))
        if (flags == "few").any()
    ]
    if none:
        st.warning(f"Nobody to pair with: {' and '.join(none)}.", icon=":material/person_off:")
    if few:
        st.info(f"Fewer than three to pair with: {' and '.join(few)}.")


def _light(inputs: RunInputs) -> go.Figure:
    return eligibility_heatmap(inputs)


def _dark(inputs: RunInputs) -> go.Figure:
    return eligibility_heatmap(inputs, dark=True)


def _map(source: RunReading) -> None:
    made = source.made(_dark if figures.is_dark() else _light)
    alt = "Which worker may hold which job line"
    figures.draw(made, key=source.key("eligibility map"), alt=alt)
    counts = source.made(rule_counts)
    st.markdown("**Which rule decided**")
    data_table(
        counts,
        key=source.key("rules"),
        version=source.version,
        noun="rule",
        file_name="eligibility-rules",
    )


def _every_pair(source: RunReading) -> None:
    frame = source.made(eligibility_pairs)
    data_table(
        frame,
        key=source.key("pairs"),
        version=source.version,
        noun="pair",
        file_name="eligibility",
        search=["name", "internal_id", "job_line_name", "rule"],
        kinds={"Eligible": frame["eligible"] == "Yes", "Not eligible": frame["eligible"] == "No"},
        placeholder="A worker, a job line, or a rule",
    )


def _by_worker(source: RunReading) -> None:
    frame = source.made(eligibility_by_worker)
    data_table(
        frame,
        key=source.key("eligibility by worker"),
        version=source.version,
        noun="worker",
        file_name="eligibility-by-worker",
        search=["name", "internal_id"],
        kinds=_flags(frame),
    )


def _by_job_line(source: RunReading) -> None:
    frame = source.made(eligibility_by_job_line)
    data_table(
        frame.rename(columns={"name": "job_line_name"}),
        key=source.key("eligibility by job line"),
        version=source.version,
        noun="job line",
        file_name="eligibility-by-job-line",
        search=["job_line_name"],
        kinds=_flags(frame),
    )


def _flags(frame: pd.DataFrame) -> dict[str, pd.Series]:
    return {"None": frame["flag"] == "none", "Few": frame["flag"] == "few"}
