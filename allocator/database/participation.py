"""Who takes part in an allocator run: workers and job lines in it, left out, places used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from allocator.database.rows import RunRows, job_line_name, local_time, moment, worker_name
from allocator.models import AllocatorRun, LeftOut


@dataclass(frozen=True, slots=True)
class Participation:
    """Rows by id that take part, sorted by id, and who was left out and why.

    `used` counts the places that earlier completed runs took of each job line.
    """

    workers: dict[str, Mapping[str, Any]]
    job_lines: dict[str, Mapping[str, Any]]
    used: Mapping[str, int]
    left_out: tuple[LeftOut, ...]


def participation(rows: RunRows) -> Participation:
    """Apply the included arrays, withdrawals and, in an exclusive run, earlier allocations."""
    run = rows.run
    earlier = earlier_allocations(run, rows.completed)
    used = Counter(row["job_line"] for row in earlier)
    placed = {row["worker_mapping"]: row for row in earlier}
    names = {row["id"]: job_line_name(row) for row in rows.job_lines}
    left_out: list[LeftOut] = []
    workers: dict[str, Mapping[str, Any]] = {}
    job_lines: dict[str, Mapping[str, Any]] = {}
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
    return Participation(workers, job_lines, used, tuple(left_out))


def capacity(row: Mapping[str, Any]) -> int:
    """`max_n_workers`; absent or null means 1."""
    value = row.get("max_n_workers")
    return 1 if value is None else int(value)


def earlier_allocations(run: AllocatorRun, completed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Allocations of other completed runs that this run must respect, if it is exclusive.

    A run that is itself completed respects those that were completed before it.
    """
    if not run.is_exclusive:
        return []
    if run.completed_at is None:
        return completed
    return [row for row in completed if _completed_at(row) <= run.completed_at]


def _completed_at(row: Mapping[str, Any]) -> Any:
    return moment(row["allocator_py_runs"]["completed_at"])


def _included(rows: list[dict[str, Any]], ids: tuple[str, ...]) -> list[dict[str, Any]]:
    wanted = set(ids)
    kept = [row for row in rows if not wanted or row["id"] in wanted]
    return sorted(kept, key=lambda row: str(row["id"]))


def _why_worker_is_out(
    run: AllocatorRun,
    row: Mapping[str, Any],
    placed: Mapping[str, Mapping[str, Any]],
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
