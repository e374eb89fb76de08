"""What is wrong in a run's rows: every data error, named so that somebody can mend it.

An id that leads nowhere only stops the run until the operator acknowledges it; a value that has
no meaning stops it until it is mended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from allocator.database.participation import Participation
from allocator.database.rows import (
    ELIGIBILITY_ARRAYS,
    JOB_LINES,
    TAGS,
    WEIGHTING_ARRAYS,
    WORKERS,
    Row,
    RunRows,
    is_rank,
    is_whole,
    job_line_name,
    run_name,
    worker_name,
)
from allocator.errors import DataIssue
from allocator.models import RunInputs
from allocator.rules.ranks import tied_groups

RUNS_TABLE = "allocator_py_runs"
MAPPINGS_TABLE = "allocation_run_worker_mappings"
JOB_LINES_TABLE = "job_lines"
PREFERENCES_TABLE = "preference_worker_job_lines"
ELIGIBILITY_TABLE = "job_line_eligibility"
WEIGHTINGS_TABLE = "allocation_run_preferencer_weightings"

NOUNS = {WORKERS: "worker", JOB_LINES: "job line", TAGS: "qualification"}

Mention = tuple[str, str, str, tuple[str, ...], str]
"""A place that mentions ids: table, row in words, column, the row's key, and the id."""


def issues(rows: RunRows, part: Participation) -> list[DataIssue]:
    """All data errors of the run, in no order."""
    return [issue for check in _CHECKS for issue in check(rows, part)]


def tie_issues(inputs: RunInputs) -> tuple[DataIssue, ...]:
    """One data error for each group of job lines of the run that a worker ranks alike.

    For solves whose settings do not allow ties.
    """
    here = {j.id: j.name or "a job line without a name" for j in inputs.job_lines}
    found = []
    for worker in inputs.workers:
        order = {j: rank for j, rank in worker.preferences.order.items() if j in here}
        for rank, tied in tied_groups(order):
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
                for entry in sorted({e or "" for e in row[column] or ()}):
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
            for entry in sorted({e or "" for e in row[column] or ()}):
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


def _rank_faults(ranks: Sequence[Any]) -> Iterator[tuple[str, str]]:
    """What is wrong with the rows of one worker and job line, and the remedy."""
    for rank in ranks:
        if rank is not None and not is_rank(rank):
            yield (
                f"The rank is {rank}; ranks are whole numbers from 1.",
                "Set the rank to 1 or more, or clear it to leave the job line unranked.",
            )
    if len(ranks) > 1:
        said = sorted("unranked" if rank is None else f"rank {rank}" for rank in ranks)
        yield (
            f"There are {len(ranks)} rows for this pair ({', '.join(said)}).",
            "Delete all but one of the rows.",
        )


_CHECKS: Sequence[Callable[[RunRows, Participation], Iterable[DataIssue]]] = (
    _lost_ids,
    _nobody,
    _nameless_mappings,
    _capacities,
    _repeated_eligibility,
    _weighting_values,
    _preferences,
)
