"""What a best allocation is, as a sequence of objectives that are minimised one after another.

A policy looks at *classes* of placements in an order and at how many workers are in each:

- greedy (rank-maximal, Irving et al. 2006): as many first choices as possible, then second …;
- generous: as few workers without a ranked job line as possible, then in the last rank …;
- leximin: as few workers at the highest score as possible, then at the next …
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

from allocator.models import Policy
from allocator.rules.matrices import Matrices
from allocator.solving.residual import Face, Residual
from allocator.solving.starting import best_allocation

MAX_WEIGHT = 2**40
"""Weights of a stage stay below this."""


@dataclass(frozen=True, eq=False)
class Stage:
    """One objective of a policy: `weights` by class, its optimal `prices` (job lines,)."""

    weights: dict[float, int]
    prices: NDArray[np.int64]


def placement_classes(policy: Policy, matrices: Matrices) -> NDArray[np.float64]:
    """Class of each pair: leximin counts scores, fewest moves 1 for a move and 0 for none, most
    moves the reverse, the others choices (see `choice_numbers`)."""
    if policy is Policy.LEXIMIN:
        return matrices.scores
    if policy.needs_baseline:
        return (matrices.moved ^ (policy is Policy.MOST_MOVES)).astype(np.float64)
    return choice_numbers(matrices)


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
    policy: Policy, matrices: Matrices, face: Face, stop: Callable[[], bool]
) -> Iterator[tuple[Face, NDArray[np.intp], Stage]]:
    """Minimise stage after stage; yields (narrowed face, an allocation in it, the stage).

    Ends early when only one allocation is left, or when `stop()` is true. Raises Infeasible.
    """
    if policy is Policy.LEAST_TOTAL:
        return
    classes = placement_classes(policy, matrices)
    each = classes_in_a_stage(len(classes))
    done: set[float] = set()
    while not stop():
        ahead = _classes_in_order(policy, classes[face.allowed], done)[:each]
        if not ahead or int(face.allowed.sum()) == len(classes):
            return
        weights = stage_weights(policy, ahead, len(classes))
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
        done.update(ahead)
        yield face, assigned, Stage(weights, prices)


def classes_in_a_stage(n_workers: int) -> int:
    """How many classes one whole-number objective can compare."""
    return max(1, floor(log(MAX_WEIGHT) / log(n_workers + 1)) - 1)


def stage_costs(weights: Mapping[float, int], classes: NDArray[np.float64]) -> NDArray[np.int64]:
    """The stage's objective: the weight of each pair's class, 0 for classes of other stages."""
    costs = np.zeros(classes.shape, dtype=np.int64)
    for value, weight in weights.items():
        costs[classes == value] = weight
    return costs


def stage_weights(policy: Policy, classes: list[float], n_workers: int) -> dict[float, int]:
    """Weights that compare the counts of these classes one after another."""
    sign = -1 if policy is Policy.GREEDY else 1
    top = len(classes) - 1
    return {value: sign * (n_workers + 1) ** (top - i) for i, value in enumerate(classes)}


def _classes_in_order(
    policy: Policy, present: NDArray[np.float64], done: set[float]
) -> list[float]:
    """Classes that still occur, the first to be decided first."""
    values = [float(value) for value in np.unique(present) if float(value) not in done]
    return values if policy is Policy.GREEDY else values[::-1]
