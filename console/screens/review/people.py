"""Workers: who takes part, who was left out and why, and everything about one of them."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from allocator.models import RunInputs
from allocator.review import (
    pairs_of_worker,
    preferences_long,
    review_workers,
    tied_preferences,
    weightings_of,
)
from console.charts import preference_heatmap
from console.screens.review.parts import Source, draw_view, draw_weightings_of
from console.ui import figures, session
from console.ui.data_table import data_table, newly_chosen
from console.ui.figures import copyable_ids, counted, facts_row
from console.ui.messages import literal

COLUMNS = (
    "name", "internal_id", "status", "submitted", "qualificationlevel",
    "qualifications", "n_ranked", "n_eligible", "n_ranked_eligible", "n_tied", "n_gaps",
    "n_ranked_elsewhere", "unranked_score", "locked", "reason",
)  # fmt: skip


def draw_workers(source: Source) -> None:
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
        draw_worker(source, opened)


@st.dialog("About this worker", width="large")
@session.signed_in
def draw_worker(source: Source, worker_id: str) -> None:
    """All that is known of one worker."""
    row = source.made(review_workers).set_index("worker").loc[worker_id]
    st.subheader(literal(row["name"]), anchor=False)
    if not row["takes_part"]:
        st.warning(f"Left out: {literal(row['reason'])}")
        copyable_ids([("Worker mapping", worker_id)])
        return
    facts_row(
        [
            ("Internal id", row["internal_id"]),
            ("Level", row["qualificationlevel"]),
            ("Qualifications", row["qualifications"] or "None"),
            ("Preferences", "Submitted" if row["submitted"] else "Not submitted"),
            ("Locked", "Yes" if row["locked"] else "No"),
            ("Ranked", counted(row["n_ranked"], "job line")),
            ("Eligible for", counted(row["n_eligible"], "job line")),
            ("An unranked job line counts as", f"rank {row['unranked_score']:g}"),
        ]
    )
    _pairs(source, worker_id)
    weightings = weightings_of(source.inputs, worker_id=worker_id)
    draw_weightings_of(source, weightings, "this worker", worker_id)
    copyable_ids([("Worker mapping", worker_id)])


def _pairs(source: Source, worker_id: str) -> None:
    frame = pairs_of_worker(source.inputs, worker_id)
    ranked = frame["raw_rank"].notna()
    data_table(
        frame,
        key=f"{source.key('pairs of worker')} {worker_id}",
        version=source.version,
        noun="job line",
        file_name="one-worker",
        columns=["job_line_name", "raw_rank", "score", "eligible", "rule", "effect"],
        search=["job_line_name", "rule"],
        kinds={
            "Ranked": ranked,
            "Ranked but not eligible": ranked & ~frame["eligible"],
            "Eligible": frame["eligible"],
            "Not eligible": ~frame["eligible"],
            "Moved by weightings": frame["weighting"] != 0,
        },
        height=320,
    )


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
    made = source.made(_dark if figures.is_dark() else _light)
    figures.draw(
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
        "Every job line that a worker left unranked counts as the mean of the ranks that are left."
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
