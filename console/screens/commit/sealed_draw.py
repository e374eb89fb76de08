"""A sealed draw on the page Commit: seal, enter the number, break; the rest happens elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime, time

import streamlit as st

from allocator.errors import MissingTable
from allocator.models import AllocatorRun
from allocator.proof.seal import Seal
from allocator.rules.moments import local_time, time_zone
from allocator.solved import Solved
from console.state import backend
from console.ui import session
from console.ui.messages import literal, shown_errors

ABOUT = (
    "Whoever chooses the seed after seeing what it gives chooses who wins the lots. Seal the run "
    "before a public draw instead: data, settings and scenario are fixed, the seed follows from "
    "the draw, and the database commits nothing else until the seal is broken on record."
)


def draw_sealed_draw(run: AllocatorRun, solved: Solved) -> None:
    """The seal that holds with its next step, or the form that seals what is shown."""
    try:
        seals = backend.service().seals(run.id)
    except MissingTable:
        return  # the page says already that our SQL is older
    holding = next((seal for seal in seals if seal.holds), None)
    with st.expander("Sealed draw", icon=":material/lock_clock:", expanded=holding is not None):
        st.caption(ABOUT)
        for seal in seals:
            _draw_seal(run, seal)
        if holding is None:
            _draw_form(run, solved)
        elif holding.number is None:
            _draw_number(run)
        if holding is not None:
            _draw_break(run)


def _draw_seal(run: AllocatorRun, seal: Seal) -> None:
    st.markdown(
        f"**{literal(seal.words)}**  \nSealed on {literal(local_time(run, seal.sealed_at))}, to be "
        f"drawn not before {literal(local_time(run, seal.not_before))}."
    )
    st.code(seal.hash, language=None)
    if seal.holds and seal.seed is not None:
        st.markdown(f"Solve again with the seed **{seal.seed}**, then commit.")


def _draw_form(run: AllocatorRun, solved: Solved) -> None:
    with st.form("seal the run", border=False):
        source = st.text_input(
            "Where the number will come from", placeholder="A lottery, draw 4471"
        )
        day = st.date_input("Drawn on", value=None)
        at = st.time_input(f"Not before ({run.timezone})", value=time(20, 30))
        pressed = st.form_submit_button("Seal these settings and data", icon=":material/lock:")
    if not pressed:
        return
    if day is None or not source.strip():
        st.warning("Say which draw it is and on which day, so nothing was sealed.")
        return
    when = datetime.combine(day, at, tzinfo=time_zone(run.timezone) or UTC)
    with shown_errors():
        backend.service().seal(
            solved.as_read,
            solved.result.settings,
            session.require_operator(),
            source=source,
            not_before=when,
            scenario=solved.audit,
        )
        st.rerun()


def _draw_number(run: AllocatorRun) -> None:
    with st.form("enter the draw", border=False):
        number = st.text_input("The number that was drawn", placeholder="3 11 17 22 40 45")
        pressed = st.form_submit_button("Enter it, once", icon=":material/casino:")
    if pressed:
        with shown_errors():
            backend.service().enter_draw(run.id, number, session.require_operator())
            st.rerun()


def _draw_break(run: AllocatorRun) -> None:
    with st.form("break the seal", border=False):
        reason = st.text_input("Reason to break the seal (stays on record with your name)")
        pressed = st.form_submit_button("Break the seal", icon=":material/lock_open:")
    if pressed:
        with shown_errors():
            backend.service().break_seal(run.id, session.require_operator(), reason)
            st.rerun()
