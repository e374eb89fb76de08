"""The rounds between the PuLP master and the pricing of every pair.

1. The start's prices choose the columns: the pairs that look best to a worker or to a job line.
2. PuLP solves the master over them. Its duals are turned into whole prices, exactly: the columns
   whose reduced cost is 0 form a tree, along which each price follows from another one.
3. Every eligible pair is priced. Pairs that a worker would prefer become columns, and the master
   is solved again, until none is left: its allocation is then optimal, its prices prove it.

In whole numbers a sound solver's answer fits its prices without any tolerance. One that does not,
or no answer at all, is mended by network code, and counted (`repairs`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, minimum_spanning_tree

from allocator.models import SolverName
from allocator.solving.problem import Answer, Columns, Problem
from allocator.solving.residual import NO_ARC, Face, Residual
from allocator.solving.starting import Start, attractive, priced_out

COLUMNS_OF_WORKER, COLUMNS_OF_JOB_LINE = 3, 8
"""Pairs of each worker, and of each job line, that are columns from the start."""
NEW_COLUMNS = 5
"""Most pairs of a worker that become columns after a round."""


@dataclass(eq=False)
class Master:
    """Decides among the allocations of a face; `costs` in whole numbers, (workers, job lines).

    `assigned`, the best allocation so far, and `bound`, which none is below, hold at any time;
    `prices` are optimal when `run` returned True. `rounds` counts solves of the master,
    `columns` the pairs in its last, `repairs` the exchanges that the solver missed (1 when just
    its prices were wrong). `answered` tells whether its last answer was usable.
    """

    costs: NDArray[np.int64]
    face: Face
    start: Start

    def __post_init__(self) -> None:
        self.assigned, self.prices = self.start.assigned, self.start.prices
        self.bound = self.face.bound(self.costs, self.prices)
        self.rounds = self.columns = self.repairs = 0
        self.answered = False

    @property
    def total(self) -> int:
        """Cost of the best allocation so far."""
        return self._total(self.assigned)

    def run(
        self,
        solver: SolverName,
        seconds_left: Callable[[], float],
        stop: Callable[[], bool],
        on_solve: Callable[[Problem], Callable[[int], None]],
        on_pricing: Callable[[], None],
    ) -> bool:
        """Solve and price until the optimum is proven; False when `stop()` became true first.

        Before each solve `on_solve` is told the model, and gives what is told its iterations.
        """
        columns = promising(self.costs, self.face, self.start)
        problem = Problem(self.costs, self.face, columns, self.start.assigned)
        while not stop():
            self.rounds, self.columns = self.rounds + 1, len(problem.columns)
            # A solver that gives up by its own clock is seen to be late by ours.
            limit = seconds_left() + 0.1
            answer = problem.solve(solver, limit, stop, on_solve(problem))
            self.answered = answer is not None
            if stop():
                return False
            if answer is None:
                return self._repair(self.assigned, stop)
            on_pricing()
            prices = exact_prices(self.costs, problem.columns, answer)
            if not self._is_sound(problem.columns, answer.assigned, prices):
                return self._repair(answer.assigned, stop)
            self._keep(answer.assigned, prices)
            found = Start(answer.assigned, prices)
            more = Columns(*priced_out(self.costs, self.face, found, NEW_COLUMNS))
            if not len(more):
                self.assigned, self.prices = answer.assigned, prices
                return True
            problem.add(more)
        return False

    def _total(self, assigned: NDArray[np.intp]) -> int:
        return int(self.costs[np.arange(len(assigned)), assigned].sum())

    def _keep(self, assigned: NDArray[np.intp], prices: NDArray[np.int64]) -> None:
        """Remember what is better than before."""
        if self._total(assigned) < self.total:
            self.assigned = assigned
        self.bound = max(self.bound, self.face.bound(self.costs, prices))

    def _is_sound(
        self, columns: Columns, assigned: NDArray[np.intp], prices: NDArray[np.int64]
    ) -> bool:
        """Whether the prices prove the allocation among the columns: each worker has the cheapest
        of its own, and only job lines at their limit have a price."""
        reduced = self.costs[columns.workers, columns.job_lines] + prices[columns.job_lines]
        least = np.full(len(assigned), NO_ARC)
        np.minimum.at(least, columns.workers, reduced)
        own = self.costs[np.arange(len(assigned)), assigned] + prices[assigned]
        filled = np.bincount(assigned, minlength=len(prices))
        full = filled[prices > 0] == self.face.upper[prices > 0]
        least_filled = filled[prices < 0] == self.face.lower[prices < 0]
        return bool((own == least).all() and full.all() and least_filled.all())

    def _repair(self, assigned: NDArray[np.intp], stop: Callable[[], bool]) -> bool:
        """Make an allocation optimal in the residual graph, and count what that took."""
        residual = Residual(self.costs, self.face, assigned.copy())
        prices, exchanges = residual.optimise(stop)
        self.repairs += max(1, exchanges)
        if residual.total < self.total or prices is not None:
            self.assigned = residual.assigned
        if prices is None:
            return False
        self.prices, self.bound = prices, residual.total
        return True


def promising(costs: NDArray[np.int64], face: Face, start: Start) -> Columns:
    """The pairs to begin with, by how little the start's prices make a worker lose with them.

    Each worker and each job line contribute their best few, and each worker its pair of the
    start.
    """
    chosen = attractive(costs, face, start.prices, COLUMNS_OF_WORKER, COLUMNS_OF_JOB_LINE)
    chosen[np.arange(len(costs)), start.assigned] = True
    return Columns(*np.nonzero(chosen))


def exact_prices(costs: NDArray[np.int64], columns: Columns, answer: Answer) -> NDArray[np.int64]:
    """The whole prices of the job lines, shape (job lines,), that a solver's duals stand for.

    Nodes are the workers, the job lines and OUTSIDE. A column of reduced cost 0 says that what
    its worker pays is its cost plus its job line's price; a job line whose dual is 0 has no
    price. The columns and duals nearest to 0 that span all nodes are a basis of the program:
    along them prices follow from whole costs, so that no rounding of the solver's matters.
    """
    n_workers, n_job_lines = costs.shape
    outside = n_workers + n_job_lines
    lines = n_workers + np.arange(n_job_lines)
    tails = np.concatenate([columns.workers, lines])
    heads = np.concatenate([n_workers + columns.job_lines, np.full(n_job_lines, outside)])
    nearness = np.argsort(np.abs(np.concatenate([answer.reduced, answer.duals])), kind="stable")
    order = np.empty(len(nearness))
    order[nearness] = np.arange(1, len(nearness) + 1)
    graph = csr_array((order, (tails, heads)), shape=(outside + 1,) * 2)
    tree = minimum_spanning_tree(graph)
    nodes, previous = breadth_first_order(tree, outside, directed=False)
    nodes, before = nodes[1:], previous[nodes[1:]]
    is_pair = before != outside
    steps = np.zeros(len(nodes), dtype=np.int64)
    workers, ends = np.minimum(nodes, before)[is_pair], np.maximum(nodes, before)[is_pair]
    steps[is_pair] = costs[workers, ends - n_workers] * np.where(nodes[is_pair] < n_workers, 1, -1)
    worth = [0] * (outside + 1)
    for node, known, step in zip(nodes.tolist(), before.tolist(), steps.tolist(), strict=True):
        worth[node] = worth[known] + step
    return np.array(worth[n_workers:outside], dtype=np.int64)
