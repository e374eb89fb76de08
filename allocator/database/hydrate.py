"""Hydration: a run's rows → `RunInputs`, with every data error collected, nothing dropped.

1. Read the run, then the rows of its allocation run; preferences come last, page by page.
2. Decide who takes part.
3. Build the models, sorted by id, so that the order in which rows arrive does not matter.
4. Collect the data errors and take the fingerprint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from allocator import postgres
from allocator.database import rows, validation
from allocator.database.participation import Participation, capacity, participation
from allocator.database.preference_rows import PreferenceRows
from allocator.database.references import (
    JOB_LINES,
    TAGS,
    WORKERS,
    eligibility_rows,
    unknown_ids,
    weighting_rows,
)
from allocator.database.rows import RunRows, job_line_name, worker_name
from allocator.errors import RunNotFound
from allocator.models import AllocatorRun, JobLine, QualificationTag, RunInputs, Worker
from allocator.postgres import Client
from allocator.rules.fingerprint import fingerprint
from allocator.rules.ranks import preferences


@dataclass(frozen=True, slots=True)
class Reading:
    """How far hydration has come: rows read of what, out of how many (None = not yet known)."""

    what: str
    rows: int
    total: int | None = None


OnProgress = Callable[[Reading], None]


def hydrate(
    run_id: str, *, client: Client | None = None, on_progress: OnProgress | None = None
) -> RunInputs:
    """Everything that defines the allocator run `run_id`, and what is wrong with it.

    Raises RunNotFound, or a DatabaseError when the database does not give all of it.
    """
    client = client or postgres.default_client()
    report = on_progress or (lambda reading: None)
    run = find_run(run_id, client=client)
    read = _read(run, client, report)
    part = participation(read)
    read.elsewhere = _elsewhere(read, part, client)
    ranks = PreferenceRows(
        {key: worker_name(row) for key, row in part.workers.items()},
        {row["id"]: job_line_name(row) for row in read.job_lines},
    )
    if part.workers and part.job_lines:
        for page in _pages("preferences", run, client, report):
            ranks.add(page)
    issues = sorted([*validation.issues(read, part), *ranks.issues()])
    inputs = RunInputs(
        run,
        _workers(read, part, ranks),
        _job_lines(read, part),
        tuple(rows.weighting(row) for row in weighting_rows(read, part)),
        _tags(read),
        tuple(sorted(part.left_out, key=lambda left: (left.kind, left.name, left.id))),
        tuple(issues),
    )
    return replace(inputs, fingerprint=fingerprint(inputs))


def find_run(run_id: str, *, client: Client | None = None) -> AllocatorRun:
    """The allocator run with this id. Raises RunNotFound."""
    found = postgres.fetchAll("run", run_id, client=client)
    if not found:
        raise RunNotFound(f"There is no allocator run {run_id}.")
    return rows.allocator_run(found[0])


def _read(run: AllocatorRun, client: Client, report: OnProgress) -> RunRows:
    def everything(action: str) -> list[dict[str, Any]]:
        return [row for page in _pages(action, run, client, report) for row in page]

    return RunRows(
        run,
        workers=everything("workers"),
        job_lines=everything("job_lines"),
        eligibility=everything("eligibility"),
        weightings=everything("weightings"),
        tags=everything("qualification_tags"),
        qualifications=everything("qualifications"),
        completed=everything("completed_allocations") if run.is_exclusive else [],
    )


def _pages(
    action: str, run: AllocatorRun, client: Client, report: OnProgress
) -> Iterator[list[dict[str, Any]]]:
    received = 0
    for page in postgres.fetch_pages(action, run, client=client):
        received += len(page.rows)
        report(Reading(action.replace("_", " "), received, page.total))
        yield page.rows


def _elsewhere(read: RunRows, part: Participation, client: Client) -> dict[str, dict[str, str]]:
    """Names of the rows outside the allocation run that its arrays mention."""
    named: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
        WORKERS: worker_name,
        JOB_LINES: job_line_name,
        TAGS: lambda row: row.get("name") or "a qualification without a name",
    }
    held = {row["qualification_tag_id"] for row in read.qualifications}
    unknown = unknown_ids(read, part)
    tags = held.difference(row["id"] for row in read.tags).union(unknown.get(TAGS, ()))
    wanted = {**unknown, TAGS: sorted(tags)}
    return {
        kind: {
            row["id"]: named[kind](row) for row in postgres.fetch_by_ids(kind, ids, client=client)
        }
        for kind, ids in wanted.items()
    }


def _workers(read: RunRows, part: Participation, ranks: PreferenceRows) -> tuple[Worker, ...]:
    held: dict[str, set[str]] = {}
    for pair in read.qualifications:
        held.setdefault(pair["worker_mapping_id"], set()).add(pair["qualification_tag_id"])
    job_lines = part.job_lines.keys()
    workers = []
    for key, row in part.workers.items():
        person = row.get("workers") or {}
        workers.append(
            Worker(
                key,
                firstname=person.get("firstname") or "",
                lastname=person.get("lastname") or "",
                preferred_name=person.get("preferred_name") or "",
                internal_id=person.get("internal_id") or "",
                qualificationlevel=person.get("qualificationlevel") or "",
                submitted=bool(row.get("submitted")),
                locked=bool(row.get("locked")),
                qualification_ids=frozenset(held.get(key, ())),
                preferences=preferences(ranks.order(key), job_lines),
            )
        )
    return tuple(workers)


def _job_lines(read: RunRows, part: Participation) -> tuple[JobLine, ...]:
    rules = eligibility_rows(read, part)
    return tuple(
        JobLine(
            key,
            name=row.get("name") or "",
            sort_order=row.get("sort_order") or 0,
            max_n_workers=capacity(row),
            must_have_workers=bool(row.get("must_have_workers")),
            used_places=part.used.get(key, 0),
            eligibility=rows.eligibility(rules[key][0]) if key in rules else None,
        )
        for key, row in part.job_lines.items()
    )


def _tags(read: RunRows) -> tuple[QualificationTag, ...]:
    found: dict[str, Mapping[str, Any]] = {row["id"]: row for row in read.tags}
    for key, name in read.elsewhere.get(TAGS, {}).items():
        found.setdefault(key, {"id": key, "name": name})
    return rows.tags(found.values())
