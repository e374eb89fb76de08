"""How far an allocation is from the fairest in two respects, both found exactly."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allocator.errors import Infeasible
from allocator.explanation.optimum import optimum
from allocator.measures.outcome import first_choices_possible
from allocator.models import Policy, RunInputs, Settings
from allocator.result import SolveResult
from allocator.rules.matrices import Matrices, matrices
from allocator.solving.residual import Face
from allocator.solving.starting import feasible_allocation
from allocator.solving.tie_break import TieBreak


@dataclass(frozen=True, slots=True)
class Extremes:
    """The best that any allocation under the hard rules reaches, one respect at a time.

    `worst_score`: least possible worst rank counted (rank or unranked budget) among the workers
    who ranked something; None when nobody did. `first_choices`: largest possible number of first
    choices received. The settings open a scenario that reaches the first and the second.
    """

    worst_score: float | None
    first_choices: int
    for_worst_off: Settings
    for_first_choices: Settings


def extremes(inputs: RunInputs, settings: Settings) -> Extremes:
    """The extremes of a run; raises Infeasible when it has no allocation at all.

    The cap on the worst rank in `settings` does not restrict them.
    """
    worst, first = inputs.derived(_least_worst_score), first_choices_possible(inputs)
    if first is None:
        raise Infeasible
    return Extremes(
        worst,
        first,
        replace(settings, policy=Policy.LEAST_TOTAL, worst_rank=worst),
        replace(settings, policy=Policy.GREEDY, worst_rank=None),
    )


def cap_words(inputs: RunInputs, settings: Settings) -> str:
    """Which cap would leave an allocation where that of `settings` leaves none, and why it takes
    that much; empty without a cap, or when the rules alone leave none."""
    if settings.worst_rank is None:
        return ""
    try:
        least = extremes(inputs, settings).worst_score
    except Infeasible:
        return ""
    if least is None or settings.worst_rank >= least:
        return ""
    return (
        f"Nobody beyond rank {settings.worst_rank:g} is not possible. Rank {least:g} is the least "
        "cap that leaves an allocation: below it, not everybody who ranked something can be placed "
        "within the cap. Workers who gave no preferences do not count for it."
    )


def _least_worst_score(inputs: RunInputs) -> float | None:
    """The least cap under which an allocation exists: bisection over the scores that occur."""
    arrays = matrices(inputs)
    feasible_allocation(_face(arrays, arrays.eligible))
    chose = arrays.ranked.any(axis=1)
    if not chose.any():
        return None
    scores, eligible = arrays.scores[chose], arrays.eligible[chose]
    least = np.where(eligible, scores, np.inf).min(axis=1).max(initial=0.0)
    caps = np.unique(scores[eligible & (scores >= least)])
    low, high = 0, len(caps) - 1
    while low < high:
        middle = (low + high) // 2
        try:
            feasible_allocation(_face(arrays, arrays.eligible & arrays.within_cap(caps[middle])))
            high = middle
        except Infeasible:
            low = middle + 1
    return float(caps[low])


def _face(arrays: Matrices, allowed: NDArray[np.bool_]) -> Face:
    return Face(allowed, arrays.lower, arrays.upper)


TIED_COLUMNS = {
    "worker": "str",
    "name": "str",
    "job_line": "str",
    "job_line_name": "str",
    "score": "float64",
    "alternatives": "str",
    "alternative_ids": "object",
    "best_alternative": "float64",
}


@dataclass(frozen=True, slots=True)
class Ties:
    """Pairs of worker and job line that equally good allocations have beside the present ones, by
    position and sorted by worker; `n_workers` have some."""

    workers: NDArray[np.intp]
    lines: NDArray[np.intp]
    n_workers: int

    def of(self, row: int) -> NDArray[np.intp]:
        """The other job lines of one worker."""
        start, end = np.searchsorted(self.workers, [row, row + 1])
        return self.lines[start:end]


def all_ties(inputs: RunInputs, result: SolveResult) -> Ties:
    """The ties of a result, found once. Raises NotExplained."""
    return result.derived(_all_ties, inputs)


def _all_ties(result: SolveResult, inputs: RunInputs) -> Ties:
    found = optimum(inputs, result)
    ties = TieBreak(found.optimal, found.assigned)
    other = ties.lines != found.assigned[ties.workers]
    order = np.argsort(ties.workers[other], kind="stable")
    workers = ties.workers[other][order]
    return Ties(workers, ties.lines[other][order], len(np.unique(workers)))


def tied_workers(inputs: RunInputs, result: SolveResult) -> pd.DataFrame:
    """Workers whose placement is one of several that equally good allocations give, by name.

    Everybody who is not listed is placed as in every optimal allocation. Columns: worker (id),
    name, job_line (id), job_line_name, score (of the present placement), alternatives (the
    other job lines with the worker's rank in words, best first), alternative_ids,
    best_alternative (least score among them). Raises NotExplained.
    """
    found = optimum(inputs, result)
    scores = found.matrices.scores
    records = []
    ties = all_ties(inputs, result)
    for row in np.unique(ties.workers).tolist():
        columns = ties.of(row).tolist()
        here = int(found.assigned[row])
        ordered = [
            j for _, _, j in sorted((scores[row, j], found.line_name(j), j) for j in columns)
        ]
        words = (f"{found.line_name(j)} ({found.rank(row, j)})" for j in ordered)
        records.append(
            {
                "worker": inputs.workers[row].id,
                "name": found.name(row),
                "job_line": inputs.job_lines[here].id,
                "job_line_name": found.line_name(here),
                "score": float(scores[row, here]),
                "alternatives": ", ".join(words),
                "alternative_ids": tuple(inputs.job_lines[j].id for j in ordered),
                "best_alternative": float(scores[row, ordered[0]]),
            }
        )
    frame = pd.DataFrame(records, columns=list(TIED_COLUMNS)).astype(TIED_COLUMNS)
    return frame.sort_values(["name", "worker"], ignore_index=True)
