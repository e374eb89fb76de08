"""After the commit: letters, lists, mail merge and report in one ZIP, made with one click."""

from __future__ import annotations

import streamlit as st

from allocator.jobs import JobSnapshot
from allocator.measures.terms import terms_of_receipt
from allocator.models import AllocatorRun
from allocator.report.publication import Publication, PublicationOptions
from allocator.result import Receipt
from allocator.scenario.changes import SetBaseline
from allocator.solved import Solved
from console.state import publishing
from console.ui import messages, session
from console.ui.messages import literal, shown_errors
from console.ui.tables import counted, facts_row

EVERYBODY, MOVED = "Everybody", "Those whose placement changed"


def draw_publication(run: AllocatorRun, receipt: Receipt, solved: Solved | None) -> None:
    """Choose what the letters say and who gets one; make them, then download. `solved` is what was
    committed, None where the data has changed since."""
    st.header("Letters and lists", anchor=False)
    st.caption(
        "A letter for each doctor (also for those who are not placed), a list for each hospital "
        "and job line, a table for a mail merge, and the public report, in one ZIP file."
    )
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        pdf = st.checkbox("Letters as PDF, too", True, key=f"letters pdf {run.id}")
        names = st.checkbox(
            "Letters name other doctors",
            key=f"letters names {run.id}",
            help="Names and ranks of others go into the reasons. Leave it off for privacy.",
        )
        everybody = False
        if any(c.get("kind") == SetBaseline.kind for c in receipt.scenario.get("changes") or ()):
            whom = st.radio(
                "Who gets a letter",
                [MOVED, EVERYBODY],
                horizontal=True,
                key=f"letters whom {run.id}",
                help="This run began with earlier placements. Whoever keeps theirs has a letter.",
            )
            everybody = whom == EVERYBODY
    terms = terms_of_receipt(run, receipt)
    options = PublicationOptions(pdf, names, everybody, terms=terms)
    snapshot = publishing.latest_publication(run.id)
    if snapshot and snapshot.is_running:
        _watch(run)
        return
    st.button(
        "Make letters and lists",
        type="primary",
        icon=":material/mail:",
        on_click=_make,
        args=(run, solved, options),
        key=f"make letters {run.id}",
    )
    if snapshot:
        _draw_made(snapshot, options)


@session.signed_in
def _make(run: AllocatorRun, solved: Solved | None, options: PublicationOptions) -> None:
    with shown_errors():
        publishing.publish_in_background(run, solved, options, session.require_operator())


@st.fragment(run_every=0.5)
@session.signed_in
def _watch(run: AllocatorRun) -> None:
    snapshot = publishing.latest_publication(run.id)
    if snapshot is None or not snapshot.is_running:
        st.rerun(scope="app")
    event = snapshot.progress
    done, total = (event.done, max(1, event.total)) if event else (0, 1)
    words = event.step if event else "Reading what was committed"
    st.progress(done / total, "Stopping …" if snapshot.cancelling else f"{words} …")
    st.button(
        "Stop",
        icon=":material/stop_circle:",
        disabled=snapshot.cancelling,
        on_click=_stop,
        args=(run.id,),
    )


@session.signed_in
def _stop(run_id: str) -> None:
    publishing.stop_publication(run_id)


def _draw_made(snapshot: JobSnapshot, options: PublicationOptions) -> None:
    if snapshot.error is not None:
        messages.show_error(snapshot.error)
        return
    made = snapshot.result
    if not isinstance(made, Publication):
        st.info("The letters were stopped before they were all made; nothing was kept.")
        return
    with st.container(border=True, key="letters made"):
        facts_row(
            [
                ("Letters to those placed", f"{made.placed:,}"),
                ("To those not placed", f"{made.not_placed:,}"),
                ("Size", f"{len(made.content) / 1e6:.1f} MB"),
                ("Made by", snapshot.started_by),
            ]
        )
        if snapshot.request != options:
            st.caption("Made with other choices than those above; make them anew to change that.")
        if snapshot.request.names:
            st.warning("These letters name other doctors.", icon=":material/visibility:")
        if made.notes:
            st.warning(f"{counted(len(made.notes), 'letter')} has no PDF:", icon=":material/info:")
            st.markdown("\n".join(f"- {literal(note)}" for note in made.notes[:20]))
        st.download_button(
            "Download letters and lists (ZIP)",
            made.content,
            "letters-and-lists.zip",
            "application/zip",
            icon=":material/download:",
            on_click="ignore",
        )
