"""Workers: who takes part, who was left out and why, and everything about one of them."""

from __future__ import annotations

import streamlit as st

from allocator.review import (
    pairs_of_worker,
    review_workers,
    weightings_of,
)
from console import session
from console.messages import literal
from console.widgets.data_table import data_table, newly_chosen
from console.widgets.facts import copyable_ids, counted, facts_row
from console.widgets.review.source import Source
from console.widgets.review.views import draw_weightings_of

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
