"""The elastic PuLP model: the least price at which a run becomes solvable, proven.

Variables: pairs, places above capacity, mandatory job lines left empty, workers left out. The
model holds few pairs; after each solve its dual prices are compared with *all* pairs and those
that would improve it are added, until there is none. Then its optimum is the optimum over all
pairs (column generation: Dantzig & Wolfe, 1960). The rows form a network matrix, so the linear
program's optimum is that of whole numbers too: subtract a job line's mandatory row from its
places row, and every column has at most one +1 and one −1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pulp

from allocator.diagnosis.elastic import Floats, PricedAllocation, Prices
from allocator.diagnosis.violators import Bools, Positions
from allocator.solving.problem import in_fresh_thread

PAIRS_EACH = 8
"""Pairs of each worker that the model starts with."""
ADDED = 5
"""Pairs of one worker that a round may add."""
WHOLE_UP_TO = 1e-6
"""Prices are whole numbers, so dual prices are too, up to this."""


def proves_least(
    prices: Prices, change: PricedAllocation, on_round: Callable[[int], None] | None = None
) -> bool:
    """Whether no change of the run is cheaper than this one.

    `on_round` is called before each round and may raise to abandon the proof. False also when
    the solver does not reach an optimum, so that nothing was proven.
    """
    pool = _starting_pairs(prices, change.place)
    number = 0
    while True:
        if on_round is not None:
            on_round(number)
        model = _Model(prices, pool)
        in_fresh_thread(model.solve)
        if not model.is_optimal:
            return False
        reduced = prices.pair - model.worker_prices[:, None] - model.job_line_prices
        missing = (reduced < -WHOLE_UP_TO) & ~pool & ~prices.closed
        if not missing.any():
            return model.objective > change.price - 1 + WHOLE_UP_TO
        _add_cheapest(pool, missing, reduced)
        number += 1


def _starting_pairs(prices: Prices, place: Positions) -> Bools:
    """The given allocation, the cheapest pairs of every worker and of every job line."""
    n_workers, n_job_lines = len(prices.out), len(prices.extra)
    pool = np.zeros((n_workers, n_job_lines), dtype=bool)
    # A rotating bonus spreads equally cheap pairs evenly over the job lines.
    rows, columns = np.indices((n_workers, n_job_lines))
    spread = ((columns - rows * PAIRS_EACH) % max(1, n_job_lines)) / max(1, n_job_lines)
    rank = np.where(prices.closed, np.inf, prices.pair + spread)
    few = min(PAIRS_EACH, n_job_lines)
    if few:
        cheapest = np.argpartition(rank, few - 1, axis=1)[:, :few]
        np.put_along_axis(pool, cheapest, True, axis=1)
    held = np.flatnonzero(place >= 0)
    pool[held, place[held]] = True
    return pool & ~prices.closed


def _add_cheapest(pool: Bools, missing: Bools, reduced: Floats) -> None:
    worth = np.where(missing, reduced, np.inf)
    few = min(ADDED, pool.shape[1])
    for row in np.flatnonzero(missing.any(axis=1)):
        best = np.argpartition(worth[row], few - 1)[:few]
        pool[row, best[missing[row, best]]] = True


@dataclass(eq=False)
class _Model:
    """The elastic model over the pairs in `pool`, and its dual prices once solved."""

    prices: Prices
    pool: Bools
    is_optimal: bool = field(init=False, default=False)
    objective: float = field(init=False, default=np.inf)
    worker_prices: Floats = field(init=False)
    job_line_prices: Floats = field(init=False)

    def solve(self) -> None:
        """Build, solve, read the optimum and the dual prices."""
        self.problem = pulp.LpProblem("least_change", pulp.LpMinimize)
        self.cost: list[tuple[Any, float]] = []
        n_workers, n_job_lines = self.pool.shape
        self.of_worker: list[list[tuple[Any, int]]] = [[] for _ in range(n_workers)]
        self.of_job_line: list[list[tuple[Any, int]]] = [[] for _ in range(n_job_lines)]
        self._add_pairs()
        placed = self._everybody_is_placed_or_left_out()
        within = self._places_are_kept_or_added()
        filled = self._mandatory_are_filled_or_dropped()
        self.problem.setObjective(pulp.LpAffineExpression(self.cost))
        self.problem.solve(pulp.HiGHS(msg=True, log_to_console=False))
        # PuLP calls unfinished solves "Optimal", so HiGHS itself is asked.
        solver = self.problem.solverModel
        status = solver.modelStatusToString(solver.getModelStatus())
        self.is_optimal = status == "Optimal"
        if not self.is_optimal:
            return
        self.objective = float(pulp.value(self.problem.objective) or 0.0)
        self.worker_prices = np.array([row.pi for row in placed], dtype=float)
        self.job_line_prices = np.array([row.pi for row in within], dtype=float)
        for column, row in filled.items():
            self.job_line_prices[column] += row.pi

    def _variable(self, name: str, cost: int, most: int | None = None) -> Any:
        variable = self.problem.add_variable(name, 0, most)
        self.cost.append((variable, float(cost)))
        return variable

    def _add_pairs(self) -> None:
        rows, columns = np.nonzero(self.pool)
        costs = self.prices.pair[rows, columns]
        for row, column, cost in zip(rows.tolist(), columns.tolist(), costs.tolist(), strict=True):
            pair = self._variable(f"pair_{row}_{column}", cost)
            self.of_worker[row].append((pair, 1))
            self.of_job_line[column].append((pair, 1))

    def _everybody_is_placed_or_left_out(self) -> list[Any]:
        rows = []
        for row, terms in enumerate(self.of_worker):
            if self.prices.out[row] >= 0:
                out = self._variable(f"left_out_{row}", int(self.prices.out[row]))
                terms = [*terms, (out, 1)]
            rows.append(self._row(f"worker_{row}", pulp.LpAffineExpression(terms) == 1))
        return rows

    def _places_are_kept_or_added(self) -> list[Any]:
        rows = []
        for column, terms in enumerate(self.of_job_line):
            if self.prices.extra[column] >= 0:
                extra = self._variable(f"extra_{column}", int(self.prices.extra[column]))
                terms = [*terms, (extra, -1)]
            places = int(self.prices.ground.upper[column])
            row = pulp.LpAffineExpression(terms) <= places
            rows.append(self._row(f"places_{column}", row))
        return rows

    def _mandatory_are_filled_or_dropped(self) -> dict[int, Any]:
        rows = {}
        for column in np.flatnonzero(self.prices.ground.lower).tolist():
            terms = self.of_job_line[column]
            if self.prices.drop[column] >= 0:
                dropped = self._variable(f"dropped_{column}", int(self.prices.drop[column]), 1)
                terms = [*terms, (dropped, 1)]
            row = pulp.LpAffineExpression(terms) >= 1
            rows[column] = self._row(f"mandatory_{column}", row)
        return rows

    def _row(self, name: str, row: Any) -> Any:
        self.problem.addConstraint(row, name)
        return row
