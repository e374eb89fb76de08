"""Parts of the frame around every page."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from console.gate.sign_in import WATCH

ICON = Path(__file__).parents[1] / "assets" / "icon.svg"

# Streamlit leaves six rem above every page and five beside it: most of a phone's first screen.
# Its tables' own download is not safe from formulas: `plain_table.csv_button` takes its place.
_LOOK = """
<style>
.stMainBlockContainer { padding: 2.5rem clamp(1rem, 3vw, 4rem) 4rem; }
[data-testid="stSidebarHeader"] { height: 2.5rem; }
[data-testid="stElementToolbarButton"]:has(button[aria-label^="Download as CSV"]) { display: none; }
</style>
"""


def use_look() -> None:
    """Give the pages the room that wide margins take, and the tables one safe download."""
    st.html(_LOOK)


def watch_session() -> None:
    """Send the tab to the sign-in page soon after its session has ended."""
    st.html(f'<script src="{WATCH}"></script>', unsafe_allow_javascript=True)
