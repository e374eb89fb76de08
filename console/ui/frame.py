"""Parts of the frame around every page."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

ICON = Path(__file__).parents[1] / "assets" / "icon.svg"

# Asks whether the session is still there, which does not prolong it, and leaves for the sign-in
# page when it is not: an open tab must not go on showing a run after the session has ended.
_WATCH = """
<script>
if (!window.allocatorWatch) {
  const look = async () => {
    const answer = await fetch("/sign-in/state", {cache: "no-store"}).catch(() => null);
    if (answer && answer.status === 401) {
      const here = location.pathname + location.search;
      location.assign("/sign-in?why=ended&next=" + encodeURIComponent(here));
    }
  };
  window.allocatorWatch = setInterval(look, 3000);
  document.addEventListener("visibilitychange", () => document.hidden || look());
}
</script>
"""

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
    st.html(_WATCH, unsafe_allow_javascript=True)
