"""Who takes part in an allocator run: workers and job lines in it, left out, places used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from allocator.database.rows import (
    ELIGIBILITY_ARRAYS,
    Row,
    RunRows,
    job_line_name,
    local_time,
    moment,
    worker_name,
)
from allocator.models import AllocatorRun, LeftOut


@dataclass(frozen=True, slots=True)
class Participation:
    """Rows by id that take part, sorted by id, and who was left out and why.

    `used` counts the places that earlier completed runs took of each job line. `eligibility` has
    the rows of each job line that takes part, `weightings` those that reach one, by id.
    """

    workers: dict[str, Row]
    job_lines: dict[str, Row]
    used: Mapping[str, int]
    left_out: tuple[LeftOut, ...]
    eligibility: Mapping[str, Sequence[Row]]
    weightings: Sequence[Row]


def participation(rows: RunRows) -> Participation:
    """Apply the included arrays, withdrawals and, in an exclusive run, earlier allocations."""
    run = rows.run
    earlier = earlier_allocations(run, rows.completed)
    used = Counter(row["job_line"] for row in earlier)
    placed = {row["worker_mapping"]: row for row in earlier}
    names = {row["id"]: job_line_name(row) for row in rows.job_lines}
    left_out: list[LeftOut] = []
    workers: dict[str, Row] = {}
    job_lines: dict[str, Row] = {}
    for row in _included(rows.workers, run.included_worker_mappings):
        reason = _why_worker_is_out(run, row, placed, names)
        if reason:
            left_out.append(LeftOut("worker", row["id"], worker_name(row), reason))
        else:
            workers[row["id"]] = row
    for row in _included(rows.job_lines, run.included_job_lines):
        places = capacity(row)
        if used[row["id"]] and used[row["id"]] >= places:
            reason = f"Earlier completed runs took {'its place' if places == 1 else 'all places'}"
            left_out.append(LeftOut("job line", row["id"], job_line_name(row), reason))
        else:
            job_lines[row["id"]] = row
    left_out.sort(key=lambda left: (left.kind, left.name, left.id))
    return Participation(
        workers,
        job_lines,
        used,
        tuple(left_out),
        _eligibility(rows, job_lines),
        sorted(
            (w for w in rows.weightings if not w["job_line"] or w["job_line"] in job_lines),
            key=lambda row: str(row["id"]),
        ),
    )


def _eligibility(rows: RunRows, job_lines: Mapping[str, Row]) -> dict[str, list[Row]]:
    """Job line → its rows, in an order that arrival does not change."""

    def content(row: Row) -> str:
        return repr([row["job_line"], *(_sorted(row[name]) for name, _ in ELIGIBILITY_ARRAYS)])

    by_job_line: dict[str, list[Row]] = {}
    for row in sorted(rows.eligibility, key=content):
        if row["job_line"] in job_lines:
            by_job_line.setdefault(row["job_line"], []).append(row)
    return by_job_line


def _sorted(ids: Sequence[Any] | None) -> list[str]:
    return sorted(map(repr, ids or ()))


def capacity(row: Row) -> int:
    """`max_n_workers`; absent or null means 1."""
    value = row.get("max_n_workers")
    return 1 if value is None else int(value)


def earlier_allocations(run: AllocatorRun, completed: Sequence[Row]) -> Sequence[Row]:
    """Allocations of other completed runs that this run must respect, if it is exclusive.

    A run that is itself completed respects those that were completed before it.
    """
    if not run.is_exclusive:
        return []
    if run.completed_at is None:
        return completed
    return [row for row in completed if _completed_at(row) <= run.completed_at]


def _completed_at(row: Row) -> Any:
    return moment(row["allocator_py_runs"]["completed_at"])


def _included(rows: Sequence[Row], ids: tuple[str, ...]) -> list[Row]:
    wanted = set(ids)
    kept = [row for row in rows if not wanted or row["id"] in wanted]
    return sorted(kept, key=lambda row: str(row["id"]))


def _why_worker_is_out(
    run: AllocatorRun,
    row: Row,
    placed: Mapping[str, Row],
    names: Mapping[str, str],
) -> str:
    withdrawn = moment(row.get("withdrawn_at"))
    if withdrawn:
        return f"Withdrawn on {local_time(run, withdrawn)}"
    if row["id"] in placed:
        earlier = placed[row["id"]]
        where = names.get(earlier["job_line"], "a job line outside this allocation run")
        when = local_time(run, _completed_at(earlier))
        return f"Already placed on {where} by the run completed {when}"
    return ""
