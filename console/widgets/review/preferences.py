"""Preferences: what each worker ranked, as entered and as counted."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from allocator.models import RunInputs
from allocator.review import preferences_long, review_workers, tied_preferences
from console.charts import preference_heatmap
from console.widgets import figure
from console.widgets.data_table import data_table
from console.widgets.review.source import Source
from console.widgets.review.views import draw_view


def draw_preferences(source: Source) -> None:
    """The chosen view of the preferences; only that one is worked out."""
    draw_view(
        source,
        "preferences view",
        {"Map": _map, "Every rank": _ranks, "By worker": _by_worker, "Ties": _ties},
    )


def _light(inputs: RunInputs) -> go.Figure:
    return preference_heatmap(inputs)


def _dark(inputs: RunInputs) -> go.Figure:
    return preference_heatmap(inputs, dark=True)


def _map(source: Source) -> None:
    st.caption(
        "Each cell is one worker's rank of one job line; tied job lines share the mean of their "
        "ranks, and a blank cell was not ranked."
    )
    made = source.made(_dark if figure.is_dark() else _light)
    figure.draw(
        made, key=source.key("preference map"), alt="Ranks of every job line by every worker"
    )


def _ranks(source: Source) -> None:
    frame = source.made(preferences_long)
    if frame.empty:
        st.info("Nobody has ranked a job line of this run.")
        return
    st.caption(
        "*Rank as entered* is what the worker gave. *Rank* is what counts: tied job lines share "
        "the mean of their ranks, skipped ranks close up, and job lines outside the run drop out."
    )
    data_table(
        frame,
        key=source.key("ranks"),
        version=source.version,
        noun="rank",
        file_name="preferences",
        search=["name", "internal_id", "job_line_name"],
        kinds={
            "First choices": frame["rank"] < 2,
            "Tied": frame["tied_with"] > 0,
            "After a gap": frame["gap_before"] > 0,
            "Outside this run": ~frame["in_run"],
        },
        placeholder="A worker or a job line",
    )


def _by_worker(source: Source) -> None:
    frame = source.made(review_workers)
    frame = frame[frame["takes_part"]].reset_index(drop=True)
    st.caption(
        "Every job line that a worker left unranked counts as the mean of the ranks that are "
        "left, so that a short list is neither a gain nor a loss."
    )
    data_table(
        frame,
        key=source.key("lists"),
        version=source.version,
        noun="worker",
        file_name="preference-lists",
        columns=[
            "name",
            "internal_id",
            "submitted",
            "n_ranked",
            "unranked_score",
            "n_tied",
            "n_gaps",
            "n_ranked_elsewhere",
            "n_ranked_eligible",
        ],
        search=["name", "internal_id"],
        kinds={
            "Ranked nothing": (frame["n_ranked"] == 0).astype(bool),
            "Has ties": (frame["n_tied"] > 0).astype(bool),
            "Has gaps": (frame["n_gaps"] > 0).astype(bool),
        },
    )


def _ties(source: Source) -> None:
    frame = source.made(tied_preferences)
    if frame.empty:
        st.info("No worker gave two job lines the same rank.")
        return
    data_table(
        frame,
        key=source.key("ties"),
        version=source.version,
        noun="tie",
        file_name="ties",
        search=["name", "job_lines"],
        placeholder="A worker or a job line",
    )
