"""Parts that several tabs of the Review page share."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from allocator.review import review_weightings
from console import tables
from console.widgets.facts import counted
from console.widgets.plain_table import plain_table
from console.widgets.review.source import Source


def draw_view(source: Source, key: str, views: dict[str, Callable[[Source], None]]) -> None:
    """Let one of the views be chosen; only that one is worked out."""
    chosen = st.segmented_control(
        "View",
        list(views),
        default=next(iter(views)),
        required=True,
        label_visibility="collapsed",
        key=source.key(key),
    )
    views[str(chosen)](source)


def draw_weightings_of(source: Source, weightings: Sequence[str], of_what: str, key: str) -> None:
    """The weightings that bear on a worker or job line, behind a fold."""
    if not weightings:
        st.caption(f"There is no weighting for {of_what}.")
        return
    frame = source.made(review_weightings)
    rows = frame[frame["weighting_id"].isin(weightings)]
    with st.expander(f"{counted(len(rows), 'weighting')} for {of_what}"):
        shown = tables.display(rows, ["effect", "whom", "where", "weighting"])
        plain_table(shown, key=f"weightings {key}", file_name="weightings")
