"""Causes as sentences that a coordinator can act on."""

from __future__ import annotations

from allocator.diagnosis.results import CauseKind
from allocator.models import RunInputs
from allocator.naming import job_line_name, listed, places, worker_name


def explain(
    inputs: RunInputs,
    kind: CauseKind,
    workers: tuple[str, ...],
    job_lines: tuple[str, ...],
    seats: int,
) -> str:
    """Why this cause rules out every allocation."""
    who, what = names(inputs, workers, job_lines)
    match kind:
        case CauseKind.NO_ELIGIBLE_JOB_LINE:
            return f"{who} is eligible for no job line at all."
        case CauseKind.PIN_NOT_ELIGIBLE:
            return f"{who} is pinned to {_pinned_to(inputs, workers)} but may not hold it."
        case CauseKind.PINS_COLLIDE:
            return f"{who} {_are(workers)} pinned to {what}, which has only {places(seats)}."
        case CauseKind.NO_ELIGIBLE_WORKER:
            return f"{what} must have somebody, but no worker in the run is eligible for it."
        case CauseKind.MANDATORY_WITHOUT_PLACES:
            return f"{what} must have somebody but has no place to fill."
        case CauseKind.FEWER_PLACES_THAN_WORKERS:
            return (
                f"The run has {places(seats)} in all, so {len(workers)} workers are one too many "
                "even if everybody were eligible for everything."
            )
        case CauseKind.FEWER_WORKERS_THAN_MANDATORY:
            return (
                f"{what} must each have somebody, but the run has only "
                f"{_workers(len(workers))}: one too few."
            )
        case CauseKind.TOO_FEW_WORKERS:
            only = f"only {who} {_are(workers)} eligible for any of them"
            return f"{what} must each have somebody, but {only}: one worker too few."
        case CauseKind.TOO_FEW_PLACES:
            have = f"{_has(job_lines)} {places(seats)}{_together(job_lines)}"
            return f"{who} can only go to {what}, which {have}: one too few."


def block(
    inputs: RunInputs,
    workers: tuple[str, ...],
    job_lines: tuple[str, ...],
    seats_and_needed: tuple[int, int],
    is_mirror: bool,
) -> str:
    """The whole shortage where causes share workers or job lines."""
    seats, needed = seats_and_needed
    who, what = names(inputs, workers, job_lines)
    missing = needed - seats
    if is_mirror:
        if not workers:
            return f"Nobody can fill {what}, which must have somebody."
        return f"{what} must each have somebody; only {who} can fill any of them: {missing} short."
    if not job_lines:
        return f"{who} can go nowhere."
    have = f"{_has(job_lines)} {places(seats)}{_together(job_lines)}"
    return f"{who} can only go to {what}, which {have}: {missing} too few."


def names(
    inputs: RunInputs, workers: tuple[str, ...], job_lines: tuple[str, ...]
) -> tuple[str, str]:
    """Workers and job lines by name, or how many there are."""
    return (
        listed((worker_name(inputs, w) for w in workers), "worker"),
        listed((job_line_name(inputs, j) for j in job_lines), "job line"),
    )


def _pinned_to(inputs: RunInputs, workers: tuple[str, ...]) -> str:
    return job_line_name(inputs, inputs.pins[workers[0]])


def _are(rows: tuple[str, ...]) -> str:
    return "is" if len(rows) == 1 else "are"


def _has(rows: tuple[str, ...]) -> str:
    return "has" if len(rows) == 1 else "have"


def _together(rows: tuple[str, ...]) -> str:
    return "" if len(rows) == 1 else " together"


def _workers(count: int) -> str:
    return f"{count} worker{'' if count == 1 else 's'}"
