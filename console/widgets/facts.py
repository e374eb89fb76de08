"""Short facts side by side: a label above a value, wrapping where the screen is narrow."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from console.messages import literal

Fact = tuple[str, str]


def facts_row(facts: Iterable[Fact]) -> None:
    """Draw (label, value) pairs in one row; pairs without a value are left out."""
    with st.container(horizontal=True, gap="medium"):
        for label, value in facts:
            if value:
                st.markdown(f":small[{literal(label)}]  \n**{literal(value)}**", width="content")


def copyable_ids(ids: Iterable[Fact]) -> None:
    """Raw keys behind a closed fold, each with a copy button."""
    with st.expander("Ids, for whoever looks after the database"):
        for label, value in ids:
            st.caption(label)
            st.code(value, language=None)


def counted(number: int, noun: str) -> str:
    """`1 worker`, `2 workers`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
