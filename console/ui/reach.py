"""What the pages owe to eyes, keyboards and small screens beyond what Streamlit gives.

`console/assets/reach.js` marks up what Streamlit draws, hears the keys, and tells how wide the
window is; docs/decisions/reach.md says what and why.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from console.gate.sign_in import REACH
from console.ui.session import NARROW

_STYLE = Path(__file__).parents[1] / "assets" / "reach.css"


def reach_everybody() -> None:
    """Style, script, and the box that the script ticks on a narrow screen: to be drawn in the
    container `unseen`, which takes no room."""
    st.html(_STYLE)
    st.html(f'<script src="{REACH}"></script>', unsafe_allow_javascript=True)
    st.checkbox("Narrow screen", key=NARROW)
