"""OR-Tools SimpleMinCostFlow: workers → job lines → the places that must and that may be filled."""

from __future__ import annotations

import numpy as np
from ortools.graph.python import min_cost_flow

from tests.benchmarks.instances import Table
from tests.benchmarks.solvers.answer import Answer, Stopwatch


def solve(table: Table, limit: float, threads: int) -> Answer:
    """Solve on one thread; the library has no time limit, so the process is ended at `limit`.

    A mandatory job line's first place is an arc to a node whose demand is the number of such
    places; all other places lead to a node that takes the remaining workers.
    """
    clock = Stopwatch()
    n_workers, n_lines = table.costs.shape
    workers, lines = np.nonzero(table.allowed)
    forced, spare = n_workers + n_lines, n_workers + n_lines + 1
    every_line, none = n_workers + np.arange(n_lines), np.zeros(n_lines, dtype=np.int64)
    tails = np.concatenate([workers, every_line, every_line])
    heads = np.concatenate([n_workers + lines, none + forced, none + spare])
    room = np.concatenate([np.ones_like(workers), table.lower, table.upper - table.lower])
    costs = np.concatenate([table.costs[workers, lines], none, none])
    flow = min_cost_flow.SimpleMinCostFlow()
    arcs = flow.add_arcs_with_capacity_and_unit_cost(tails, heads, room, costs)
    must = int(table.lower.sum())
    supplies = np.concatenate([np.ones(n_workers, dtype=np.int64), none, [-must, must - n_workers]])
    flow.set_nodes_supplies(np.arange(len(supplies)), supplies)
    clock.built()
    status = flow.solve()
    proven = status == flow.OPTIMAL
    assigned = None
    if proven:
        taken = flow.flows(arcs[: len(workers)]) > 0
        assigned = lines[taken]
    return clock.answer(proven, assigned, status.name)
