"""OR-Tools CP-SAT: a literal for each eligible pair, whole costs.

As shipped, its presolve shifts costs between the exactly-one constraints, after which the bound
hardly moves; without presolve the linear relaxation, which is whole here, proves the optimum at
the root. Both are measured: the first is what one gets, the second what the solver can do.
"""

from __future__ import annotations

import numpy as np
from ortools.sat.python import cp_model

from tests.benchmarks.instances import Table
from tests.benchmarks.solvers.answer import Answer, Stopwatch


def as_shipped(table: Table, limit: float, threads: int) -> Answer:
    """Solve with `threads` workers and a fixed seed, all else as shipped."""
    return _solve(table, limit, threads, presolve=True)


def without_presolve(table: Table, limit: float, threads: int) -> Answer:
    """The same without presolve."""
    return _solve(table, limit, threads, presolve=False)


def _solve(table: Table, limit: float, threads: int, *, presolve: bool) -> Answer:
    clock = Stopwatch()
    model = cp_model.CpModel()
    workers, lines = np.nonzero(table.allowed)
    x = [model.new_bool_var("") for _ in range(len(workers))]
    by_worker: list[list[cp_model.IntVar]] = [[] for _ in table.costs]
    by_line: list[list[cp_model.IntVar]] = [[] for _ in table.upper]
    for literal, w, j in zip(x, workers.tolist(), lines.tolist(), strict=True):
        by_worker[w].append(literal)
        by_line[j].append(literal)
    for literals in by_worker:
        model.add_exactly_one(literals)
    for literals, least, most in zip(by_line, table.lower, table.upper, strict=True):
        if most == 1:
            model.add_at_most_one(literals)
        else:
            model.add(cp_model.LinearExpr.sum(literals) <= int(most))
        if least:
            model.add_at_least_one(literals)
    costs = table.costs[workers, lines].tolist()
    model.minimize(cp_model.LinearExpr.weighted_sum(x, costs))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = threads
    solver.parameters.random_seed = 1
    solver.parameters.cp_model_presolve = presolve
    solver.parameters.max_time_in_seconds = max(0.01, limit - clock.built())
    status = solver.solve(model)
    found = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    assigned = None
    if found:
        taken = np.array([solver.boolean_value(literal) for literal in x])
        assigned = np.empty(len(table.costs), dtype=np.intp)
        assigned[workers[taken]] = lines[taken]
    note = f"{solver.status_name(status)}, bound {solver.best_objective_bound * table.unit:.1f}"
    return clock.answer(status == cp_model.OPTIMAL, assigned, note)
