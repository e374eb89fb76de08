"""What is wrong in a run's rows: every data error, named so that somebody can mend it.

An id that leads nowhere only stops the run until the operator acknowledges it; a value that has
no meaning stops it until it is mended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from allocator.database.participation import Participation, withdrawn_at
from allocator.database.rows import (
    ELIGIBILITY_ARRAYS,
    JOB_LINES,
    TAGS,
    WEIGHTING_ARRAYS,
    WORKERS,
    Row,
    RunRows,
    ids,
    is_odd,
    is_rank,
    is_whole,
    job_line_name,
    run_name,
    worker_name,
)
from allocator.errors import DataIssue
from allocator.models import AllocatorRun, RunInputs, Settings
from allocator.rules import ranks

BUCKETS = "buckets"
"""Kind of the issue that `Settings.bucket_order` settles."""

RUNS_TABLE = "allocator_py_runs"
ALLOCATION_RUNS_TABLE = "allocationruns"
PLANS_TABLE = "allocationplans"
MAPPINGS_TABLE = "allocation_run_worker_mappings"
JOB_LINES_TABLE = "job_lines"
PREFERENCES_TABLE = "preference_worker_job_lines"
ELIGIBILITY_TABLE = "job_line_eligibility"
WEIGHTINGS_TABLE = "allocation_run_preferencer_weightings"

RUN_TIMES = ("created_at", "queued_at", "completed_at")
ALLOCATION_RUN_TIMES = ("startdate", "enddate", "due_date")
WITHDRAWAL_TIMES = ("withdrawn_at", "withdrawal_effective_at")

EXAMPLES = 3
"""Most examples that an issue about many workers gives."""

NOUNS = {WORKERS: "worker", JOB_LINES: "job line", TAGS: "qualification"}

Mention = tuple[str, str, str, tuple[str, ...], str]
"""A place that mentions ids: table, row in words, column, the row's key, and the id."""


def issues(rows: RunRows, part: Participation) -> list[DataIssue]:
    """All data errors of the run, in no order."""
    return [issue for check in _CHECKS for issue in check(rows, part)]


def run_issues(run: AllocatorRun, row: Row) -> Iterator[DataIssue]:
    """What is wrong in a run's own row and those that it belongs to; each can be acknowledged."""
    parent = row.get("allocationruns") or {}
    plan = parent.get("allocationplans") or {}
    name = run_name(run)
    yield from _odd_times(RUNS_TABLE, name, row, RUN_TIMES)
    yield from _odd_times(ALLOCATION_RUNS_TABLE, name, parent, ALLOCATION_RUN_TIMES)
    for column in ("included_worker_mappings", "included_job_lines"):
        yield from _nested(RUNS_TABLE, name, row, column, run.id)
    if run.unknown_timezone is not None:
        said = f"timezone is {run.unknown_timezone!r}, which is no time zone"
        said = said if run.unknown_timezone else "It has no timezone"
        message = f"{said}; days and times are those of UTC."
        remedy = (
            "Set allocationplans.timezone to a name such as Australia/Sydney, or acknowledge that "
            "days may be off by one."
        )
        ids = (str(plan.get("id") or ""), "timezone")
        yield DataIssue(PLANS_TABLE, run.plan_name or name, message, remedy, ids, True)


def tie_issues(inputs: RunInputs) -> tuple[DataIssue, ...]:
    """One data error for each group of job lines of the run that a worker ranks alike, in the
    order in which `inputs` are read.

    For solves whose settings do not allow ties.
    """
    here = {j.id: j.name or "a job line without a name" for j in inputs.job_lines}
    found = []
    for worker in inputs.workers:
        ranking = ranks.ranking(worker.preferences)
        order = {j: rank for j, rank in ranking.items() if j in here}
        for rank, tied in ranks.tied_groups(order):
            names = ", ".join(sorted(here[j] for j in tied))
            found.append(
                DataIssue(
                    PREFERENCES_TABLE,
                    worker.name or "a worker without a name",
                    f"{len(tied)} job lines share rank {rank}: {names}.",
                    "Ask the worker for distinct ranks, or allow ties.",
                    (worker.id, *tied),
                )
            )
    return tuple(sorted(found))


def settled_by(issue: DataIssue, settings: Settings) -> bool:
    """Whether these settings say what is to be done about the issue."""
    return issue.kind == BUCKETS and settings.bucket_order


def bucket_issues(inputs: RunInputs) -> tuple[DataIssue, ...]:
    """One data error, with examples, when ranks contradict the buckets of their job lines."""
    found = ranks.bucket_reading(inputs.workers)
    if not found.contradictions:
        return ()
    lines = {j.id: j.name or "a job line without a name" for j in inputs.job_lines}

    def said(one: ranks.Contradiction) -> str:
        worker = inputs.worker(one.worker)
        worse, better = (
            f"{lines.get(job_line, 'a job line outside the run')} "
            f"({ranks.bucket_name(worker.preferences.buckets[job_line])}) "
            f"{worker.preferences.order[job_line]}"
            for job_line in (one.worse, one.better)
        )
        return f"{worker.name or 'a worker without a name'} ranks {worse} and {better}"

    examples = "; ".join(said(one) for one in found.contradictions[:EXAMPLES])
    count = len(found.contradictions)
    message = (
        f"{count:,} of {found.lists:,} lists over several buckets rank a job line of a worse "
        f"bucket as well as one of a better bucket, or better: {examples}. {found.encoding.words}"
    )
    remedy = (
        "Solve with the setting “bucket first, then rank”, mend the ranks, or acknowledge that "
        "the ranks alone count."
    )
    ids = tuple(one.worker for one in found.contradictions)
    row = "1 worker" if count == 1 else f"{count:,} workers"
    return (DataIssue(PREFERENCES_TABLE, row, message, remedy, ids, True, BUCKETS),)


def _own_rows(rows: RunRows, part: Participation) -> Iterable[DataIssue]:
    yield from run_issues(rows.run, rows.run_row)
    wanted = set(rows.run.included_worker_mappings)
    for row in rows.workers:
        if not wanted or row["id"] in wanted:
            yield from _odd_times(MAPPINGS_TABLE, worker_name(row), row, WITHDRAWAL_TIMES)
    for job_line, own in part.eligibility.items():
        name = job_line_name(part.job_lines[job_line])
        for row in own:
            for column, _ in ELIGIBILITY_ARRAYS:
                yield from _nested(ELIGIBILITY_TABLE, name, row, column, job_line)
    lines = {row["id"]: row for row in rows.job_lines}
    for row in rows.rotations:
        if row["assignedjobline"] in part.job_lines:
            name = job_line_name(lines[row["assignedjobline"]])
            yield from _odd_times("rotations", name, row, ("startdate", "enddate"))
    for row in part.weightings:
        for column, _ in WEIGHTING_ARRAYS:
            name = _weighting_name(row, lines)
            yield from _nested(WEIGHTINGS_TABLE, name, row, column, row["id"])


def _odd_times(table: str, name: str, row: Row, columns: Sequence[str]) -> Iterator[DataIssue]:
    for column in columns:
        if is_odd(row.get(column)):
            message = f"{column} is {row[column]}, which is outside the years 1 to 9999."
            remedy = f"Set {table}.{column} to a real day, or acknowledge that it is none."
            yield DataIssue(table, name, message, remedy, (str(row.get("id") or ""), column), True)


def _nested(table: str, name: str, row: Row, column: str, key: str) -> Iterator[DataIssue]:
    if any(isinstance(entry, list) for entry in row.get(column) or ()):
        message = f"{column} is a list of lists; all its ids count as one list."
        remedy = f"Store {table}.{column} as one plain list, or acknowledge that it means the same."
        yield DataIssue(table, name, message, remedy, (key, column), True)


def _mapped_twice(rows: RunRows, part: Participation) -> Iterable[DataIssue]:
    """A person with several mappings in the allocation run, of which one takes part here."""
    by_person: dict[str, list[Row]] = {}
    for row in sorted(rows.workers, key=lambda row: str(row["id"])):
        if row.get("worker") and withdrawn_at(row, rows.as_of) is None:
            by_person.setdefault(row["worker"], []).append(row)
    for own in by_person.values():
        keys = [row["id"] for row in own]
        if len(own) > 1 and any(key in part.workers for key in keys):
            message = (
                f"This person is in the allocation run {len(own)} times, as the mappings "
                f"{' and '.join(keys)}, and would get a job line for each that takes part."
            )
            remedy = "Remove all mappings but one, or acknowledge that the person takes part twice."
            yield DataIssue(MAPPINGS_TABLE, worker_name(own[0]), message, remedy, tuple(keys), True)


def _unreadable(rows: RunRows, part: Participation) -> Iterable[DataIssue]:
    for table in rows.unreadable:
        message = "The key may not read it, so placements of other applications are not known."
        remedy = f"Ask the DBA to run: grant select on public.{table} to service_role;"
        remedy += " Or acknowledge it."
        yield DataIssue(table, "the whole table", message, remedy, (table,), True)


def _nobody(rows: RunRows, part: Participation) -> Iterable[DataIssue]:
    for taking_part, noun in ((part.workers, "worker"), (part.job_lines, "job line")):
        if not taking_part:
            out = sum(left.kind == noun for left in part.left_out)
            message = f"No {noun} takes part" + (f"; {out} left out." if out else ".")
            remedy = f"Add {noun}s to the allocation run, or correct the run's included ids."
            yield DataIssue(RUNS_TABLE, run_name(rows.run), message, remedy, (rows.run.id, noun))


def _nameless_mappings(rows: RunRows, part: Participation) -> Iterable[DataIssue]:
    for key, row in part.workers.items():
        if not row.get("workers"):
            yield DataIssue(
                MAPPINGS_TABLE,
                f"the mapping {key}",
                "It points to no worker.",
                "Point it to a worker, or acknowledge that nobody knows whom it stands for.",
                (key,),
                acknowledgeable=True,
            )


def _capacities(rows: RunRows, part: Participation) -> Iterable[DataIssue]:
    for key, row in part.job_lines.items():
        places = row.get("max_n_workers")
        if places is None or places >= 1:
            continue
        message = f"max_n_workers is {places}, so nobody can hold it."
        remedy = "Set it to 1 or more, or leave the job line out of the run."
        if places == 0:
            remedy += " Acknowledge it if the job line is meant to stay empty."
        yield DataIssue(
            JOB_LINES_TABLE,
            job_line_name(row),
            message,
            remedy,
            (key,),
            acknowledgeable=places == 0,
        )


def _repeated_eligibility(rows: RunRows, part: Participation) -> Iterable[DataIssue]:
    for job_line, own in part.eligibility.items():
        if len(own) > 1:
            yield DataIssue(
                ELIGIBILITY_TABLE,
                job_line_name(part.job_lines[job_line]),
                f"There are {len(own)} rows for this job line; only one can hold.",
                "Merge them into one row.",
                (job_line,),
            )


def _weighting_values(rows: RunRows, part: Participation) -> Iterable[DataIssue]:
    lines = {row["id"]: row for row in rows.job_lines}
    for row in part.weightings:
        value = row["weighting"]
        if is_whole(value):
            continue
        message = (
            "It has no value." if value is None else f"Its value {value} is not a whole number."
        )
        remedy = "Give it a whole number: positive for less wanted, negative for more wanted."
        yield DataIssue(
            WEIGHTINGS_TABLE,
            _weighting_name(row, lines),
            message,
            f"{remedy} Acknowledge it to let it count as 0." if value is None else remedy,
            (row["id"],),
            acknowledgeable=value is None,
        )


def _lost_ids(rows: RunRows, part: Participation) -> Iterable[DataIssue]:
    """A data error for each mention of an id that leads nowhere or to another allocation run."""
    known = {kind: rows.known(kind) for kind in NOUNS}
    # A tag belongs to an organisation, not to an allocation run: it only has to exist.
    known[TAGS] |= set(rows.elsewhere.get(TAGS, {}))
    for kind, mention in _mentions(rows, part):
        if mention[4] not in known[kind]:
            yield _lost_id(rows, kind, mention)


def _mentions(rows: RunRows, part: Participation) -> Iterator[tuple[str, Mention]]:
    """Every id in an array (or a weighting's job line) that this run looks at, with its place."""
    run, key = rows.run, (rows.run.id,)
    here = RUNS_TABLE, run_name(run)
    for entry in sorted(set(run.included_worker_mappings)):
        yield WORKERS, (*here, "included_worker_mappings", key, entry)
    for entry in sorted(set(run.included_job_lines)):
        yield JOB_LINES, (*here, "included_job_lines", key, entry)
    for job_line, own in part.eligibility.items():
        name = job_line_name(part.job_lines[job_line])
        for row in own:
            for column, kind in ELIGIBILITY_ARRAYS:
                for entry in sorted(set(ids(row[column]))):
                    yield kind, (ELIGIBILITY_TABLE, name, column, (job_line,), entry)
    lines = {row["id"]: row for row in rows.job_lines}
    for row in rows.weightings:
        target = row["job_line"]
        if target and target not in lines:
            place = (
                WEIGHTINGS_TABLE,
                _weighting_name(row, lines),
                "job_line",
                (row["id"],),
                target,
            )
            yield JOB_LINES, place
    for row in part.weightings:
        name = _weighting_name(row, lines)
        for column, kind in WEIGHTING_ARRAYS:
            for entry in sorted(set(ids(row[column]))):
                yield kind, (WEIGHTINGS_TABLE, name, column, (row["id"],), entry)


def _weighting_name(row: Row, job_lines: Mapping[str, Row]) -> str:
    """A weighting row in words, e.g. `weighting 3 on Surgery A`."""
    target = row["job_line"]
    if not target:
        where = "every job line"
    elif target in job_lines:
        where = job_line_name(job_lines[target])
    else:
        where = "a job line outside this allocation run"
    return f"weighting {row['weighting']} on {where}"


def _lost_id(rows: RunRows, kind: str, mention: Mention) -> DataIssue:
    table, row, column, key, entry = mention
    noun = NOUNS[kind]
    name = rows.elsewhere.get(kind, {}).get(entry)
    if not entry:
        message = f"{column} has an empty entry."
    elif name:
        message = f"{column} names {name}, a {noun} of another allocation run."
    else:
        message = f"{column} names a {noun} that no longer exists ({entry})."
    remedy = f"Take it out of {column}, or acknowledge that it plays no part."
    return DataIssue(table, row, message, remedy, (*key, entry), acknowledgeable=True)


def _preferences(rows: RunRows, part: Participation) -> Iterable[DataIssue]:
    """Repeated rows, and ranks that are not whole numbers of 1 or more."""
    lines = {row["id"]: row for row in rows.job_lines}
    for worker, row in part.workers.items():
        by_job_line: dict[str, list[Any]] = {}
        for ranked in rows.preferences.get(worker, ()):
            by_job_line.setdefault(ranked.job_line, []).append(ranked.rank)
        for job_line in by_job_line.keys() & lines.keys():
            place = f"{worker_name(row)} on {job_line_name(lines[job_line])}"
            for message, remedy in _rank_faults(by_job_line[job_line]):
                yield DataIssue(PREFERENCES_TABLE, place, message, remedy, (worker, job_line))


def _rank_faults(values: Sequence[Any]) -> Iterator[tuple[str, str]]:
    """What is wrong with the rows of one worker and job line, and the remedy."""
    for rank in values:
        if rank is not None and not is_rank(rank):
            yield (
                f"The rank is {rank}; ranks are whole numbers from 1.",
                "Set the rank to 1 or more, or clear it to leave the job line unranked.",
            )
    if len(values) > 1:
        said = sorted("unranked" if rank is None else f"rank {rank}" for rank in values)
        yield (
            f"There are {len(values)} rows for this pair ({', '.join(said)}).",
            "Delete all but one of the rows.",
        )


_CHECKS: Sequence[Callable[[RunRows, Participation], Iterable[DataIssue]]] = (
    _own_rows,
    _unreadable,
    _mapped_twice,
    _lost_ids,
    _nobody,
    _nameless_mappings,
    _capacities,
    _repeated_eligibility,
    _weighting_values,
    _preferences,
)
