"""Workers: who takes part, who was left out and why, and what they ranked."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from allocator.explanation.honesty import budget_words
from allocator.models import RunInputs
from allocator.review import never_preferences, preferences_long, review_workers, tied_preferences
from allocator.rules.ranks import NEVER_WORDS
from console.charts import preference_heatmap
from console.screens.review.parts import draw_lookup, draw_view
from console.state.readings import RunReading
from console.ui import navigation, tables
from console.ui.about import about_worker
from console.ui.data_table import data_table, newly_chosen

RANK_COLUMNS = (
    "name", "internal_id", "job_line_name", "raw_rank", "rank", "bucket", "tied_with",
    "gap_before", "in_run",
)  # fmt: skip
COLUMNS = (
    "name", "internal_id", "status", "submitted", "qualificationlevel",
    "qualifications", "n_ranked", "n_eligible", "n_ranked_eligible", "n_tied", "n_gaps",
    "n_ranked_elsewhere", "unranked_score", "locked", "reason",
)  # fmt: skip


def draw_worker_review(source: RunReading) -> None:
    """The table of workers, and the one that is selected."""
    frame = source.made(review_workers)
    if frame.empty:
        st.info("There is no worker in this run.")
        return
    takes_part = frame["takes_part"]
    chosen = data_table(
        frame,
        key=source.key("workers"),
        version=source.version,
        noun="worker",
        file_name="workers",
        columns=[c for c in COLUMNS if c != "reason" or not takes_part.all()],
        id_column="worker",
        hint="select a row to see everything about one worker",
        search=["name", "internal_id", "qualifications", "qualificationlevel"],
        kinds={
            "Takes part": takes_part if not takes_part.all() else ~takes_part,
            "Left out": ~takes_part,
            "Has not submitted": (~frame["submitted"]).fillna(False).astype(bool),
            "Ranked nothing": (frame["n_ranked"] == 0).fillna(False).astype(bool),
            "Has ties": (frame["n_tied"] > 0).fillna(False).astype(bool),
            "Has gaps": (frame["n_gaps"] > 0).fillna(False).astype(bool),
            "Nothing ranked is eligible": (
                (frame["n_ranked"] > 0) & (frame["n_ranked_eligible"] == 0)
            )
            .fillna(False)
            .astype(bool),
        },
    )
    opened = newly_chosen(source.key("workers"), chosen)
    if opened:
        about_worker(source, opened)


def draw_preferences(source: RunReading) -> None:
    """The chosen view of the preferences; only that one is worked out."""
    draw_view(
        source,
        "preferences view",
        {
            "Map": _map,
            "Every rank": _ranks,
            "By worker": _by_worker,
            "Ties": _ties,
            "Never": _never,
        },
    )


def _light(inputs: RunInputs) -> go.Figure:
    return preference_heatmap(inputs)


def _dark(inputs: RunInputs) -> go.Figure:
    return preference_heatmap(inputs, dark=True)


def _map(source: RunReading) -> None:
    st.caption(
        "Each cell is one worker's rank of one job line; tied job lines share the mean of their "
        "ranks, and a blank cell was not ranked. A cross marks a job line that the worker put "
        "under “never”: they cannot accept it."
    )
    made = source.made(_dark if tables.is_dark() else _light)
    tables.draw(
        made, key=source.key("preference map"), alt="Ranks of every job line by every worker"
    )
    draw_lookup(source, "preferences")


def _ranks(source: RunReading) -> None:
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
        columns=tables.without_empty(frame, RANK_COLUMNS, "bucket"),
        search=["name", "internal_id", "job_line_name"],
        kinds={
            "First choices": frame["rank"] < 2,
            "Tied": frame["tied_with"] > 0,
            "After a gap": frame["gap_before"] > 0,
            "Outside this run": ~frame["in_run"],
            "Under “never”": frame["bucket"] == NEVER_WORDS,
        },
        placeholder="A worker or a job line",
    )


def _by_worker(source: RunReading) -> None:
    frame = source.made(review_workers)
    frame = frame[frame["takes_part"]].reset_index(drop=True)
    st.caption(
        "Every job line that a worker left unranked counts as the mean of the ranks that are left. "
        f"{budget_words(source.inputs)} Whether another list would have brought workers more is "
        "worked out on Scenarios, part Policies."
    )
    navigation.link("scenarios", "Does an honest list pay?")
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


def _never(source: RunReading) -> None:
    frame = source.made(never_preferences)
    if frame.empty:
        st.info("No worker put a job line of this run under “never”.")
        return
    st.caption(
        "Under “never” workers put what they cannot accept. It is a wish, no rule: somebody may "
        "still get such a job line. A switch in Scenarios makes all of them ineligible."
    )
    data_table(
        frame,
        key=source.key("never"),
        version=source.version,
        noun="pair",
        file_name="never",
        search=["name", "internal_id", "job_line_name"],
        kinds={"Ranked nevertheless": frame["raw_rank"].notna()},
        placeholder="A worker or a job line",
    )


def _ties(source: RunReading) -> None:
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
