"""Rows as the database sends them → the domain's nouns and names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from allocator.models import AllocatorRun, Eligibility, QualificationTag, Term, Weighting
from allocator.rules.moments import EARLIEST, LATEST, local_time, time_zone

Row = Mapping[str, Any]

WORKERS, JOB_LINES, TAGS = "workers", "job_lines", "qualification_tags"
"""Kinds of ids, under the names of the reads that find them."""

ELIGIBILITY_ARRAYS = (
    ("included_qualification_tag_ids", TAGS),
    ("excluded_qualification_tag_ids", TAGS),
    ("included_worker_mapping_ids", WORKERS),
    ("excluded_worker_mapping_ids", WORKERS),
)
WEIGHTING_ARRAYS = (("qualification_tag_ids", TAGS), ("worker_mapping_ids", WORKERS))


class Ranked(NamedTuple):
    """A preference row of a worker; `rank` is what the database holds, None = unranked."""

    job_line: str
    rank: Any
    bucket: int | None = None
    attractiveness: Any = None


@dataclass(frozen=True, slots=True)
class RunRows:
    """Everything read for one allocator run; nothing is read after it.

    All but `run` (and its row) cover the whole allocation run. `completed` are the allocations of
    the other completed allocator runs, `other_placements` those of other applications, `rotations`
    the terms of job lines; `unreadable` names an optional table that the key may not read.
    `preferences` are by worker mapping. `elsewhere` names the rows that an array of ids mentions
    and that belong to another allocation run or organisation: kind → id → name.
    """

    run: AllocatorRun
    read_at: datetime
    run_row: Row = field(default_factory=dict)
    workers: Sequence[Row] = ()
    job_lines: Sequence[Row] = ()
    eligibility: Sequence[Row] = ()
    weightings: Sequence[Row] = ()
    tags: Sequence[Row] = ()
    qualifications: Sequence[Row] = ()
    completed: Sequence[Row] = ()
    other_placements: Sequence[Row] = ()
    rotations: Sequence[Row] = ()
    unreadable: Sequence[str] = ()
    preferences: Mapping[str, Sequence[Ranked]] = field(default_factory=dict)
    elsewhere: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def as_of(self) -> datetime:
        """When the run was completed, or now: what came later plays no part in it."""
        return min(self.read_at, self.run.completed_at or self.read_at)

    def known(self, kind: str) -> set[str]:
        """Ids that were read of this kind; tags of other organisations are not among them."""
        rows = {WORKERS: self.workers, JOB_LINES: self.job_lines, TAGS: self.tags}[kind]
        return {row["id"] for row in rows}


def allocator_run(row: Row) -> AllocatorRun:
    """A row of `allocator_py_runs` with its nested allocation run and plan.

    Never fails: what a time or a zone of the row cannot be, `validation` says.
    """
    parent = row.get("allocationruns") or {}
    plan = parent.get("allocationplans") or {}
    zone = plan.get("timezone") or ""
    known = time_zone(zone) is not None
    return AllocatorRun(
        id=row["id"],
        allocation_run=row.get("allocation_run") or "",
        created_at=moment(row.get("created_at")) or datetime.fromtimestamp(0, UTC),
        queued_at=moment(row.get("queued_at")),
        completed_at=moment(row.get("completed_at")),
        is_exclusive=bool(row.get("is_exclusive")),
        included_job_lines=ids(row.get("included_job_lines")),
        included_worker_mappings=ids(row.get("included_worker_mappings")),
        allocation_run_status=parent.get("status") or "",
        startdate=calendar_day(parent.get("startdate"), zone),
        enddate=calendar_day(parent.get("enddate"), zone),
        due_date=None if is_odd(parent.get("due_date")) else moment(parent.get("due_date")),
        plan_name=plan.get("name") or "",
        org=str(plan.get("org") or ""),
        timezone=zone if known else "UTC",
        unknown_timezone=None if known else zone,
    )


def eligibility(row: Row) -> Eligibility:
    """A row of `job_line_eligibility`; a null array is an empty one."""
    return Eligibility(
        row["job_line"],
        frozenset(ids(row.get("included_qualification_tag_ids"))),
        frozenset(ids(row.get("excluded_qualification_tag_ids"))),
        frozenset(ids(row.get("included_worker_mapping_ids"))),
        frozenset(ids(row.get("excluded_worker_mapping_ids"))),
    )


def term(row: Row, timezone: str) -> Term:
    """A rotation with its nested position, team and location, any of which may be missing."""
    position = row.get("positions") or {}
    team = position.get("teams") or {}
    location = team.get("locations") or {}
    first, last = (calendar_day(row.get(name), timezone) for name in ("startdate", "enddate"))
    names = (nested.get("name") or "" for nested in (position, team, location))
    return Term(first, last, *names)


def weighting(row: Row) -> Weighting:
    """A weighting; one without a whole number counts as 0 (validation reports it)."""
    value: Any = row.get("weighting")
    return Weighting(
        row["id"],
        int(value) if is_whole(value) else 0,
        row.get("job_line"),
        frozenset(ids(row.get("qualification_tag_ids"))),
        frozenset(ids(row.get("worker_mapping_ids"))),
    )


def tags(rows: Iterable[Row]) -> tuple[QualificationTag, ...]:
    """Qualification tags, sorted by id."""
    return tuple(sorted((QualificationTag(r["id"], r.get("name") or "") for r in rows), key=_id))


def _id(tag: QualificationTag) -> str:
    return tag.id


def worker_name(row: Row) -> str:
    """A mapping row's worker: name and internal id, as far as there are any."""
    person = row.get("workers") or {}
    first = person.get("preferred_name") or person.get("firstname") or ""
    name = f"{first} {person.get('lastname') or ''}".strip()
    internal = person.get("internal_id") or ""
    if name and internal:
        return f"{name} ({internal})"
    return name or internal or "a worker without a name"


def job_line_name(row: Row) -> str:
    """A job line's name."""
    return row.get("name") or "a job line without a name"


def tag_name(row: Row) -> str:
    """A qualification's name."""
    return row.get("name") or "a qualification without a name"


def run_name(run: AllocatorRun) -> str:
    """A run as its operators call it: plan, and when the batch was created."""
    return f"{run.plan_name or 'Run'}, batch created {local_time(run, run.created_at)}"


def moment(value: str | None) -> datetime | None:
    """A timestamptz of the API; without an offset it is UTC.

    `infinity`, years before 1 and after 9999 become EARLIEST or LATEST.
    """
    if not value:
        return None
    try:
        when = datetime.fromisoformat(value)
    except ValueError:
        return EARLIEST if value.startswith("-") or value.endswith("BC") else LATEST
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(EARLIEST, min(when, LATEST))


def is_odd(value: str | None) -> bool:
    """Whether a date or time of the API is one that no calendar of ours can show."""
    return moment(value) in (EARLIEST, LATEST)


def calendar_day(value: str | None, timezone: str) -> date | None:
    """The day in that zone (UTC where there is none) of a date or timestamptz of the API; None
    also for one that no calendar can show."""
    when = moment(value)
    if value is None or when is None or is_odd(value):
        return None
    if len(value) == len("2027-01-11"):  # a date column: a day, wherever one stands
        return when.date()
    return when.astimezone(time_zone(timezone) or UTC).date()


def is_whole(value: Any) -> bool:
    """Whether a number of the API is a whole one; `true` is not."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_rank(value: Any) -> bool:
    """Whether a value of `order_preference` is a rank: a whole number from 1."""
    return is_whole(value) and value >= 1


def ids(value: Iterable[Any] | None) -> tuple[str, ...]:
    """The entries of an array of ids, of however many dimensions; an empty one stays, as "", so
    that it can be reported."""
    entries: list[str] = []
    for entry in value or ():
        entries.extend(ids(entry) if isinstance(entry, list) else [entry or ""])
    return tuple(entries)
