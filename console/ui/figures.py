"""Short facts side by side: a label above a value, wrapping where the screen is narrow."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

import plotly.graph_objects as go
import streamlit as st

from console.charts import CONFIG
from console.charts.theme import counted as counted

Fact = tuple[str, str]


def facts_row(facts: Iterable[Fact]) -> None:
    """Draw (label, value) pairs in one row; pairs without a value are left out."""
    shown = "".join(
        f'<div><dt style="font-size:0.875rem;font-weight:400;opacity:0.8">{escape(str(label))}</dt>'
        f'<dd style="margin:0;font-weight:600">{escape(str(value))}</dd></div>'
        for label, value in facts
        if value
    )
    st.markdown(
        f'<dl style="display:flex;flex-wrap:wrap;gap:0.5rem 1.75rem;margin:0 0 1rem">{shown}</dl>',
        unsafe_allow_html=True,  # everything from the database is escaped above
    )


def copyable_ids(ids: Iterable[Fact]) -> None:
    """Raw keys behind a closed fold, each with a copy button."""
    with st.expander("Ids, for whoever looks after the database"):
        for label, value in ids:
            st.caption(label)
            st.code(value, language=None)


def is_dark() -> bool:
    """Whether the browser shows the console's dark look."""
    return st.context.theme.type == "dark"


def draw(figure: go.Figure, *, key: str, alt: str) -> None:
    """Draw a figure of `console.charts`; `alt` says in words what it shows."""
    st.plotly_chart(figure, theme=None, config=CONFIG, key=key, alt=alt)
