"""The dense model that everyone builds: a binary PuLP variable for each eligible pair."""

from __future__ import annotations

from typing import Any

import highspy
import numpy as np
import pulp
from numpy.typing import NDArray

from tests.benchmarks.instances import Table
from tests.benchmarks.solvers.answer import Answer, Stopwatch

pulp.v4_migration.set_v4_migration_warnings(False)
SHORTEST = 0.01
"""Least time limit to hand to a solver when building used up all of it."""


class Dense:
    """The model of a table; x has one variable for each eligible pair."""

    def __init__(self, table: Table) -> None:
        pairs = list(zip(*(axis.tolist() for axis in np.nonzero(table.allowed)), strict=True))
        self.x = pulp.LpVariable.dicts("x", pairs, cat=pulp.LpBinary)
        self.model = pulp.LpProblem("allocation", pulp.LpMinimize)
        costs = (table.costs * table.unit).tolist()
        self.model += pulp.lpSum(costs[w][j] * x for (w, j), x in self.x.items())
        by_worker: dict[int, list[Any]] = {}
        by_line: dict[int, list[Any]] = {}
        for (w, j), x in self.x.items():
            by_worker.setdefault(w, []).append(x)
            by_line.setdefault(j, []).append(x)
        for w in range(len(table.costs)):
            self.model += pulp.lpSum(by_worker.get(w, [])) == 1
        for j, held in by_line.items():
            self.model += pulp.lpSum(held) <= int(table.upper[j])
            if table.lower[j]:
                self.model += pulp.lpSum(held) >= int(table.lower[j])

    def assigned(self, n_workers: int) -> NDArray[np.intp] | None:
        """Job line of each worker, None unless each has one."""
        placed = {w: j for (w, j), x in self.x.items() if (x.varValue or 0) > 0.5}
        if len(placed) < n_workers:
            return None
        return np.array([placed[w] for w in range(n_workers)])


def with_highs(table: Table, limit: float, threads: int) -> Answer:
    """PuLP with HiGHS, asked for a gap of nothing (its default would accept 0.01 %)."""
    clock = Stopwatch()
    dense = Dense(table)
    left = max(SHORTEST, limit - clock.built())
    # PuLP's own status calls an interrupted solve optimal; HiGHS itself tells the truth.
    solver = pulp.HiGHS(msg=False, threads=threads, timeLimit=left, gapRel=0.0)
    dense.model.solve(solver)
    status = dense.model.solverModel.getModelStatus()
    proven = status == highspy.HighsModelStatus.kOptimal
    return clock.answer(proven, dense.assigned(len(table.costs)), status.name)


def with_cbc(table: Table, limit: float, threads: int) -> Answer:
    """PuLP with its bundled CBC, a program of its own that reads a file."""
    clock = Stopwatch()
    dense = Dense(table)
    left = max(SHORTEST, limit - clock.built())
    dense.model.solve(pulp.PULP_CBC_CMD(msg=False, threads=threads, timeLimit=left))
    proven = dense.model.sol_status == pulp.LpSolutionOptimal
    note = pulp.LpSolution[dense.model.sol_status]
    return clock.answer(proven, dense.assigned(len(table.costs)), note)
