"""What a best allocation is, as a sequence of objectives that are minimised one after another.

A policy looks at *classes* of placements in an order and at how many workers are in each:

- greedy (rank-maximal, Irving et al. 2006): as many first choices as possible, then second …;
- generous: as few workers without a ranked job line as possible, then in the last rank …;
- leximin: as few workers at the highest score as possible, then at the next …
- lottery order (random serial dictatorship, Abdulkadiroğlu and Sönmez 1998): in an order drawn
  from the seed each worker in turn is placed as well as the placements of the earlier ones allow;
  whoever likes several job lines equally leaves the choice among them to the later workers;
- fewest moves, most moves: as few, or as many, workers as possible on another job line than that
  of the baseline.

Several classes make one stage: with weights (W+1)^k one whole-number objective compares their
counts lexicographically. Each stage narrows the face to its optima by network code; the PuLP
master's objective and the lottery decide among what is left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import floor, log

import numpy as np
from numpy.typing import NDArray

from allocator.models import Policy, Settings
from allocator.rules.matrices import Matrices
from allocator.solving.residual import Face, Residual
from allocator.solving.starting import best_allocation
from allocator.solving.tie_break import lottery_numbers

MAX_WEIGHT = 2**40
"""Weights of a stage stay below this."""


@dataclass(frozen=True, eq=False)
class Stage:
    """One objective of a policy: `weights` by class, its optimal `prices` (job lines,)."""

    weights: dict[float, int]
    prices: NDArray[np.int64]


def placement_classes(settings: Settings, matrices: Matrices) -> NDArray[np.float64]:
    """Class of each pair: leximin counts scores, fewest moves 1 for a move and 0 for none, most
    moves the reverse, lottery order turns (see `_turns`), the others `choice_numbers`."""
    policy = settings.policy
    if policy is Policy.LOTTERY_ORDER:
        return _turns(settings.seed, matrices)
    if policy is Policy.LEXIMIN:
        return matrices.scores
    if policy.needs_baseline:
        return (matrices.moved ^ (policy is Policy.MOST_MOVES)).astype(np.float64)
    return choice_numbers(matrices)


def _turns(seed: int, matrices: Matrices) -> NDArray[np.float64]:
    """The worker's turn, 0 …, times 2N+2, plus twice the score: no two workers share a class."""
    order = np.argsort(
        lottery_numbers(seed, [worker.id for worker in matrices.inputs.workers]), kind="stable"
    )
    classes = np.empty_like(matrices.scores)
    for turn, worker in enumerate(order.tolist()):
        classes[worker] = turn * _width(classes.shape[1]) + np.rint(2 * matrices.scores[worker])
    return classes


def _width(n_job_lines: int) -> int:
    """How far apart the classes of two turns begin."""
    return 2 * n_job_lines + 2


def choice_numbers(matrices: Matrices) -> NDArray[np.float64]:
    """1 + job lines that the worker likes better; N+1 for every unranked job line."""
    job_lines = matrices.inputs.job_lines
    columns = {line.id: i for i, line in enumerate(job_lines)}
    classes = np.full(matrices.scores.shape, len(job_lines) + 1.0)
    for row, worker in zip(classes, matrices.inputs.workers, strict=True):
        ranked = worker.preferences.scores
        scores = np.fromiter(ranked.values(), dtype=np.float64, count=len(ranked))
        row[[columns[j] for j in ranked]] = 1 + np.searchsorted(scores, scores, side="left")
    return classes


def narrow_by_policy(
    settings: Settings, matrices: Matrices, face: Face, stop: Callable[[], bool]
) -> Iterator[tuple[Face, NDArray[np.intp], Stage]]:
    """Minimise stage after stage; yields (narrowed face, an allocation in it, the stage).

    Ends early when only one allocation is left, or when `stop()` is true. Raises Infeasible.
    """
    policy = settings.policy
    if policy is Policy.LEAST_TOTAL:
        return
    classes = placement_classes(settings, matrices)
    done: set[float] = set()
    while not stop():
        left = np.setdiff1d(classes[face.allowed], list(done))
        if not len(left) or int(face.allowed.sum()) == len(classes):
            return
        weights = next_stage(policy, left, classes.shape)
        costs = stage_costs(weights, classes)
        start = best_allocation(costs, face, stop)
        if start is None:
            return
        assigned, prices = start.assigned, start.prices
        total = int(costs[np.arange(len(costs)), assigned].sum())
        if face.bound(costs, prices) != total:
            residual = Residual(costs, face, assigned)
            found, _ = residual.optimise(stop)
            if found is None:
                return
            assigned, prices = residual.assigned, found
        face = face.narrowed(costs, prices)
        done.update(weights)
        yield face, assigned, Stage(weights, prices)


def stage_costs(weights: Mapping[float, int], classes: NDArray[np.float64]) -> NDArray[np.int64]:
    """The stage's objective: the weight of each pair's class, 0 for classes of other stages."""
    costs = np.zeros(classes.shape, dtype=np.int64)
    for value, weight in weights.items():
        costs[classes == value] = weight
    return costs


def next_stage(
    policy: Policy, left: NDArray[np.float64], shape: tuple[int, int]
) -> dict[float, int]:
    """Weights of the classes that the next stage decides; `left` are the undecided ones, sorted,
    `shape` is (workers, job lines)."""
    if policy is Policy.LOTTERY_ORDER:
        return _weights_of_turns(left, shape[1])
    base = shape[0] + 1
    each = max(1, floor(log(MAX_WEIGHT) / log(base)) - 1)
    sign = -1 if policy is Policy.GREEDY else 1
    ahead = (left if policy is Policy.GREEDY else left[::-1])[:each].tolist()
    return {value: sign * base ** (len(ahead) - 1 - i) for i, value in enumerate(ahead)}


def _weights_of_turns(left: NDArray[np.float64], n_job_lines: int) -> dict[float, int]:
    """The next turns, as many as whole numbers can compare: each step down a worker's list weighs
    more than all that the later workers could lose."""
    _, starts = np.unique(left // _width(n_job_lines), return_index=True)
    turns = np.split(left, starts[1:])
    product, taken = 1, 0
    for turn in turns:
        product *= len(turn)
        if taken and product > MAX_WEIGHT:
            break
        taken += 1
    steps, step = [], 1
    for turn in reversed(turns[:taken]):
        steps.append(step)
        step *= len(turn)
    return {
        float(value): level * step
        for turn, step in zip(turns, reversed(steps), strict=False)
        for level, value in enumerate(turn)
    }
