"""The list of runs as a coordinator scans it: what is in each, and how completed ones came out.

Few requests: pending runs cost two reads for each allocation run (three when exclusive),
completed runs are told by their audit rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from allocator import postgres
from allocator.database.participation import capacity, participation
from allocator.database.records import receipt_of
from allocator.database.rows import RunRows, allocator_run
from allocator.database.transport import OnReading, together
from allocator.database.validation import run_issues
from allocator.errors import DataIssue, Denied, MissingTable, RunNotFound
from allocator.measures.outcome import outcome_of_audit, outcome_of_ranks
from allocator.measures.years import YearColumn, YearsTable, side_by_side, without_year, year_in
from allocator.models import AllocatorRun
from allocator.result import Receipt
from allocator.rules.moments import local_time

MOST_UNAUDITED = 12
"""Completed runs without an audit row whose allocations are read, the latest first."""


@dataclass(frozen=True, slots=True)
class RunOverview:
    """One row of the list of runs.

    `batch` counts the allocator runs of the allocation run in the order of creation, from 1 to
    `batches`. Counts are of those who take part; None where nobody recorded them (a run that
    another program completed). `seats` are places left. `receipt` is that of our own commit.
    `outcome` is the count as far as it was kept: see `measures.outcome.outcome_of_audit` and,
    for runs that another program completed, `outcome_of_ranks`.
    `org` is the organisation's name, empty where there is none. `issues` are what is wrong in the
    run's own row; the other data errors show when it is read.
    """

    run: AllocatorRun
    batch: int
    batches: int
    workers: int | None = None
    submitted: int | None = None
    job_lines: int | None = None
    seats: int | None = None
    left_out: int | None = None
    left_out_workers: int | None = None
    receipt: Receipt | None = None
    outcome: Mapping[str, Any] = field(default_factory=dict)
    issues: tuple[DataIssue, ...] = ()
    org: str = ""

    @property
    def spare_seats(self) -> int | None:
        """Seats minus workers; negative = too few."""
        if self.seats is None or self.workers is None:
            return None
        return self.seats - self.workers


@dataclass(frozen=True, slots=True)
class RunBatch:
    """A run and which of its allocation run's `total` batches it is, from 1."""

    run: AllocatorRun
    number: int
    total: int


def find_batch(run_id: str, client: postgres.Client) -> RunBatch:
    """The run with exactly this id and its place among the batches; one request.

    Raises RunNotFound.
    """
    runs = [allocator_run(row) for row in postgres.fetchAll("runs", None, client=client)]
    run = next((run for run in runs if run.id == run_id), None)
    if run is None:
        raise RunNotFound
    same = [other for other in runs if other.allocation_run == run.allocation_run]
    return RunBatch(run, _batches(same)[run_id], len(same))


def overviews(client: postgres.Client) -> list[RunOverview]:
    """Every run: pending ones first, the longest waiting on top, then completed, latest first."""
    rows = {row["id"]: row for row in postgres.fetchAll("runs", None, client=client)}
    runs = [allocator_run(row) for row in rows.values()]
    receipts = _receipts(client)
    batches = _batches(runs)
    totals = Counter(run.allocation_run for run in runs)
    pending = sorted((r for r in runs if r.is_pending), key=lambda r: (r.created_at, r.id))
    completed = sorted((r for r in runs if not r.is_pending), key=_completion, reverse=True)
    counts = _pending_counts(pending, client)
    unaudited = [r for r in completed if r.id not in receipts][:MOST_UNAUDITED]
    counts |= _stored_outcomes(unaudited, client)
    orgs = _org_names(client)
    return [
        RunOverview(
            run,
            batches[run.id],
            totals[run.allocation_run],
            receipt=receipts.get(run.id),
            issues=tuple(run_issues(run, rows[run.id])),
            org=orgs.get(run.org, ""),
            **(_recorded(receipts[run.id]) if run.id in receipts else counts.get(run.id, {})),
        )
        for run in (*pending, *completed)
    ]


MOST_YEARS = 8
"""Completed runs of a plan that are put side by side, the latest of them."""


@dataclass(frozen=True, slots=True)
class PlanYears:
    """The completed runs of one plan, the oldest first, with the published `tables` side by side.

    `plan` is the plan's name without its year; runs of former years belong to it.
    """

    plan: str
    runs: tuple[RunOverview, ...]
    tables: tuple[YearsTable, ...]


def plan_years(client: postgres.Client, plan: str = "") -> list[PlanYears]:
    """The completed runs of every plan whose name holds `plan`, by name; the stored placements of
    each are read, `MOST_YEARS` runs of a plan at most."""
    kept: dict[tuple[str, str], list[RunOverview]] = {}
    for row in overviews(client):
        name = without_year(row.run.plan_name)
        if not row.run.is_pending and plan.strip().casefold() in row.run.plan_name.casefold():
            kept.setdefault((name.casefold(), row.run.org), []).append(row)

    def read(run: AllocatorRun, _told: OnReading) -> list[float | None]:
        rows = postgres.fetchAll("allocations", run, client=client)
        return [row["original_preference"] for row in rows]

    found = []
    for _, latest in sorted(kept.items()):
        rows = latest[:MOST_YEARS][::-1]
        ranks = together([partial(read, row.run) for row in rows])
        columns = [
            YearColumn(label, _figures(row), tuple(each))
            for label, row, each in zip(_labels(rows), rows, ranks, strict=True)
        ]
        name = without_year(rows[-1].run.plan_name) or "Allocation run"
        found.append(PlanYears(name, tuple(rows), side_by_side(columns)))
    return found


def _figures(row: RunOverview) -> dict[str, Any]:
    names = ("workers", "submitted", "job_lines", "seats", "left_out")
    figures = {name: getattr(row, name) for name in names}
    return {**row.outcome, **{n: v for n, v in figures.items() if v is not None}}


def _labels(rows: Sequence[RunOverview]) -> list[str]:
    """`2027`, `2027 batch 2`; runs that are still alike get their day and time."""
    labels = []
    for row in rows:
        begins = str(row.run.startdate.year) if row.run.startdate else row.run.plan_name
        year = year_in(row.run.plan_name) or begins
        labels.append(f"{year} batch {row.batch}" if row.batches > 1 else year)
    times = Counter(labels)
    return [
        f"{label}, {local_time(row.run, row.run.completed_at)}"
        if times[label] > 1 and row.run.completed_at
        else label
        for label, row in zip(labels, rows, strict=True)
    ]


def _completion(run: AllocatorRun) -> tuple[Any, str]:
    return run.completed_at, run.id


def _batches(runs: Iterable[AllocatorRun]) -> dict[str, int]:
    numbers: dict[str, int] = {}
    seen: Counter[str] = Counter()
    for run in sorted(runs, key=lambda r: (r.created_at, r.id)):
        seen[run.allocation_run] += 1
        numbers[run.id] = seen[run.allocation_run]
    return numbers


def _receipts(client: postgres.Client) -> dict[str, Receipt]:
    try:
        rows = postgres.fetchAll("all_audit", None, client=client)
    except MissingTable:  # our SQL is not applied; the doctor says so
        return {}
    return {row["allocator_py_run"]: receipt_of(row) for row in rows}


def _org_names(client: postgres.Client) -> dict[str, str]:
    try:
        rows = postgres.fetchAll("orgs", None, client=client)
    except Denied:  # a search does without them
        return {}
    return {row["id"]: row["name"] or "" for row in rows}


def _recorded(receipt: Receipt) -> dict[str, Any]:
    """What an audit row kept of the run."""
    counts = receipt.counts
    names = ("workers", "submitted", "job_lines", "seats", "left_out")
    return {**{n: counts.get(n) for n in names}, "outcome": outcome_of_audit(counts)}


def _pending_counts(
    pending: list[AllocatorRun], client: postgres.Client
) -> dict[str, dict[str, Any]]:
    """Who takes part in each pending run, by the same rules as when it is solved."""
    one_each = {run.allocation_run: run for run in pending}
    wanted = [(action, run) for run in one_each.values() for action in ("workers", "job_lines")]
    wanted += [("completed_allocations", run) for run in pending if run.is_exclusive]

    def read(action: str, run: AllocatorRun, _told: OnReading) -> list[dict[str, Any]]:
        return postgres.fetchAll(action, run, client=client)

    answers = together([partial(read, *what) for what in wanted])
    found = {
        (action, run.id if action == "completed_allocations" else run.allocation_run): rows
        for (action, run), rows in zip(wanted, answers, strict=True)
    }
    return {
        run.id: _counts(
            RunRows(
                run,
                datetime.now(UTC),
                workers=found["workers", run.allocation_run],
                job_lines=found["job_lines", run.allocation_run],
                completed=found.get(("completed_allocations", run.id), []),
            )
        )
        for run in pending
    }


def _counts(rows: RunRows) -> dict[str, Any]:
    taking_part = participation(rows)
    seats = sum(
        max(0, capacity(row) - taking_part.used.get(job_line, 0))
        for job_line, row in taking_part.job_lines.items()
    )
    return {
        "workers": len(taking_part.workers),
        "submitted": sum(bool(row.get("submitted")) for row in taking_part.workers.values()),
        "job_lines": len(taking_part.job_lines),
        "seats": seats,
        "left_out": len(taking_part.left_out),
        "left_out_workers": sum(left.kind == "worker" for left in taking_part.left_out),
    }


def _stored_outcomes(
    completed: list[AllocatorRun], client: postgres.Client
) -> dict[str, dict[str, Any]]:
    """Outcomes of runs that another program completed, from the ranks stored with them."""

    def read(run: AllocatorRun, _told: OnReading) -> dict[str, Any]:
        rows = postgres.fetchAll("allocations", run, client=client)
        return {"outcome": outcome_of_ranks(row["original_preference"] for row in rows)}

    outcomes = together([partial(read, run) for run in completed])
    return dict(zip((run.id for run in completed), outcomes, strict=True))
