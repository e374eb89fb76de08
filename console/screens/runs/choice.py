"""Which runs of the list are shown, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from allocator.database.overview import RunOverview
from allocator.jobs import JobKind, JobSnapshot
from allocator.report.parts import run_title
from console.places import available
from console.state import backend, checks
from console.state.checks import DataCheck
from console.ui import navigation, session, tables
from console.ui.messages import literal

Key = Callable[[RunOverview], Any]


def _waiting(row: RunOverview) -> Any:
    return row.run.queued_at or row.run.created_at


def _spare(row: RunOverview) -> int:
    return row.spare_seats if row.spare_seats is not None else 10**9


def _first_choices(row: RunOverview) -> float:
    of = row.outcome.get("ranked", row.outcome.get("placed"))
    return row.outcome.get("first_choices", 0) / of if of else -1.0


ORDERS: dict[str, tuple[Key, bool]] = {
    "Longest waiting first": (_waiting, False),
    "Newest first": (lambda row: row.run.created_at, True),
    "Plan, A to Z": (lambda row: (row.run.plan_name.casefold(), row.batch), False),
    "Most workers first": (lambda row: row.workers or 0, True),
    "Fewest spare places first": (_spare, False),
}
"""Order in words → what to sort by, and whether downwards."""

DONE_ORDERS: dict[str, tuple[Key, bool]] = {
    "Latest first": (lambda row: row.run.completed_at, True),
    "Most first choices first": (_first_choices, True),
    "Oldest first": (lambda row: row.run.completed_at, False),
    "Plan, A to Z": (lambda row: (row.run.plan_name.casefold(), row.batch), False),
    "Operator, A to Z": (
        lambda row: row.receipt.operator.casefold() if row.receipt else "~",
        False,
    ),
}


def matching_runs(rows: Sequence[RunOverview], text: str) -> list[RunOverview]:
    """The rows that hold every word of the text in plan, period, batch, dates or operator."""
    words = text.casefold().split()
    return [row for row in rows if all(word in _words_of(row) for word in words)]


def ordered(rows: Sequence[RunOverview], order: tuple[Key, bool]) -> list[RunOverview]:
    """The rows in one of the orders; equals stay as they were."""
    by, downwards = order
    return sorted(rows, key=by, reverse=downwards)


def _words_of(row: RunOverview) -> str:
    run = row.run
    parts = [
        run_title(run),
        run.org,
        f"batch {row.batch}",
        tables.moment_words(run, run.created_at),
        tables.moment_words(run, run.completed_at),
        row.receipt.operator if row.receipt else "",
    ]
    return " ".join(parts).casefold()


Seen = tuple[tuple[tuple[str, str], ...], tuple[tuple[str, DataCheck | None], ...]]


def found_in(rows: Sequence[RunOverview]) -> dict[str, DataCheck | None]:
    """What is known of the data of these runs; asks for the rest in the background."""
    known = checks.the_checks()
    ids = [row.run.id for row in rows]
    known.want(ids)
    return {run_id: known.found(run_id) for run_id in ids}


@st.fragment(run_every=1.5)
@session.signed_in
def watch_runs(rows: Sequence[RunOverview], found: Mapping[str, DataCheck | None]) -> None:
    """Show running solves, and draw the page anew when one starts or ends or a check is done."""
    by_id = {row.run.id: row for row in rows}
    solves = backend.jobs().snapshots(JobKind.SOLVE)
    running = [s for s in solves if s.subject in by_id and s.is_running]
    for snapshot in running:
        _running(by_id[snapshot.subject], snapshot)
    if _state(found) != session.remembered("runs seen"):
        session.remember("runs seen", _state(found))
        st.rerun(scope="app")


def remember_seen(found: Mapping[str, DataCheck | None]) -> None:
    """Note what the page is about to show."""
    session.remember("runs seen", _state(found))


def _state(found: Mapping[str, DataCheck | None]) -> Seen:
    jobs = tuple((s.subject, str(s.state)) for s in backend.jobs().snapshots(JobKind.SOLVE))
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
        if any(place.path == "solve" for place in available()):
            navigation.link("solve", "Watch", run=row.run.id)
