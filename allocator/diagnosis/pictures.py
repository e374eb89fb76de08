"""Causes as graphs and as a reordered matrix: what a picture needs, nothing about drawing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from allocator.diagnosis.results import Block, Cause, CauseKind, Diagnosis
from allocator.diagnosis.violators import Bools, Positions
from allocator.models import RunInputs, Settings
from allocator.rules.eligibility import Rule, rule_for
from allocator.rules.matrices import matrices
from allocator.rules.naming import job_line_name, listed, places, worker_name


@dataclass(frozen=True, slots=True)
class Edge:
    """An allowed pair, and the eligibility rule that allows it."""

    worker: str
    job_line: str
    rule: Rule


@dataclass(frozen=True, slots=True)
class BlockedPairs:
    """A cause or block as a bipartite graph: workers left, job lines right, allowed pairs."""

    workers: tuple[str, ...]
    job_lines: tuple[str, ...]
    edges: tuple[Edge, ...]
    places: tuple[int, ...]
    seats: int
    needed: int


def blocked_pairs(inputs: RunInputs, settings: Settings, of: Cause | Block) -> BlockedPairs:
    """The pairs of a cause or block; `places` in the order of its job lines."""
    allowed = matrices(inputs).allowed(settings)
    rows = _positions(of.workers, inputs.worker_positions)
    columns = _positions(of.job_lines, inputs.job_line_positions)
    edges = []
    for row, column in np.argwhere(allowed[np.ix_(rows, columns)]):
        worker = inputs.workers[rows[row]]
        job_line = inputs.job_lines[columns[column]]
        edges.append(Edge(worker.id, job_line.id, rule_for(inputs, worker, job_line)))
    places = tuple(inputs.job_lines[column].places for column in columns)
    return BlockedPairs(of.workers, of.job_lines, tuple(edges), places, of.seats, of.needed)


@dataclass(frozen=True, eq=False)
class Reordered:
    """The whole run's matrix with the blocks first, each along the diagonal.

    rows, columns: positions in `inputs`, in drawing order. allowed: (workers, job lines) in that
    order. row_block, column_block: position in `Diagnosis.blocks`, −1 = in none.
    """

    rows: Positions
    columns: Positions
    allowed: Bools
    row_block: Positions
    column_block: Positions


def reordered(inputs: RunInputs, diagnosis: Diagnosis) -> Reordered:
    """The eligibility matrix reordered so that the blocking blocks stand out."""
    allowed = matrices(inputs).allowed(diagnosis.settings)
    row_block = _membership(inputs.worker_positions, diagnosis, "workers")
    column_block = _membership(inputs.job_line_positions, diagnosis, "job_lines")
    rows = _blocks_first(row_block, allowed.sum(axis=1))
    columns = _blocks_first(column_block, allowed.sum(axis=0))
    return Reordered(
        rows,
        columns,
        allowed[np.ix_(rows, columns)],
        row_block[rows],
        column_block[columns],
    )


def _positions(ids: tuple[str, ...], position: Mapping[str, int]) -> Positions:
    return np.array([position[row] for row in ids], dtype=np.intp)


def _membership(position: Mapping[str, int], diagnosis: Diagnosis, side: str) -> Positions:
    block = np.full(len(position), -1, dtype=np.intp)
    for number in reversed(range(len(diagnosis.blocks))):
        block[_positions(getattr(diagnosis.blocks[number], side), position)] = number
    return block


def _blocks_first(block: Positions, n_allowed: Positions) -> Positions:
    """Block by block, the rest last; within each, the most restricted first."""
    key = np.where(block < 0, block.max(initial=0) + 1, block)
    return np.lexsort((np.arange(len(block)), n_allowed, key))


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
