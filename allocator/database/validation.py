"""What is wrong in a run's rows: every data error, named so that somebody can mend it.

An id that leads nowhere only stops the run until the operator acknowledges it; a value that has
no meaning stops it until it is mended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from allocator.database.participation import Participation
from allocator.database.references import (
    ELIGIBILITY_TABLE,
    JOB_LINES_TABLE,
    MAPPINGS_TABLE,
    RUNS_TABLE,
    WEIGHTINGS_TABLE,
    eligibility_rows,
    lost_ids,
    weighting_name,
    weighting_rows,
)
from allocator.database.rows import RunRows, is_whole, job_line_name, run_name
from allocator.errors import DataIssue
from allocator.models import RunInputs
from allocator.rules.ranks import tied_groups


def issues(rows: RunRows, part: Participation) -> list[DataIssue]:
    """All data errors of the run except those of the preference rows, in no order."""
    found = lost_ids(rows, part)
    for check in _CHECKS:
        found.extend(check(rows, part))
    return found


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
                    "preference_worker_job_lines",
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
    for job_line, own in eligibility_rows(rows, part).items():
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
    for row in weighting_rows(rows, part):
        value = row["weighting"]
        if is_whole(value):
            continue
        message = (
            "It has no value." if value is None else f"Its value {value} is not a whole number."
        )
        remedy = "Give it a whole number: positive for less wanted, negative for more wanted."
        yield DataIssue(
            WEIGHTINGS_TABLE,
            weighting_name(row, lines),
            message,
            f"{remedy} Acknowledge it to let it count as 0." if value is None else remedy,
            (row["id"],),
            acknowledgeable=value is None,
        )


_CHECKS: Sequence[Callable[[RunRows, Participation], Iterable[DataIssue]]] = (
    _nobody,
    _nameless_mappings,
    _capacities,
    _repeated_eligibility,
    _weighting_values,
)
