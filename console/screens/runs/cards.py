"""One card for each run of the list, which runs are listed, and the ways into them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from allocator.database.overview import RunOverview
from allocator.jobs import JobKind, JobSnapshot
from allocator.report.parts import run_title
from allocator.review import left_out_words
from allocator.rules.moments import local_time
from console.places import available
from console.state import backend, diagnosing, solving
from console.state.diagnosing import DataCheck
from console.ui import navigation, session, tables
from console.ui.messages import literal
from console.ui.tables import Fact, counted, facts_row

PAGE = 20
LINKS_AS_BUTTONS = """
<style>
[class*="st-key-ways"] a {
  border: 1px solid color-mix(in srgb, currentColor 30%, transparent);
  border-radius: 0.5rem;
  padding-inline: 0.75rem;
}
</style>
"""


def draw_waiting_cards(rows: Sequence[RunOverview], found: dict[str, DataCheck | None]) -> None:
    """Waiting runs, each with what is in it."""
    _draw(rows, lambda row: pending_facts(row, found.get(row.run.id)), "pending")


def draw_completed_cards(rows: Sequence[RunOverview]) -> None:
    """Completed runs, each with how it came out."""
    _draw(rows, completed_facts, "completed")


def _draw(
    rows: Sequence[RunOverview], facts: Callable[[RunOverview], list[tuple[str, str]]], key: str
) -> None:
    st.html(LINKS_AS_BUTTONS)
    kept = f"more {key} runs"
    shown = PAGE * (1 + int(session.remembered(kept, default=0)))
    for row in rows[:shown]:
        _card(row, facts(row))
    if len(rows) > shown:
        hidden = f"Show more ({len(rows) - shown:,} not shown)"
        st.button(hidden, key=kept, on_click=_more, args=(kept,))


def _card(row: RunOverview, facts: list[tuple[str, str]]) -> None:
    run = row.run
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            with st.container(width="stretch", gap=None):
                with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                    title = f"**{literal(run.plan_name or 'Allocation run')}**"
                    navigation.link(_paths(row)[0], title, run=run.id)
                    st.markdown(navigation.chip(run), width="content")
                st.caption(literal(subtitle(row)))
            _ways(row)
        facts_row(facts)
        for issue in row.issues:
            st.caption(
                f":material/report: **{literal(issue.row)}**: {literal(issue.message)} "
                f"*What to do:* {literal(issue.remedy)}"
            )


def _ways(row: RunOverview) -> None:
    there = {place.path for place in available()}
    with st.container(horizontal=True, width="content", gap="small", key=f"ways {row.run.id}"):
        for path in _paths(row):
            if path in there:
                navigation.link(path, run=row.run.id)


def _paths(row: RunOverview) -> tuple[str, ...]:
    """Where to go from a run: results as soon as it was solved here."""
    if not row.run.is_pending:
        return ("results", "review")
    snapshot = solving.latest(row.run.id)
    is_solved = snapshot is not None and snapshot.result is not None
    return ("review", "solve", "results") if is_solved else ("review", "solve")


def _more(kept: str) -> None:
    session.remember(kept, int(session.remembered(kept, default=0)) + 1)


TOPS = ("3", "5")


def subtitle(row: RunOverview) -> str:
    """Organisation, period, batch, and when it was created and queued, or completed."""
    run = row.run
    parts = [row.org, tables.period(run), f"Batch {row.batch} of {row.batches}"]
    if run.is_pending:
        queued = f"queued {local_time(run, run.queued_at)}" if run.queued_at else "not queued"
        parts.append(f"Created {local_time(run, run.created_at)}, {queued} ({run.timezone})")
    else:
        parts.append(f"Completed {tables.moment_words(run, run.completed_at)}")
    return " · ".join(filter(None, parts))


def pending_facts(row: RunOverview, found: DataCheck | None) -> list[Fact]:
    """What is in a waiting run."""
    return [
        ("Workers", f"{row.workers:,}" if row.workers is not None else ""),
        ("Submitted", submitted(row)),
        ("Job lines", f"{row.job_lines:,}" if row.job_lines is not None else ""),
        ("Places", places_words(row)),
        ("Left out", left_out(row)),
        ("Data errors", errors(found)),
        ("Can be solved", solvable(found)),
    ]


def left_out(row: RunOverview) -> str:
    """Workers and job lines apart."""
    workers = row.left_out_workers or 0
    return left_out_words(workers, (row.left_out or 0) - workers)


def submitted(row: RunOverview) -> str:
    """How many workers handed in preferences."""
    if row.submitted is None or row.workers is None:
        return ""
    return f"{row.submitted:,} of {row.workers:,}"


def places_words(row: RunOverview) -> str:
    """Places against workers."""
    spare = row.spare_seats
    if row.seats is None or spare is None:
        return ""
    if spare < 0:
        return f"{row.seats:,} ({-spare:,} too few)"
    return f"{row.seats:,} ({spare:,} to spare)" if spare else f"{row.seats:,} (just enough)"


def errors(found: DataCheck | None) -> str:
    """What the check of the data found."""
    if found is None:
        return "Checking …"
    if found.failed:
        return "Could not be read"
    if not found.issues:
        return "None"
    if found.blocking:
        return f"{found.issues:,} ({found.blocking:,} to mend)"
    return f"{found.issues:,} (to accept)"


def solvable(found: DataCheck | None) -> str:
    """What the quick checks say; empty where they say nothing."""
    if found is None or found.failed or found.obstacles is None:
        return ""
    return "No: see Review" if found.obstacles else "Yes"


def completed_facts(row: RunOverview) -> list[Fact]:
    """When, by whom, and how a completed run came out."""
    placed = row.outcome.get("placed")
    return [
        ("By", row.receipt.operator if row.receipt else "Another program"),
        ("Placed", counted(int(placed), "worker") if placed is not None else ""),
        ("First choice", share(row, row.outcome.get("first_choices"))),
        *((f"Top {k}", share(row, row.outcome.get("within", {}).get(k))) for k in TOPS),
        ("Unranked", unranked(row)),
    ]


def share(row: RunOverview, count: int | None) -> str:
    """The count and its share of those who ranked (of those placed where that was not kept)."""
    of = row.outcome.get("ranked", row.outcome.get("placed"))
    return f"{count / of:.0%} ({count:,})" if of and count is not None else ""


def unranked(row: RunOverview) -> str:
    """How many workers got a job line that they had not ranked."""
    count = row.outcome.get("unranked")
    return f"{count:,}" if count is not None else ""


def frame(rows: list[RunOverview], found: dict[str, DataCheck | None]) -> pd.DataFrame:
    """The list as a table to download."""
    return pd.DataFrame(
        [
            {
                "Run": run_title(row.run),
                "Organisation": row.org,
                "Batch": f"{row.batch} of {row.batches}",
                "Status": "Waiting" if row.run.is_pending else "Completed",
                "Created": tables.moment_words(row.run, row.run.created_at),
                "Queued": tables.moment_words(row.run, row.run.queued_at),
                "Completed": tables.moment_words(row.run, row.run.completed_at),
                **dict(
                    pending_facts(row, found.get(row.run.id))
                    if row.run.is_pending
                    else completed_facts(row)
                ),
                "Wrong in its rows": " ".join(map(str, row.issues)),
            }
            for row in rows
        ]
    )


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
    """The rows that hold every word of the text in what a card tells: plan, organisation, period,
    batch, dates or operator."""
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
        row.org,
        f"batch {row.batch}",
        tables.moment_words(run, run.created_at),
        tables.moment_words(run, run.completed_at),
        row.receipt.operator if row.receipt else "",
    ]
    return " ".join(parts).casefold()


Seen = tuple[tuple[tuple[str, str], ...], tuple[tuple[str, DataCheck | None], ...]]


def found_in(rows: Sequence[RunOverview]) -> dict[str, DataCheck | None]:
    """What is known of the data of these runs; asks for the rest in the background."""
    known = diagnosing.the_checks()
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
    known = diagnosing.the_checks()
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
