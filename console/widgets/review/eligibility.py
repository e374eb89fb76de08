"""Eligibility: who may hold what, and the rule that decided."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from allocator.models import RunInputs
from allocator.review import (
    eligibility_by_job_line,
    eligibility_by_worker,
    eligibility_pairs,
    rule_counts,
)
from console.charts import eligibility_heatmap
from console.widgets import figure
from console.widgets.data_table import data_table
from console.widgets.facts import counted
from console.widgets.review.source import Source
from console.widgets.review.views import draw_view


def draw_eligibility(source: Source) -> None:
    """Who has none or few, then the chosen view; only that one is worked out."""
    _thin(source)
    draw_view(
        source,
        "eligibility view",
        {"Map": _map, "Every pair": _pairs, "By worker": _by_worker, "By job line": _by_job_line},
    )


def _thin(source: Source) -> None:
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


def _map(source: Source) -> None:
    made = source.made(_dark if figure.is_dark() else _light)
    figure.draw(made, key=source.key("eligibility map"), alt="Which worker may hold which job line")
    counts = source.made(rule_counts)
    st.markdown("**Which rule decided**")
    data_table(
        counts,
        key=source.key("rules"),
        version=source.version,
        noun="rule",
        file_name="eligibility-rules",
    )


def _pairs(source: Source) -> None:
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


def _by_worker(source: Source) -> None:
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


def _by_job_line(source: Source) -> None:
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
