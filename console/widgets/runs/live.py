"""What moves while the list of runs is open: solves under way, and checks of the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from allocator.jobs import JobSnapshot
from allocator.overview import RunOverview
from console import backend, checks, navigation, session
from console.checks import Found
from console.messages import literal

Seen = tuple[tuple[tuple[str, str], ...], tuple[tuple[str, Found | None], ...]]


def found_in(rows: Sequence[RunOverview]) -> dict[str, Found | None]:
    """What is known of the data of these runs; asks for the rest in the background."""
    known = checks.the_checks()
    ids = [row.run.id for row in rows]
    known.want(ids)
    return {run_id: known.found(run_id) for run_id in ids}


@st.fragment(run_every=1.5)
@session.signed_in
def watch(rows: Sequence[RunOverview], found: Mapping[str, Found | None]) -> None:
    """Show running solves, and draw the page anew when one starts or ends or a check is done."""
    by_id = {row.run.id: row for row in rows}
    running = [s for s in backend.jobs().snapshots() if s.key in by_id and s.is_running]
    for snapshot in running:
        _running(by_id[snapshot.key], snapshot)
    if _state(found) != session.remembered("runs seen"):
        session.remember("runs seen", _state(found))
        st.rerun(scope="app")


def remember_seen(found: Mapping[str, Found | None]) -> None:
    """Note what the page is about to show."""
    session.remember("runs seen", _state(found))


def _state(found: Mapping[str, Found | None]) -> Seen:
    jobs = tuple((s.key, str(s.state)) for s in backend.jobs().snapshots())
    known = checks.the_checks()
    return jobs, tuple((run_id, known.found(run_id)) for run_id in found)


def _running(row: RunOverview, snapshot: JobSnapshot) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(
            f":orange-badge[:material/progress_activity: Being solved] "
            f"**{literal(row.run.plan_name)}** · Batch {row.batch} of {row.batches} · "
            f"{snapshot.elapsed:.0f} s, started by {literal(snapshot.started_by or 'nobody')}",
            width="stretch",
        )
        if any(place.path == "solve" for place in navigation.available()):
            navigation.link("solve", "Watch", run=row.run.id)
