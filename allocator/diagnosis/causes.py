"""Independent minimal causes of an infeasible run, as many as there are.

A run has an allocation exactly when (a) every worker can get a place, mandatory flags aside,
(b) every mandatory job line can get a worker, other workers aside, and (c) every mandatory job
line has a place. That (a) and (b) together are enough is the theorem of Mendelsohn and Dulmage
("Some generalizations of the problem of distinct representatives", 1958): in a bipartite graph,
when one matching covers a set on the left and another covers a set on the right, then some
matching covers both. Here the left are the workers and the right are the places, of which the
first of each mandatory job line must be covered. So the violators of Hall's condition on either
side are all the causes there can be.

The violators that are found are independent: each has a member of its own. Where two of them
share a member there are more minimal causes, made of parts of both (circuit elimination in the
transversal matroid); where none do, they are all there are. Those others are not enumerated, for
there can be exponentially many.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from allocator.diagnosis import pictures
from allocator.diagnosis.elastic import Frozen, Ground, Prices, Weights, least_change
from allocator.diagnosis.pre_checks import (
    crowding_rules,
    mandatory_rule,
    mandatory_rules,
    places_rule,
)
from allocator.diagnosis.results import (
    Block,
    Cause,
    CauseKind,
    Fix,
    PartialAllocation,
    RuleInvolved,
)
from allocator.diagnosis.violators import Bools, Ints, Positions, Violator, blocks, largest_matching
from allocator.measures.outcome import outcome
from allocator.models import RunInputs, Settings
from allocator.result import Status
from allocator.rules.matrices import Matrices, matrices
from allocator.solving.solver import solve

LIST_AT_MOST = 4000
"""Stop listing causes when the listed ones name this many rows; each block keeps one."""


@dataclass(frozen=True)
class Findings:
    """The causes that are listed, the blocks that they form, how many independent causes were
    found, and whether there are others, which overlap them."""

    causes: tuple[Cause, ...]
    blocks: tuple[Block, ...]
    n_independent: int
    others_overlap: bool


def count_independent(allowed: Bools, lower: Ints, upper: Ints) -> int:
    """How many independent causes there are, 0 when an allocation exists.

    Shapes (workers, job lines), (job lines,), (job lines,). Opening a pair never adds a cause.
    """
    crowded = largest_matching(allowed, upper).violators
    unfillable = _unfillable(allowed, lower, upper)[1]
    return len(crowded) + len(unfillable) + int((lower > upper).sum())


def unfillable_job_lines(arrays: Matrices, settings: Settings) -> Positions:
    """Positions of the mandatory job lines that take part in a cause."""
    allowed, lower, upper = arrays.allowed(settings), arrays.lower, arrays.upper
    mandatory, violators = _unfillable(allowed, lower, upper)
    without_places = np.flatnonzero(lower > upper)
    return np.unique(np.concatenate([without_places, *(mandatory[v.members] for v in violators)]))


def find_causes(
    arrays: Matrices, settings: Settings, on_member: Callable[[int], None] | None = None
) -> Findings:
    """A largest set of independent minimal causes; none exactly when the run is feasible.

    `on_member` is called with the number of workers, then of mandatory job lines, looked at.
    """
    allowed, lower, upper = arrays.allowed(settings), arrays.lower, arrays.upper
    crowded = largest_matching(allowed, upper, on_member).violators
    mandatory, unfillable = _unfillable(allowed, lower, upper, on_member)
    groups = [
        _Group(False, [(crowded[i].members, crowded[i].neighbours) for i in group])
        for group in blocks(crowded, len(upper))
    ]
    groups += [
        _Group(True, [(unfillable[i].neighbours, mandatory[unfillable[i].members]) for i in group])
        for group in blocks(unfillable, len(allowed))
    ]
    nobody = np.array([], dtype=np.intp)
    groups += [_Group(True, [(nobody, column)]) for column in np.argwhere(lower > upper)]
    causes: list[Cause] = []
    for number, group in enumerate(groups):
        room = LIST_AT_MOST - sum(len(c.workers) + len(c.job_lines) for c in causes)
        causes += _causes_of(arrays, settings, group, number, room)
    return Findings(
        tuple(causes),
        tuple(_block(arrays, group) for group in groups),
        sum(len(group.members) for group in groups),
        _any_overlap(crowded) or _any_overlap(unfillable),
    )


def _any_overlap(violators: tuple[Violator, ...]) -> bool:
    """Whether two of them share a member, so that there are more minimal violators."""
    members = [member for violator in violators for member in violator.members.tolist()]
    return len(set(members)) < len(members)


def _unfillable(
    allowed: Bools,
    lower: Ints,
    upper: Ints,
    on_member: Callable[[int], None] | None = None,
) -> tuple[Positions, tuple[Violator, ...]]:
    """The mandatory job lines that have places, and the violators among them."""
    mandatory = np.flatnonzero((lower > 0) & (upper >= lower))
    one_each = np.ones(allowed.shape[0], dtype=np.int64)
    turned = np.ascontiguousarray(allowed[:, mandatory].T)
    return mandatory, largest_matching(turned, one_each, on_member).violators


@dataclass(frozen=True, eq=False)
class _Group:
    """Violators that share workers or job lines, each as (workers, job lines) by position."""

    is_mirror: bool
    members: list[tuple[Positions, Positions]]


def _causes_of(
    arrays: Matrices, settings: Settings, group: _Group, block: int, room: int
) -> list[Cause]:
    """The group's causes, smallest first, until they name `room` rows; at least one."""
    causes: list[Cause] = []
    for rows, columns in sorted(group.members, key=lambda pair: len(pair[0]) + len(pair[1])):
        room -= len(rows) + len(columns)
        if causes and room < 0:
            break
        make = _mirror if group.is_mirror else _crowding
        causes.append(make(arrays, settings, rows, columns, block))
    return causes


def _crowding(
    arrays: Matrices, settings: Settings, rows: Positions, columns: Positions, block: int
) -> Cause:
    inputs = arrays.inputs
    seats = int(arrays.upper[columns].sum())
    n_pinned = sum(inputs.workers[row].id in inputs.pins for row in rows)
    if not len(columns):
        kind = CauseKind.PIN_NOT_ELIGIBLE if n_pinned else CauseKind.NO_ELIGIBLE_JOB_LINE
    elif n_pinned == len(rows):
        kind = CauseKind.PINS_COLLIDE
    elif seats == arrays.upper.sum():
        kind = CauseKind.FEWER_PLACES_THAN_WORKERS
    else:
        kind = CauseKind.TOO_FEW_PLACES
    rules = crowding_rules(arrays, settings, rows, columns)
    return _cause(inputs, kind, rows, columns, (seats, len(rows)), rules, False, block)


def _mirror(
    arrays: Matrices, settings: Settings, rows: Positions, columns: Positions, block: int
) -> Cause:
    inputs = arrays.inputs
    if not arrays.upper[columns].all():
        kind = CauseKind.MANDATORY_WITHOUT_PLACES
        column = int(columns[0])
        rules: tuple[RuleInvolved, ...] = (
            mandatory_rule(inputs, column),
            places_rule(inputs, column),
        )
    else:
        kind = CauseKind.TOO_FEW_WORKERS
        if not len(rows):
            kind = CauseKind.NO_ELIGIBLE_WORKER
        elif len(rows) == len(inputs.workers):
            kind = CauseKind.FEWER_WORKERS_THAN_MANDATORY
        rules = mandatory_rules(arrays, settings, rows, columns)
    return _cause(inputs, kind, rows, columns, (len(rows), len(columns)), rules, True, block)


def _cause(
    inputs: RunInputs,
    kind: CauseKind,
    rows: Positions,
    columns: Positions,
    seats_and_needed: tuple[int, int],
    rules: tuple[RuleInvolved, ...],
    is_mirror: bool,
    block: int,
) -> Cause:
    workers, job_lines = _ids(inputs, rows, columns)
    seats, needed = seats_and_needed
    words = pictures.explain(inputs, kind, workers, job_lines, seats)
    return Cause(kind, workers, job_lines, seats, needed, rules, words, is_mirror, block)


def _block(arrays: Matrices, group: _Group) -> Block:
    rows = np.unique(np.concatenate([rows for rows, _ in group.members]))
    columns = np.unique(np.concatenate([columns for _, columns in group.members]))
    workers, job_lines = _ids(arrays.inputs, rows, columns)
    if group.is_mirror:
        seats, needed = len(rows), len(columns)
    else:
        seats, needed = int(arrays.upper[columns].sum()), len(rows)
    words = pictures.block(arrays.inputs, workers, job_lines, (seats, needed), group.is_mirror)
    return Block(workers, job_lines, seats, needed, group.is_mirror, len(group.members), words)


def _ids(
    inputs: RunInputs, rows: Positions, columns: Positions
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Ids of workers and job lines, the job lines as coordinators sort them."""
    columns = np.array(sorted(columns, key=lambda j: inputs.job_lines[j].sort_order), np.intp)
    return (
        tuple(inputs.workers[row].id for row in rows),
        tuple(inputs.job_lines[column].id for column in columns),
    )


def verified(fix: Fix, inputs: RunInputs, cancel: threading.Event | None = None) -> Fix:
    """The fix with what solving it gave; `verified` stays False when it has no allocation."""
    fixed = fix.scenario(inputs).apply(inputs)
    result = solve(fixed, fix.settings, cancel=cancel)
    if result.status not in (Status.OPTIMAL, Status.FEASIBLE) or not result.is_checked:
        return fix
    return replace(
        fix,
        verified=True,
        objective=result.objective,
        outcome=outcome(fixed, result),
        result=result,
    )


EXACT_BELOW = 2**50
"""Sums of prices stay below this, so that the assignment's floats hold them exactly."""


def best_partial(inputs: RunInputs, settings: Settings) -> PartialAllocation:
    """Most workers placed; then most mandatory job lines filled; then least dissatisfaction.

    No hard rule is bent for those who are placed: each is eligible, pins hold, places suffice.
    """
    arrays = matrices(inputs)
    # A worker left out outweighs all mandatory job lines together.
    left_out = len(inputs.job_lines) + 1
    weights = Weights(None, None, 1, left_out, None)
    prices = Prices(Ground(inputs, settings, Frozen()), weights)
    costs = arrays.costs(settings)
    taste = costs.values - costs.values.min(initial=0)
    shift = 0
    while _largest_sum(inputs, int(taste.max(initial=0)) >> shift, left_out) >= EXACT_BELOW:
        shift += 1
    change = least_change(prices, taste >> shift)
    place = np.full(0, -1, dtype=np.intp) if change is None else change.place
    held = np.flatnonzero(place >= 0)
    load = np.bincount(place[held], minlength=len(inputs.job_lines))
    lines = [j.id for j in inputs.job_lines]
    return PartialAllocation(
        tuple((inputs.workers[w].id, lines[place[w]]) for w in held),
        tuple(inputs.workers[w].id for w in np.flatnonzero(place < 0)),
        tuple(lines[j] for j in np.flatnonzero((arrays.lower > 0) & (load == 0))),
        float(costs.values[held, place[held]].sum() * costs.unit),
        is_exact=shift == 0 and costs.exact,
    )


def _largest_sum(inputs: RunInputs, taste: int, left_out: int) -> int:
    n_workers = len(inputs.workers)
    return n_workers * left_out * (taste * n_workers + 1)
