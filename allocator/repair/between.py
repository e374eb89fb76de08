"""Between two breakpoints: the best allocation with so many moves, where no price helps.

The prices of the line below two breakpoints tell how far each pair lies above it. Only pairs near
enough can be in an allocation that beats the best so far, so that few workers are left to decide
about; these are decided by the PuLP model with a row for the moves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allocator.models import RunInputs
from allocator.solving.budget import BudgetProblem
from allocator.solving.problem import Columns
from allocator.solving.residual import Face
from allocator.solving.tie_break import lottery_numbers


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs as positions of workers and job lines, and how far each lies above a line."""

    workers: NDArray[np.intp]
    lines: NDArray[np.intp]
    above: NDArray[np.int64]

    def within(self, room: int) -> Pairs:
        """Those not further above the line than `room`."""
        near = self.above <= room
        return Pairs(self.workers[near], self.lines[near], self.above[near])

    def cover(self, n_workers: int) -> bool:
        """Whether every worker has a pair."""
        return bool((np.bincount(self.workers, minlength=n_workers) > 0).all())


@dataclass(frozen=True, eq=False)
class Between:
    """Looks for allocations over few pairs; `costs`, whole, and `moved` by worker, job line."""

    inputs: RunInputs
    seed: int
    costs: NDArray[np.int64]
    moved: NDArray[np.bool_]
    face: Face
    seconds_left: Callable[[], float]
    stop: Callable[[], bool]

    def below(
        self, pairs: Pairs, moves: int, assigned: NDArray[np.intp]
    ) -> tuple[NDArray[np.intp] | None, int]:
        """An allocation better than `assigned` over the pairs with so many moves at most, and a
        bound on its total; (None, the present total) when there is certainly none."""
        best = self.total(assigned)
        settled = np.bincount(pairs.workers, minlength=len(self.costs)) == 1
        alone = settled[pairs.workers]
        fixed = np.full_like(assigned, -1)
        fixed[pairs.workers[alone]] = pairs.lines[alone]
        left = moves - int(self.moved[pairs.workers[alone], pairs.lines[alone]].sum())
        taken = np.bincount(fixed[settled], minlength=len(self.face.upper))
        workers, lines = self.in_order_of_lots(~settled, np.unique(pairs.lines[~alone]))
        closed = np.setdiff1d(np.arange(len(taken)), lines)
        over = taken > self.face.upper
        if left < 0 or over.any() or (taken < self.face.lower)[closed].any():
            return None, best
        if not len(workers):
            total = self.total(fixed)
            return (fixed, total) if total < best else (None, best)
        taken = taken[lines]
        block = np.ix_(workers, lines)
        allowed = np.zeros(self.moved.shape, dtype=bool)
        allowed[pairs.workers, pairs.lines] = True
        face = Face(
            allowed[block],
            np.maximum(self.face.lower[lines] - taken, 0),
            self.face.upper[lines] - taken,
        )
        # Counted from what is there, costs stay small.
        costs = self.costs[block] - self.costs[workers, assigned[workers]][:, None]
        columns = Columns(*np.nonzero(face.allowed))
        answer = BudgetProblem(costs, face, columns, self.moved[block], left).solve_whole(
            self.seconds_left(), self.stop
        )
        fixed_change = self.costs[settled, fixed[settled]] - self.costs[settled, assigned[settled]]
        if answer.bound is None:
            return None, best
        bound = best + int(fixed_change.sum()) + answer.bound
        if answer.assigned is None:
            return None, bound
        fixed[workers] = lines[answer.assigned]
        return (fixed, bound) if self.total(fixed) < best else (None, bound)

    def in_order_of_lots(
        self, workers: NDArray[np.bool_], lines: NDArray[np.intp]
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Positions of workers and job lines in an order drawn from the seed, so that a solver that
        prefers the first of equals prefers nobody's id."""
        seed, inputs = self.seed, self.inputs
        positions = np.flatnonzero(workers)
        mine = lottery_numbers(seed, [inputs.workers[w].id for w in positions])
        theirs = lottery_numbers(seed, [inputs.job_lines[j].id for j in lines])
        return positions[np.argsort(mine)], lines[np.argsort(theirs)]

    def total(self, assigned: NDArray[np.intp]) -> int:
        """Cost of an allocation."""
        return int(self.costs[np.arange(len(assigned)), assigned].sum())
