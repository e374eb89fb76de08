"""How far an allocation is from the fairest in two respects, both found exactly."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from allocator.errors import NotSolved
from allocator.matrices import Matrices, matrices
from allocator.models import Policy, RunInputs, Settings
from allocator.policies import choice_numbers
from allocator.residual import Face, Residual
from allocator.starting import NoAllocation, best_allocation, feasible_allocation


@dataclass(frozen=True, slots=True)
class Extremes:
    """The best that any allocation under the hard rules reaches, one respect at a time.

    `worst_score`: least possible score (rank or unranked budget) of the worst-off worker.
    `first_choices`: largest possible number of workers on a first choice, alone or one of
    several tied firsts.
    The settings open a scenario that reaches the first and the second.
    """

    worst_score: float
    first_choices: int
    for_worst_off: Settings
    for_first_choices: Settings


def extremes(inputs: RunInputs, settings: Settings) -> Extremes:
    """The extremes of a run; raises NotSolved when it has no allocation at all.

    The cap on the worst rank in `settings` does not restrict them.
    """
    arrays = matrices(inputs)
    try:
        worst = _least_worst_score(arrays)
        first = _most_first_choices(arrays)
    except NoAllocation as error:
        raise NotSolved("No allocation satisfies every hard rule.") from error
    return Extremes(
        worst,
        first,
        replace(settings, policy=Policy.LEAST_TOTAL, worst_rank=worst),
        replace(settings, policy=Policy.GREEDY, worst_rank=None),
    )


def _least_worst_score(arrays: Matrices) -> float:
    """The least cap under which an allocation exists: bisection over the scores that occur."""
    feasible_allocation(_face(arrays, arrays.eligible))
    least = np.where(arrays.eligible, arrays.scores, np.inf).min(axis=1).max(initial=0.0)
    caps = np.unique(arrays.scores[arrays.eligible & (arrays.scores >= least)])
    low, high = 0, len(caps) - 1
    while low < high:
        middle = (low + high) // 2
        try:
            feasible_allocation(_face(arrays, arrays.eligible & (arrays.scores <= caps[middle])))
            high = middle
        except NoAllocation:
            low = middle + 1
    return float(caps[low])


def _most_first_choices(arrays: Matrices) -> int:
    """A cheapest allocation when a first choice costs −1 and everything else 0."""
    first, face = choice_numbers(arrays) == 1, _face(arrays, arrays.eligible)
    costs = -first.astype(np.int64)
    start = best_allocation(costs, face, lambda: False)
    residual = Residual(costs, face, feasible_allocation(face) if start is None else start.assigned)
    residual.optimise()
    return int(first[np.arange(len(first)), residual.assigned].sum())


def _face(arrays: Matrices, allowed: NDArray[np.bool_]) -> Face:
    return Face(allowed, arrays.lower, arrays.upper)
