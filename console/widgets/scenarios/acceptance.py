"""Data errors stand before any trial: those that stop the run, and those to be accepted."""

from __future__ import annotations

import streamlit as st

from allocator.models import RunInputs
from console import navigation, session
from console.widgets.issues import draw_issues

_ACCEPTED = "data errors accepted for trials"


def accepted(as_read: RunInputs, version: str) -> bool:
    """Whether the run may be tried; else draws its data errors and what to do about them."""
    if not as_read.issues:
        return True
    if as_read.blocking_issues:
        draw_issues(as_read.issues, key=f"what-if issues {as_read.run.id}", version=version)
        st.caption("Scenarios can be tried once the rows that stop the run are mended.")
        navigation.link("review", "See them on the Review page")
        return False
    if session.remembered(_ACCEPTED, as_read.run.id) == as_read.fingerprint:
        st.caption(f"{len(as_read.issues)} data errors were accepted in this tab.")
        return True
    draw_issues(as_read.issues, key=f"what-if issues {as_read.run.id}", version=version)
    if st.button("Accept these data errors and try scenarios", key="accept data errors"):
        session.remember(_ACCEPTED, as_read.fingerprint, as_read.run.id)
        st.rerun()
    return False
