"""Weightings: what the organisation wants more or less, for whom, and what it adds up to."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from allocator.review import net_effects, review_weightings, workers_reached
from console.screens.review.parts import draw_view
from console.state.readings import RunReading
from console.ui import session
from console.ui.data_table import data_table, newly_chosen
from console.ui.figures import copyable_ids, counted, facts_row
from console.ui.messages import literal
from console.ui.tables import SIGN


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
    st.subheader(row["effect"], anchor=False)
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
