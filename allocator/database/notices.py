"""What an operator must know of before solving or committing, though no row is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta

from allocator.database.participation import Participation, completed_at, withdrawn_at
from allocator.database.rows import (
    Row,
    RunRows,
    is_rank,
    job_line_name,
    moment,
    run_name,
    worker_name,
)
from allocator.database.tables import PLACEMENT_STATES
from allocator.models import Notice, NoticeKind, OtherPlacement
from allocator.rules.moments import local_time

A_YEAR = timedelta(days=365)
"""How long an allocation run without an end date is taken to last."""

NAMED = 5
"""Most names that a notice lists."""


def notices(rows: RunRows, part: Participation) -> list[Notice]:
    """Every notice of the run, in no order."""
    return [notice for find in _FINDERS for notice in find(rows, part)]


def other_placements(rows: RunRows, part: Participation) -> list[OtherPlacement]:
    """Placements that other applications made and that touch a worker or job line of the run.

    Those of workers who have withdrawn, those that repeat an allocation of an earlier completed
    run, and those made after the run itself was completed do not count.
    """
    mappings = {row["id"]: row for row in rows.workers}
    by_person: dict[str, list[str]] = {}
    for row in rows.workers:
        by_person.setdefault(row.get("worker") or "", []).append(row["id"])
    lines = {row["id"]: row for row in rows.job_lines}
    known = {(row["worker_mapping"], row["job_line"]) for row in part.earlier}
    found = set()
    for row in rows.other_placements:
        state = _state(rows, row)
        line = row["job_line"]
        own = row.get("allocation_run_worker_mapping")
        for worker in [own] if own else by_person.get(row.get("worker") or "", []):
            if state is None or worker not in mappings or (worker, line) in known:
                continue
            if withdrawn_at(mappings[worker], rows.as_of) is not None:
                continue
            if worker in part.workers or line in part.job_lines:
                names = worker_name(mappings[worker]), job_line_name(lines[line])
                found.add(OtherPlacement(worker, line, *names, *state))
    return sorted(found)


def _state(rows: RunRows, row: Row) -> tuple[str, str] | None:
    """How far a placement has come, and since when in words; None for a mere draft of one."""
    stamps = {state: moment(row.get(column)) for state, column in PLACEMENT_STATES.items()}
    reached = {state: when for state, when in stamps.items() if when is not None}
    completed = rows.run.completed_at
    if not reached or (completed is not None and min(reached.values()) >= completed):
        return None
    state = next(iter(reached))
    return state, local_time(rows.run, reached[state])


def _elsewhere(rows: RunRows, part: Participation) -> Iterable[Notice]:
    for one in other_placements(rows, part):
        yield Notice(
            NoticeKind.PLACED_ELSEWHERE,
            one.worker_name,
            f"Another application placed this worker on {one.job_line_name} ({one.state} "
            f"{one.at}). The run leaves that out of account unless its solve takes such "
            "placements out.",
            (one.worker, one.job_line),
            must_accept=rows.run.is_exclusive,
        )


def _state_of_year(rows: RunRows, part: Participation) -> Iterable[Notice]:
    run, ids = rows.run, (rows.run.allocation_run,)
    if run.allocation_run_status == "archived":
        message = "The allocation run is archived."
        yield Notice(NoticeKind.ARCHIVED, run_name(run), message, ids, must_accept=True)
    last = run.enddate or (run.startdate + A_YEAR if run.startdate else None)
    if run.allocation_run_status == "closed" and last is not None and last < rows.as_of.date():
        message = f"The allocation run is closed, and its year ended on {last.day} {last:%B %Y}."
        yield Notice(NoticeKind.CLOSED_LONG_AGO, run_name(run), message, ids, must_accept=True)


def _second_batch(rows: RunRows, part: Participation) -> Iterable[Notice]:
    placed = {row["worker_mapping"] for row in part.earlier} & part.workers.keys()
    if rows.run.is_exclusive or not placed:
        return
    message = (
        f"The run stands alone (it is not exclusive), but earlier completed runs placed "
        f"{len(placed):,} of its workers already: {_named(placed, part.workers)}."
    )
    ids = tuple(sorted(placed))
    yield Notice(NoticeKind.SECOND_BATCH, run_name(rows.run), message, ids, must_accept=True)


def _not_submitted(rows: RunRows, part: Participation) -> Iterable[Notice]:
    open_lists = {
        key
        for key, row in part.workers.items()
        if not row.get("submitted")
        and any(
            one.job_line in part.job_lines and is_rank(one.rank)
            for one in rows.preferences.get(key, ())
        )
    }
    if not open_lists:
        return
    message = (
        f"{len(open_lists):,} worker(s) did not submit, and what they have ranked so far counts: "
        f"{_named(open_lists, part.workers)}."
    )
    ids = tuple(sorted(open_lists))
    yield Notice(NoticeKind.NOT_SUBMITTED, run_name(rows.run), message, ids, must_accept=True)


def _coming_withdrawals(rows: RunRows, part: Participation) -> Iterable[Notice]:
    for key, row in part.workers.items():
        effective = moment(row.get("withdrawal_effective_at"))
        if moment(row.get("withdrawn_at")) is not None and effective is not None:
            message = f"Withdraws on {local_time(rows.run, effective)}; takes part until then."
            yield Notice(NoticeKind.COMING_WITHDRAWAL, worker_name(row), message, (key,))


def _freed_places(rows: RunRows, part: Participation) -> Iterable[Notice]:
    if not rows.run.is_exclusive:
        return
    mappings = {row["id"]: row for row in rows.workers}
    for row in part.freed:
        line = part.job_lines.get(row["job_line"])
        if line is None:
            continue
        when, left = completed_at(row), withdrawn_at(mappings[row["worker_mapping"]], rows.as_of)
        placed = f" by the run completed {local_time(rows.run, when)}" if when else ""
        since = f" on {local_time(rows.run, left)}" if left else ""
        message = (
            f"A place is free again: {worker_name(mappings[row['worker_mapping']])}, placed here"
            f"{placed}, withdrew{since}."
        )
        ids = row["job_line"], row["worker_mapping"]
        yield Notice(NoticeKind.FREED_PLACE, job_line_name(line), message, ids)


def _named(ids: Iterable[str], workers: Mapping[str, Row]) -> str:
    names = sorted(worker_name(workers[key]) for key in ids)
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


_FINDERS: Sequence[Callable[[RunRows, Participation], Iterable[Notice]]] = (
    _state_of_year,
    _second_batch,
    _not_submitted,
    _elsewhere,
    _coming_withdrawals,
    _freed_places,
)
