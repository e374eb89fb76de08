"""Hydration: a run's rows → `RunInputs`, with every data error collected, nothing dropped.

1. Read everything that the run needs: the run, then what belongs to its allocation run (all at
   once), then the preferences and what else those rows mention. Nothing is read later.
2. Decide who takes part.
3. Build the models, sorted by id, so that the order in which rows arrive does not matter.
4. Collect the data errors and take the fingerprint.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from itertools import chain

from allocator import postgres
from allocator.database import rows, validation
from allocator.database.notices import notices, other_placements
from allocator.database.participation import Participation, capacity, participation
from allocator.database.reading import preference_count, preferences, rows_by_id
from allocator.database.rows import (
    ELIGIBILITY_ARRAYS,
    JOB_LINES,
    TAGS,
    WEIGHTING_ARRAYS,
    WORKERS,
    Ranked,
    Row,
    RunRows,
    is_rank,
    job_line_name,
    worker_name,
)
from allocator.database.tables import ACTIONS, QUALIFICATIONS, Scope
from allocator.database.transport import OnReading, together, told_pages
from allocator.errors import Denied, RunNotFound
from allocator.models import JobLine, Preferences, QualificationTag, RunInputs, Term, Worker
from allocator.postgres import Client
from allocator.rules import ranks
from allocator.rules.fingerprint import fingerprint


def hydrate(run_id: str, *, client: Client, on_progress: OnReading | None = None) -> RunInputs:
    """Everything that defines the allocator run `run_id`, and what is wrong with it.

    Raises RunNotFound, or a DatabaseError when the database does not give all of it.
    """
    return inputs_of(read_rows(run_id, client=client, on_progress=on_progress))


def inputs_of(read: RunRows) -> RunInputs:
    """The models of rows that were read, with their data errors and fingerprint."""
    part = participation(read)
    inputs = RunInputs(
        read.run,
        _workers(read, part),
        _job_lines(read, part),
        tuple(rows.weighting(row) for row in part.weightings),
        _tags(read),
        part.left_out,
        notices=tuple(sorted(notices(read, part))),
        other_placements=tuple(other_placements(read, part)),
    )
    issues = [*validation.issues(read, part), *validation.bucket_issues(inputs)]
    inputs = replace(inputs, issues=tuple(sorted(issues)))
    return replace(inputs, fingerprint=fingerprint(inputs))


def read_rows(run_id: str, *, client: Client, on_progress: OnReading | None = None) -> RunRows:
    """All rows that the run needs: its own, then two steps of reads that do not wait for one
    another. Raises RunNotFound."""
    own = postgres.fetchAll("run", run_id, client=client)
    if not own:
        raise RunNotFound(f"There is no allocator run {run_id}.")
    run, read_at = rows.allocator_run(own[0]), datetime.now(UTC)
    scope = Scope(run.id, run.allocation_run, run.org)

    found: dict[str, list[Row]] = {}
    lists: dict[str, list[Ranked]] = {}
    elsewhere: dict[str, dict[str, str]] = {}
    unreadable: list[str] = []
    total: int | None = None

    def rows_of(field: str, action: str, told: OnReading) -> None:
        pages = postgres.fetch_pages(action, run, client=client)
        found[field] = list(chain.from_iterable(told_pages(pages, action.replace("_", " "), told)))

    def other_rows(told: OnReading) -> None:
        try:
            rows_of("other_placements", "other_placements", told)
        except Denied:
            unreadable.append(ACTIONS["other_placements"].table)

    def terms(told: OnReading) -> None:
        try:
            rows_of("rotations", "rotations", told)
        except Denied:  # they explain job lines and decide nothing, so a run does without them
            found["rotations"] = []

    def count(_told: OnReading) -> None:
        nonlocal total
        total = preference_count(scope, client)

    def ranks_of(told: OnReading) -> None:
        shared = {row["id"]: row["id"] for row in read.job_lines}
        workers = [row["id"] for row in read.workers]
        keep = partial(_ranked, shared)
        lists.update(preferences(scope, client, workers, total, keep=keep, on_reading=told))

    def names_of(kind: str, ids: list[str], _told: OnReading) -> None:
        elsewhere[kind] = {row["id"]: _name(kind, row) for row in rows_by_id(kind, ids, client)}

    first: list[Callable[[OnReading], None]] = [count, other_rows, terms]
    first += [partial(rows_of, *pair) for pair in ACTION_OF_ROWS.items()]
    together(first, on_progress)
    read = RunRows(
        run,
        read_at,
        own[0],
        workers=found["workers"],
        job_lines=found["job_lines"],
        eligibility=found["eligibility"],
        weightings=found["weightings"],
        tags=found["tags"],
        qualifications=found["qualifications"],
        completed=found["completed"],
        other_placements=found.get("other_placements", []),
        rotations=found["rotations"],
        unreadable=unreadable,
    )
    then: list[Callable[[OnReading], None]] = [ranks_of]
    then += [partial(names_of, kind, ids) for kind, ids in _unknown_ids(read).items()]
    together(then, on_progress)
    return replace(read, preferences=lists, elsewhere=elsewhere)


ACTION_OF_ROWS = {
    "workers": "workers",
    "job_lines": "job_lines",
    "eligibility": "eligibility",
    "weightings": "weightings",
    "tags": "qualification_tags",
    "qualifications": QUALIFICATIONS,
    "completed": "completed_allocations",
}
"""Field of `RunRows` → the read that fills it."""


def _ranked(shared: Mapping[str, str], row: Row) -> Ranked:
    # One string object for each job line's id, however many rows mention it.
    job_line = row["job_line"]
    return Ranked(
        shared.get(job_line, job_line),
        row["order_preference"],
        row.get("like_dislike_preference"),
        row.get("attractiveness_score"),
    )


def _unknown_ids(read: RunRows) -> dict[str, list[str]]:
    """Ids that the rows mention and that were not read: kind → ids, sorted."""
    mentioned: dict[str, set[str]] = {
        WORKERS: set(read.run.included_worker_mappings),
        JOB_LINES: {*read.run.included_job_lines, *(r["job_line"] or "" for r in read.weightings)},
        TAGS: {row["qualification_tag_id"] for row in read.qualifications},
    }
    arrays = ((read.eligibility, ELIGIBILITY_ARRAYS), (read.weightings, WEIGHTING_ARRAYS))
    for found, columns in arrays:
        for row in found:
            for column, kind in columns:
                mentioned[kind].update(rows.ids(row[column]))
    return {kind: sorted(ids - read.known(kind) - {""}) for kind, ids in mentioned.items()}


def _name(kind: str, row: Row) -> str:
    if kind == WORKERS:
        return worker_name(row)
    return job_line_name(row) if kind == JOB_LINES else rows.tag_name(row)


def _workers(read: RunRows, part: Participation) -> tuple[Worker, ...]:
    held: dict[str, set[str]] = {}
    for pair in read.qualifications:
        held.setdefault(pair["worker_mapping_id"], set()).add(pair["qualification_tag_id"])
    known = read.known(JOB_LINES)
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
                preferences=_preferences(read, part, key, known),
                person=row.get("worker") or "",
            )
        )
    return tuple(workers)


def _preferences(read: RunRows, part: Participation, worker: str, known: set[str]) -> Preferences:
    """The worker's lists over the job lines of the allocation run, by id. Of two rows for one job
    line the better rank and the worse bucket count; the repetition is a data error."""
    order: dict[str, int] = {}
    buckets: dict[str, int] = {}
    attractiveness: dict[str, float] = {}
    own = sorted(read.preferences.get(worker, ()), key=lambda one: one.job_line)
    for job_line, rank, bucket, figure in own:
        if job_line not in known:
            continue
        if is_rank(rank):
            order[job_line] = min(rank, order.get(job_line, rank))
        elif isinstance(figure, int | float):
            attractiveness[job_line] = float(figure)
        if bucket is not None:
            buckets[job_line] = max(bucket, buckets.get(job_line, bucket))
    chosen = Preferences(order, buckets=buckets, attractiveness=attractiveness)
    return ranks.in_run(chosen, part.job_lines.keys())


def _job_lines(read: RunRows, part: Participation) -> tuple[JobLine, ...]:
    rules = part.eligibility
    terms: dict[str, list[Term]] = {}
    for row in read.rotations:
        terms.setdefault(row["assignedjobline"], []).append(rows.term(row, read.run.timezone))
    return tuple(
        JobLine(
            key,
            name=row.get("name") or "",
            sort_order=row.get("sort_order") or 0,
            max_n_workers=capacity(row),
            must_have_workers=bool(row.get("must_have_workers")),
            used_places=part.used.get(key, 0),
            eligibility=rows.eligibility(rules[key][0]) if key in rules else None,
            terms=tuple(sorted(terms.get(key, ()), key=_by_day)),
        )
        for key, row in part.job_lines.items()
    )


def _by_day(term: Term) -> tuple[date, date, str, str, str]:
    first = term.start or date.max
    return first, term.end or date.max, term.position, term.team, term.location


def _tags(read: RunRows) -> tuple[QualificationTag, ...]:
    found: dict[str, Row] = {row["id"]: row for row in read.tags}
    for key, name in read.elsewhere.get(TAGS, {}).items():
        found.setdefault(key, {"id": key, "name": name})
    return rows.tags(found.values())
