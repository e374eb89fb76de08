"""A choice between views of one table."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from console.state.readings import RunReading


def draw_view(source: RunReading, key: str, views: dict[str, Callable[[RunReading], None]]) -> None:
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
