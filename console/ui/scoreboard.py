"""The scoreboard of an allocation: its figures, each with the doctors behind it, and its terms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from allocator.measures.bands import NO_PREFERENCES, UNRANKED, band_of
from allocator.measures.outcome import doctors_behind, outcome, scoreboard
from allocator.measures.terms import terms_of
from allocator.solved import Solved
from console.charts import CONFIG
from console.ui import session
from console.ui.data_table import plain_table
from console.ui.messages import literal
from console.ui.tables import counted, display

DOCTOR_COLUMNS = ["name", "internal_id", "job_line_name", "rank", "weighting"]

# A row of figures that reads as one: each is a button without a frame, its label above it.
_STYLE = """
<style>
[class*="st-key-scoreboard"] { gap: 0.25rem 1.5rem; }
[class*="st-key-scoreboard"] button {
  padding: 0.125rem 0; min-height: 0; text-align: left; justify-content: flex-start;
}
[class*="st-key-scoreboard"] button p { text-align: left; white-space: normal; }
[class*="st-key-scoreboard"] button strong {
  display: block; text-decoration: underline dotted; text-underline-offset: 0.25em;
}
@media (max-width: 640px) {
  [class*="st-key-scoreboard"] { gap: 0.125rem 1rem; }
  [class*="st-key-scoreboard"] button strong { display: inline; }
}
</style>
"""


def draw_scoreboard(solved: Solved, *, key: str) -> None:
    """Every figure as a button that lists the doctors behind it; below them, the terms.

    `key` tells this scoreboard from another on the same page.
    """
    got = outcome(solved.inputs, solved.result)
    figures = [("Placed", f"{got.placed:,} of {got.workers:,}"), *scoreboard(got.as_dict())]
    st.html(_STYLE)
    with st.container(horizontal=True, key=f"scoreboard {key}"):
        for label, value in figures:
            if st.button(
                f"{label} **{literal(value)}**",
                type="tertiary",
                key=f"{key} {label} {solved.identity[:16]}",
                help="Lists the doctors.",
            ):
                list_doctors(f"{label}: {value}", _behind(label, solved))
    draw_terms(solved)


def draw_terms(solved: Solved) -> None:
    """The line that stands by every figure."""
    st.caption(literal(terms_of(solved)))


def _behind(label: str, solved: Solved) -> pd.DataFrame:
    return solved.placed if label == "Placed" else doctors_behind(label, solved.placed)


@st.dialog("The doctors behind it", width="large")
@session.signed_in
def list_doctors(title: str, doctors: pd.DataFrame) -> None:
    """Placements by name, in a dialog."""
    st.markdown(f"**{literal(title)}**")
    draw_doctors(doctors, key="behind")


def draw_doctors(doctors: pd.DataFrame, *, key: str) -> None:
    """Placements by name; says so when there are none."""
    if doctors.empty:
        st.caption("Nobody.")
        return
    st.caption(counted(len(doctors), "doctor"))
    shown = display(doctors, DOCTOR_COLUMNS)
    plain_table(shown, key=f"doctors {key}", file_name="doctors")


def draw_selectable(figure: go.Figure, *, key: str, alt: str) -> str:
    """Draw a chart whose bars and points can be selected; the selected one's `customdata` (its
    first entry, where it has several), empty while nothing is selected."""
    point = _selected_point(figure, key, alt)
    told = point.get("customdata") or ""
    return str(told if isinstance(told, str) else told[0])


def _selected_point(figure: go.Figure, key: str, alt: str) -> dict[str, Any]:
    """What Plotly says of the first selected point; empty while nothing is selected."""
    event = st.plotly_chart(
        figure,
        theme=None,
        config=CONFIG,
        key=key,
        alt=alt,
        on_select="rerun",
        selection_mode="points",
    )
    return dict(event.selection.points[0]) if event.selection.points else {}


def draw_choices(figure: go.Figure, solves: Mapping[str, Solved], *, key: str, alt: str) -> None:
    """Draw `overlaid_distributions` or `overlaid_bands` of these solves (by name); a point or bar
    that is selected lists its doctors below."""
    point = _selected_point(figure, key, alt)
    name = point.get("customdata") or ""
    name = str(name if isinstance(name, str) else name[0])
    if name not in solves:
        st.caption("Click a point or bar for the doctors behind it.")
        return
    title, doctors = behind_point(solves[name].placed, point.get("x"))
    st.markdown(f"**{literal(name)}: {literal(title)}**")
    draw_doctors(doctors, key=key)


def behind_point(placed: pd.DataFrame, x: object) -> tuple[str, pd.DataFrame]:
    """Words and placements behind a band's name, or behind the number k of a top k."""
    if isinstance(x, int | float):
        return f"within the top {x:g}", placed[(placed["choice"] <= x).fillna(False)]
    return str(x), placed[band_of(placed).astype("str") == str(x)]


def of_choice(label: str, placed: pd.DataFrame, distribution: pd.DataFrame) -> pd.DataFrame:
    """The placements behind a bar of `rank_distribution`, by its label."""
    nothing = placed["n_ranked"] == 0
    if label == NO_PREFERENCES:
        return placed[nothing]
    if label == UNRANKED:
        return placed[placed["rank"].isna() & ~nothing]
    choice = distribution.set_index("label")["choice"].get(label, pd.NA)
    return placed[(placed["choice"] == choice).fillna(False)]
