"""Charts in the page's own light or dark look."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from console.charts import CONFIG


def is_dark() -> bool:
    """Whether the browser shows the console's dark look."""
    return st.context.theme.type == "dark"


def draw(figure: go.Figure, *, key: str, alt: str) -> None:
    """Draw a figure of `console.charts`; `alt` says in words what it shows."""
    st.plotly_chart(figure, theme=None, config=CONFIG, key=key, alt=alt)
