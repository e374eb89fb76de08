"""What writes to the database looks different from everything else on a page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

KEY = "writes"

# One red frame and one red button; the words and the icon say it, too, for those who see no red.
_STYLE = f"""
<style>
[class*="st-key-{KEY}"] {{ border: 2px solid #B3261E; border-radius: 0.5rem; padding: 1rem; }}
[class*="st-key-{KEY}"] button[kind^="primary"]:not(:disabled) {{
  background: #B3261E; border-color: #B3261E; color: #FFFFFF;
}}
[class*="st-key-{KEY}"] button[kind^="primary"]:not(:disabled):hover {{
  background: #8C1D18; border-color: #8C1D18;
}}
</style>
"""


@contextmanager
def writes(words: str, name: str = "") -> Iterator[None]:
    """A framed part of the page for one action that writes; `words` say what it means. A second
    one on a page needs a `name`."""
    st.html(_STYLE)
    with st.container(key=f"{KEY} {name}".strip()):
        st.markdown(f":material/edit_document: **{words}**")
        yield
