"""Job lines: places and demand, and everything about one of them."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from allocator.models import JobLine, RunInputs
from allocator.review import (
    eligibility_by_job_line,
    eligibility_by_worker,
    eligibility_pairs,
    pairs_of_job_line,
    review_job_lines,
    rule_counts,
    weightings_of,
)
from allocator.rules.naming import listed, tag_name, worker_name
from console.charts import eligibility_heatmap
from console.screens.review.parts import Source, draw_view, draw_weightings_of
from console.ui import figures, session
from console.ui.data_table import data_table, newly_chosen
from console.ui.figures import Fact, copyable_ids, counted, facts_row
from console.ui.messages import literal

COLUMNS = [
    "job_line_name", "status", "capacity", "used_places", "places", "must_have", "first_choices",
    "times_ranked", "eligible_workers", "eligible_first_choices", "reason",
]  # fmt: skip


def draw_job_lines(source: Source) -> None:
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
        draw_job_line(source, opened)


@st.dialog("About this job line", width="large")
@session.signed_in
def draw_job_line(source: Source, job_line_id: str) -> None:
    """All that is known of one job line."""
    row = source.made(review_job_lines).set_index("job_line").loc[job_line_id]
    st.subheader(literal(row["job_line_name"]), anchor=False)
    if row["reason"]:
        st.warning(f"Left out: {literal(row['reason'])}")
        copyable_ids([("Job line", job_line_id)])
        return
    used = row["used_places"]
    facts_row(
        [
            ("Places", f"{row['places']}" + (f" ({used} used before)" if used else "")),
            ("Must be filled", "Yes" if row["must_have"] else "No"),
            ("First choice of", counted(row["first_choices"], "worker")),
            ("Ranked by", counted(row["times_ranked"], "worker")),
            ("Open to", counted(row["eligible_workers"], "worker")),
        ]
    )
    facts_row(_rules(source.inputs, source.inputs.job_line(job_line_id)))
    _pairs(source, job_line_id)
    weightings = weightings_of(source.inputs, job_line_id=job_line_id)
    draw_weightings_of(source, weightings, "this job line", job_line_id)
    copyable_ids([("Job line", job_line_id)])


def _columns(inputs: RunInputs, any_left_out: bool) -> list[str]:
    hidden = set() if any_left_out else {"reason", "status"}
    if not any(j.used_places for j in inputs.job_lines):
        hidden |= {"used_places", "capacity"}
    return [column for column in COLUMNS if column not in hidden]


def _rules(inputs: RunInputs, job_line: JobLine) -> list[Fact]:
    """The job line's eligibility row in words, in the order in which its parts apply."""
    row = job_line.eligibility
    if row is None:
        return [("Eligibility rules", "None: everybody is eligible")]

    def tags(ids: frozenset[str]) -> str:
        return listed((tag_name(inputs, tag) for tag in ids), "qualification")

    def workers(ids: frozenset[str]) -> str:
        return listed((worker_name(inputs, worker) for worker in ids), "worker")

    return [
        ("Always open to", workers(row.included_worker_mapping_ids)),
        ("Never open to", workers(row.excluded_worker_mapping_ids)),
        ("Closed to holders of", tags(row.excluded_qualification_tag_ids)),
        ("Asks for", tags(row.included_qualification_tag_ids)),
    ]


def _pairs(source: Source, job_line_id: str) -> None:
    frame = pairs_of_job_line(source.inputs, job_line_id)
    ranked = frame["raw_rank"].notna()
    data_table(
        frame,
        key=f"{source.key('pairs of job line')} {job_line_id}",
        version=source.version,
        noun="worker",
        file_name="one-job-line",
        columns=["name", "internal_id", "raw_rank", "score", "eligible", "rule", "effect"],
        search=["name", "internal_id", "rule"],
        kinds={
            "Ranked it": ranked,
            "Ranked it but is not eligible": ranked & ~frame["eligible"],
            "Eligible": frame["eligible"],
            "Not eligible": ~frame["eligible"],
            "Moved by weightings": frame["weighting"] != 0,
        },
        height=320,
    )


def draw_eligibility(source: Source) -> None:
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


def _every_pair(source: Source) -> None:
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
