"""Job lines: places and demand, who may hold them, and the weightings that bear on them."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from allocator.models import RunInputs
from allocator.review import (
    eligibility_by_job_line,
    eligibility_by_worker,
    eligibility_pairs,
    net_effects,
    review_job_lines,
    review_other_placements,
    review_weightings,
    rule_counts,
    workers_reached,
)
from console.charts import eligibility_heatmap
from console.screens.review.parts import draw_lookup, draw_view
from console.state.readings import RunReading
from console.ui import session, tables
from console.ui.about import about_job_line
from console.ui.data_table import data_table, newly_chosen
from console.ui.messages import literal
from console.ui.tables import SIGN, copyable_ids, counted, facts_row

COLUMNS = [
    "job_line_name", "locations", "status", "capacity", "used_places", "places", "must_have",
    "first_choices", "times_ranked", "eligible_workers", "eligible_first_choices", "reason",
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
        columns=tables.without_empty(
            frame, _columns(source.inputs, bool(left_out.any())), "locations"
        ),
        id_column="job_line",
        hint="select a row to see everything about one job line",
        search=["job_line_name", "locations"],
        kinds={
            "Left out": left_out,
            "Must be filled": frame["must_have"].fillna(False).astype(bool),
            "More first choices than places": wanted["first_choices"] > frame["places"].fillna(0),
            "Nobody's first choice": wanted["first_choices"] == 0,
            "Nobody ranked it": wanted["times_ranked"] == 0,
            **tables.at_hospitals(source.inputs, frame["job_line"]),
        },
        placeholder="A part of the name or a hospital",
    )
    opened = newly_chosen(source.key("job lines"), chosen)
    if opened:
        about_job_line(source, opened)


def _columns(inputs: RunInputs, any_left_out: bool) -> list[str]:
    hidden = set() if any_left_out else {"reason", "status"}
    if not any(j.used_places for j in inputs.job_lines):
        hidden |= {"used_places", "capacity"}
    return [column for column in COLUMNS if column not in hidden]


def draw_other_placements(source: RunReading) -> None:
    """Placements that other applications made and that touch this run."""
    st.caption(
        "Other applications placed these workers themselves. The run does not take that into "
        "account by itself: a box on Solve, or a switch in Scenarios, takes these workers and "
        "places out of it, and the receipt then says so."
    )
    data_table(
        source.made(review_other_placements),
        key=source.key("other placements"),
        version=source.version,
        noun="placement",
        file_name="placements-of-other-applications",
        search=["name", "job_line_name"],
        placeholder="A worker or a job line",
    )


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
    made = source.made(_dark if tables.is_dark() else _light)
    alt = "Which worker may hold which job line"
    tables.draw(made, key=source.key("eligibility map"), alt=alt)
    draw_lookup(source, "eligibility")
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


def draw_weighting_review(source: RunReading) -> None:
    """The weightings or what they add up to."""
    if not source.inputs.weightings:
        st.info("The organisation has given no weightings for this run.")
        return
    st.markdown(f":material/balance: A weighting says whom the organisation wants where. {SIGN}")
    draw_view(source, "weightings view", {"Weightings": _weightings, "Net effect by pair": _net})


def _weightings(source: RunReading) -> None:
    frame = source.made(review_weightings)
    chosen = data_table(
        frame,
        key=source.key("weightings"),
        version=source.version,
        noun="weighting",
        file_name="weightings",
        columns=["weighting", "effect", "whom", "where", "n_workers", "n_pairs"],
        id_column="weighting_id",
        hint="select a row to see whom it reaches",
        search=["whom", "where", "effect"],
        kinds=_signs(frame) | {"Reaches nobody": frame["n_pairs"] == 0},
        placeholder="A worker, a qualification, or a job line",
    )
    opened = newly_chosen(source.key("weightings"), chosen)
    if opened:
        about_weighting(source, frame.set_index("weighting_id").loc[opened], opened)


@st.dialog("About this weighting", width="large")
@session.signed_in
def about_weighting(source: RunReading, row: pd.Series, weighting_id: str) -> None:
    st.header(row["effect"], anchor=False)
    facts_row(
        [
            ("Weighting (positive = less wanted)", f"{row['weighting']:+d}"),
            ("For", row["whom"]),
            ("On", row["where"]),
            ("Reaches", counted(row["n_pairs"], "pair")),
        ]
    )
    names = [worker.name for worker in workers_reached(source.inputs, weighting_id)]
    if names:
        with st.expander(f"The {counted(len(names), 'worker')} it reaches"):
            st.markdown(literal(", ".join(names)))
    copyable_ids([("Weighting", weighting_id)])


def _net(source: RunReading) -> None:
    frame = source.made(net_effects)
    if frame.empty:
        st.info("The weightings move no pair of this run.")
        return
    data_table(
        frame,
        key=source.key("net effects"),
        version=source.version,
        noun="pair",
        file_name="net-weightings",
        columns=["name", "job_line_name", "weighting", "effect"],
        search=["name", "job_line_name"],
        kinds=_signs(frame),
        placeholder="A worker or a job line",
    )


def _signs(frame: pd.DataFrame) -> dict[str, pd.Series]:
    return {"Less wanted": frame["weighting"] > 0, "More wanted": frame["weighting"] < 0}
