"""Who takes part in an allocator run: workers and job lines in it, left out, places used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allocator.database.rows import (
    ELIGIBILITY_ARRAYS,
    Row,
    RunRows,
    job_line_name,
    moment,
    worker_name,
)
from allocator.models import HAS_A_PLACE, LeftOut
from allocator.rules.moments import local_time


@dataclass(frozen=True, slots=True)
class Participation:
    """Rows by id that take part, sorted by id, and who was left out and why.

    `earlier` are the allocations of earlier completed runs whose workers have not withdrawn,
    `freed` those of workers who have. An exclusive run respects the earlier ones: `used` counts
    the places that they take of each job line. `eligibility` has the rows of each job line that
    takes part, `weightings` those that reach one, by id.
    """

    workers: dict[str, Row]
    job_lines: dict[str, Row]
    used: Mapping[str, int]
    left_out: tuple[LeftOut, ...]
    earlier: Sequence[Row]
    freed: Sequence[Row]
    eligibility: Mapping[str, Sequence[Row]]
    weightings: Sequence[Row]


def participation(rows: RunRows) -> Participation:
    """Apply the included arrays, withdrawals and, in an exclusive run, earlier allocations."""
    run = rows.run
    gone = {r["id"]: when for r in rows.workers if (when := withdrawn_at(r, rows.as_of))}
    before = [row for row in rows.completed if _is_earlier(row, rows)]
    earlier = [row for row in before if row["worker_mapping"] not in gone]
    respected = earlier if run.is_exclusive else []
    used = Counter(row["job_line"] for row in respected)
    placed = {row["worker_mapping"]: row for row in respected}
    names = {row["id"]: job_line_name(row) for row in rows.job_lines}
    left_out: list[LeftOut] = []
    workers: dict[str, Row] = {}
    job_lines: dict[str, Row] = {}
    for row in _included(rows.workers, run.included_worker_mappings):
        reason = ""
        if row["id"] in gone:
            reason = f"Withdrawn on {local_time(run, gone[row['id']])}"
        elif row["id"] in placed:
            reason = _already_placed(rows, placed[row["id"]], names)
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
        earlier,
        [row for row in before if row["worker_mapping"] in gone],
        _eligibility(rows, job_lines),
        sorted(
            (w for w in rows.weightings if not w["job_line"] or w["job_line"] in job_lines),
            key=lambda row: str(row["id"]),
        ),
    )


def withdrawn_at(row: Row, as_of: datetime) -> datetime | None:
    """Since when the worker of a mapping has withdrawn; None for one who has not by `as_of`.

    A withdrawal counts from its effective time; one without counts whenever it is looked at.
    """
    said, effective = moment(row.get("withdrawn_at")), moment(row.get("withdrawal_effective_at"))
    if said is None or effective is None:
        return said
    return effective if effective <= as_of else None


def capacity(row: Row) -> int:
    """`max_n_workers`; absent or null means 1."""
    value = row.get("max_n_workers")
    return 1 if value is None else int(value)


def completed_at(row: Row) -> datetime | None:
    """When the run of an allocation was completed."""
    return moment(row["allocator_py_runs"]["completed_at"])


def _is_earlier(row: Row, rows: RunRows) -> bool:
    """A run that is itself completed knows those that were completed before it."""
    own, other = rows.run.completed_at, completed_at(row)
    return own is None or (other is not None and other <= own)


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


def _included(rows: Sequence[Row], ids: tuple[str, ...]) -> list[Row]:
    wanted = set(ids)
    kept = [row for row in rows if not wanted or row["id"] in wanted]
    return sorted(kept, key=lambda row: str(row["id"]))


def _already_placed(rows: RunRows, earlier: Row, names: Mapping[str, str]) -> str:
    where = names.get(earlier["job_line"], "a job line outside this allocation run")
    when = completed_at(earlier)
    said = f" completed {local_time(rows.run, when)}" if when else ""
    return f"{HAS_A_PLACE} on {where} by the run{said}"
