"""Parts of the frame around every page."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

ICON = Path(__file__).parent / "assets" / "icon.svg"

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


def watch_session() -> None:
    """Send the tab to the sign-in page soon after its session has ended."""
    st.html(_WATCH, unsafe_allow_javascript=True)
