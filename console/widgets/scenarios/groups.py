"""What each scenario costs the groups of workers."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from allocator.comparison import EVERYBODY, Solved, group_costs
from allocator.report.tables import MASKED
from allocator.satisfaction import mask_small_counts
from allocator.satisfaction.bands import GROUPINGS
from console.charts.scenarios import group_cost_chart
from console.widgets.data_table import data_table
from console.widgets.facts import counted
from console.widgets.figure import draw, is_dark


def draw_groups(solved: Sequence[Solved], version: str) -> None:
    """Chart and table; the file hides what would tell how a single worker fared."""
    by = st.segmented_control(
        "Groups by",
        list(GROUPINGS),
        default="qualificationlevel",
        required=True,
        format_func=GROUPINGS.__getitem__,
        key="compare groups by",
    )
    frame = group_costs(solved, by)
    draw(
        group_cost_chart(frame, [one.name for one in solved], dark=is_dark()),
        key="compare groups",
        alt="Mean rank received by group and scenario",
    )
    data_table(
        groups_table(frame),
        key="compare groups",
        version=f"{version} {by}",
        noun="row",
        file_name="costs-by-group",
        search=["Group", "Scenario"],
        exported=lambda kept: kept_of(masked(frame), kept),
    )
    st.caption(f"On screen for your eyes only. In the file: {MASKED}")
    n_groups = frame.loc[frame["group"] != EVERYBODY, "group"].nunique()
    st.caption(
        f"{counted(n_groups, 'group')}. A worker with several qualifications counts under each "
        "of them."
    )


def groups_table(frame: pd.DataFrame) -> pd.DataFrame:
    """`comparison.group_costs` under labels that a coordinator reads."""
    return frame.rename(
        columns={
            "group": "Group",
            "scenario": "Scenario",
            "workers": "Workers",
            "mean_score": "Mean rank counted",
            "worker_dissatisfaction": "Workers' dissatisfaction",
            "organisation_dissatisfaction": "Organisation's dissatisfaction",
            "Δ mean_score": "Δ mean rank",
            "Δ worker_dissatisfaction": "Δ workers'",
            "Δ organisation_dissatisfaction": "Δ organisation's",
        }
    ).round(4)


def masked(frame: pd.DataFrame) -> pd.DataFrame:
    """The costs for a file: rows of groups so small that they tell of single workers are blank."""
    parts = []
    for _, rows in frame.groupby("scenario", sort=False):
        everybody = rows["group"] == EVERYBODY
        last = pd.concat([rows[~everybody], rows[everybody]])
        parts.append(mask_small_counts(last, [], "workers"))
    return pd.concat(parts).loc[frame.index] if parts else frame


def kept_of(masked_rows: pd.DataFrame, kept: pd.DataFrame) -> pd.DataFrame:
    """Those rows that the filter has kept on screen, under their labels."""
    return groups_table(masked_rows.loc[kept.index])
