"""Which tables are read, which of their columns, and by which filter.

Filters go by the allocation run or the allocator run, never by long lists of ids. Every embedded
read names the column of its foreign key: a table may have several keys to another one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

PREFERENCES = "preferences"
QUALIFICATIONS = "qualifications"
"""Reads that are more than the pages of one table; `postgres` makes them."""

PREFERENCE_TABLE = "preference_worker_job_lines"
OPTIONAL_PREFERENCE_COLUMNS = ("like_dislike_preference", "attractiveness_score")
PREFERENCE_COLUMNS = ("job_line", "order_preference", *OPTIONAL_PREFERENCE_COLUMNS)
"""Never `notes`: they are the worker's own."""
PREFERENCE_COUNT = (
    "job_line",
    "allocation_run_worker_mappings!allocation_run_worker_mapping!inner()",
)
RANKS = "ranks"
"""Name under which a mapping's preference rows are nested in its row."""
NESTED_PREFERENCES = f"{RANKS}:{PREFERENCE_TABLE}!allocation_run_worker_mapping"


@dataclass(frozen=True, slots=True)
class Scope:
    """The ids by which rows are filtered; `org` is that of the plan."""

    run_id: str = ""
    allocation_run: str = ""
    org: str = ""


@dataclass(frozen=True, slots=True)
class Action:
    """One kind of read.

    `keys` order the rows; `unique` keys let it page by keyset. `optional` columns may be absent
    from the database, as may the whole table when `is_optional`. `named` are the columns that
    name a row found by its id.
    """

    table: str
    columns: tuple[str, ...]
    narrow: Callable[[Any, Scope], Any]
    keys: tuple[str, ...] = ("id",)
    unique: bool = True
    optional: tuple[str, ...] = ()
    is_optional: bool = False
    needs_run: bool = True
    needs_allocation_run: bool = False
    named: str = "id,name"


def _of_allocation_run(query: Any, scope: Scope) -> Any:
    return query.eq("allocation_run", scope.allocation_run)


def _of_run(query: Any, scope: Scope) -> Any:
    return query.eq("allocator_py_run", scope.run_id)


def _completed_elsewhere(query: Any, scope: Scope) -> Any:
    """Allocations of the other completed allocator runs of the same allocation run."""
    query = query.eq("allocator_py_runs.allocation_run", scope.allocation_run)
    query = query.not_.is_("allocator_py_runs.completed_at", "null")
    return query.neq("allocator_py_run", scope.run_id)


RUN_COLUMNS = (
    "id",
    "allocation_run",
    "created_at",
    "queued_at",
    "completed_at",
    "is_exclusive",
    "included_job_lines",
    "included_worker_mappings",
    "allocationruns!allocation_run(id,status,startdate,enddate,due_date,"
    "allocationplans!allocationplan(id,name,org,timezone))",
)

WORKER_NAME = "workers!worker(firstname,lastname,preferred_name,internal_id,qualificationlevel)"

PLACEMENT_STATES = {
    "released": "released_at",
    "finalised": "finalised_at",
    "locked": "locked_at",
}
"""How far a placement of another application has come, the furthest first, and its column."""

ACTIONS: dict[str, Action] = {
    "runs": Action("allocator_py_runs", RUN_COLUMNS, lambda q, s: q, needs_run=False),
    "pending": Action(
        "allocator_py_runs",
        RUN_COLUMNS,
        lambda q, s: q.is_("completed_at", "null"),
        needs_run=False,
    ),
    "run": Action("allocator_py_runs", RUN_COLUMNS, lambda q, s: q.eq("id", s.run_id)),
    "workers": Action(
        "allocation_run_worker_mappings",
        (
            "id",
            "worker",
            "allocation_run",
            "locked",
            "submitted",
            "withdrawn_at",
            "withdrawal_effective_at",
            WORKER_NAME,
        ),
        _of_allocation_run,
        optional=("withdrawal_effective_at",),
        needs_allocation_run=True,
        named=f"id,{WORKER_NAME}",
    ),
    "job_lines": Action(
        "job_lines",
        ("id", "name", "sort_order", "allocation_run", "max_n_workers", "must_have_workers"),
        _of_allocation_run,
        optional=("max_n_workers", "must_have_workers"),
        needs_allocation_run=True,
    ),
    "eligibility": Action(
        "job_line_eligibility",
        (
            "job_line",
            "included_qualification_tag_ids",
            "excluded_qualification_tag_ids",
            "included_worker_mapping_ids",
            "excluded_worker_mapping_ids",
            "job_lines!job_line!inner()",
        ),
        lambda q, s: q.eq("job_lines.allocation_run", s.allocation_run),
        keys=("job_line", "updated_at"),
        unique=False,
        needs_allocation_run=True,
    ),
    "weightings": Action(
        "allocation_run_preferencer_weightings",
        ("id", "job_line", "qualification_tag_ids", "worker_mapping_ids", "weighting"),
        _of_allocation_run,
        needs_allocation_run=True,
    ),
    "qualification_tags": Action(
        "qualification_tags",
        ("id", "name"),
        lambda q, s: q.eq("org", s.org) if s.org else q,
        needs_allocation_run=True,
    ),
    "allocations": Action(
        "allocator_py_allocations",
        ("worker_mapping", "job_line", "original_preference", "created_at"),
        _of_run,
        keys=("worker_mapping",),
    ),
    "completed_allocations": Action(
        "allocator_py_allocations",
        (
            "allocator_py_run",
            "worker_mapping",
            "job_line",
            "allocator_py_runs!allocator_py_run!inner(completed_at)",
        ),
        _completed_elsewhere,
        keys=("allocator_py_run", "worker_mapping"),
        needs_allocation_run=True,
    ),
    "other_placements": Action(
        "job_line_worker_mappings",
        (
            "id",
            "job_line",
            "worker",
            "allocation_run_worker_mapping",
            *PLACEMENT_STATES.values(),
            "job_lines!job_line!inner()",
        ),
        lambda q, s: q.eq("job_lines.allocation_run", s.allocation_run),
        optional=tuple(PLACEMENT_STATES.values()),
        is_optional=True,
        needs_allocation_run=True,
    ),
    "rotations": Action(
        "rotations",
        (
            "id",
            "assignedjobline",
            "startdate",
            "enddate",
            "positions!position(name,teams!team(name,locations!location(name)))",
        ),
        lambda q, s: q.eq("allocation_run", s.allocation_run),
        is_optional=True,
        needs_allocation_run=True,
    ),
    "orgs": Action("orgs", ("id", "name"), lambda q, s: q, is_optional=True, needs_run=False),
    "audit": Action(
        "allocator_console_audit", ("*",), _of_run, keys=("allocator_py_run",), unique=False
    ),
    "all_audit": Action(
        "allocator_console_audit",
        ("*",),
        lambda q, s: q,
        keys=("allocator_py_run",),
        unique=False,
        needs_run=False,
    ),
    "solves": Action("allocator_console_solves", ("*",), _of_run),
    "proof": Action(
        "allocator_console_proofs", ("*",), _of_run, keys=("allocator_py_run",), unique=False
    ),
    "seals": Action("allocator_console_seals", ("*",), _of_run),
    "scenarios": Action("allocator_console_scenarios", ("*",), _of_run),
    "drafts": Action(
        "allocator_console_drafts", ("*",), _of_run, keys=("operator", "kind", "name")
    ),
}
