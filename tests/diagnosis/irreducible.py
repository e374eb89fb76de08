"""An irreducible infeasible subset of the hard rules, by deletion filtering over PuLP rows.

The general method, for any linear rules: HiGHS proposes a small infeasible subset, then each row
is taken away in turn and stays away when the rest is still infeasible (Chinneck & Dravnieks,
"Locating minimal infeasible constraint sets in linear programs", 1991). What is left is
infeasible, and taking any one row away makes it feasible. `causes` finds the same by matching,
for all causes at once and much faster; this is its cross-check and works without its theorem.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pulp

from allocator.models import RunInputs, Settings
from allocator.rules.matrices import matrices
from allocator.solving.problem import in_fresh_thread

ALL_SUBSETS = 2
"""HiGHS's `iis_strategy`: with its default, 0, the subset is empty and called valid."""


@dataclass(frozen=True, slots=True)
class IrreducibleRules:
    """Rules that contradict each other, none of them superfluous.

    workers: must each get one job line. places: job lines whose capacity is involved. mandatory:
    job lines that must have somebody. All empty when the rules are satisfiable.
    """

    workers: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    mandatory: tuple[str, ...] = ()


def irreducible_rules(
    inputs: RunInputs, settings: Settings, cancel: threading.Event | None = None
) -> IrreducibleRules:
    """One irreducible infeasible subset of the run's hard rules; rows not yet tried when `cancel`
    is set stay in it."""
    problem = hard_rules(inputs, settings)
    found = irreducible_subset(problem, cancel)

    def named(kind: str, ids: Iterable[str]) -> tuple[str, ...]:
        return tuple(row for number, row in enumerate(ids) if f"{kind}_{number}" in found)

    job_lines = [j.id for j in inputs.job_lines]
    return IrreducibleRules(
        named("worker", (w.id for w in inputs.workers)),
        named("places", job_lines),
        named("mandatory", job_lines),
    )


def hard_rules(inputs: RunInputs, settings: Settings) -> pulp.LpProblem:
    """The hard rules alone, a variable for each allowed pair (so for runs of moderate size).

    Rows are `worker_n`, `places_n` and `mandatory_n`, n = position in `inputs`.
    """
    arrays = matrices(inputs)
    rows, columns = np.nonzero(arrays.allowed(settings))
    problem = pulp.LpProblem("hard_rules", pulp.LpMinimize)
    nothing = problem.add_variable("nothing", 0, 0)
    problem.setObjective(pulp.LpAffineExpression([(nothing, 1)]))
    # A row without pairs still has to be there: 0 = 1 is exactly what is wrong.
    of_worker = [[(nothing, 1)] for _ in inputs.workers]
    of_job_line = [[(nothing, 1)] for _ in inputs.job_lines]
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        pair = problem.add_variable(f"pair_{row}_{column}", 0)
        of_worker[row].append((pair, 1))
        of_job_line[column].append((pair, 1))
    for number, terms in enumerate(of_worker):
        problem.addConstraint(pulp.LpAffineExpression(terms) == 1, f"worker_{number}")
    for number, terms in enumerate(of_job_line):
        places = int(arrays.upper[number])
        problem.addConstraint(pulp.LpAffineExpression(terms) <= places, f"places_{number}")
        if arrays.lower[number]:
            problem.addConstraint(pulp.LpAffineExpression(terms) >= 1, f"mandatory_{number}")
    return problem


def irreducible_subset(
    problem: pulp.LpProblem, cancel: threading.Event | None = None
) -> frozenset[str]:
    """Names of rows that are infeasible together and irreducible; empty when all are feasible."""
    kept = frozenset(row.name for row in problem.constraints())
    if not _infeasible(problem, kept):
        return frozenset()
    proposed = _proposal(problem)
    if proposed and _infeasible(problem, proposed):
        kept = proposed
    for name in sorted(kept):
        if cancel is not None and cancel.is_set():
            break
        if _infeasible(problem, kept - {name}):
            kept -= {name}
    return kept


def _infeasible(problem: pulp.LpProblem, rows: frozenset[str]) -> bool:
    """Whether these rows contradict each other."""
    return _status(_restricted(problem, rows)) == "Infeasible"


def _restricted(problem: pulp.LpProblem, rows: frozenset[str]) -> pulp.LpProblem:
    part = pulp.LpProblem("part_of_the_rules", problem.sense)
    part.setObjective(problem.objective)
    for row in problem.constraints():
        if row.name in rows:
            part.addConstraint(row, row.name)
    return part


def _status(problem: pulp.LpProblem) -> str:
    in_fresh_thread(lambda: problem.solve(_highs()))
    solver = problem.solverModel
    return str(solver.modelStatusToString(solver.getModelStatus()))


def _highs() -> pulp.HiGHS:
    return pulp.HiGHS(msg=False, iis_strategy=ALL_SUBSETS)


def _proposal(problem: pulp.LpProblem) -> frozenset[str]:
    """The subset that HiGHS reports, which need not be irreducible."""
    part = _restricted(problem, frozenset(row.name for row in problem.constraints()))
    names = [row.name for row in part.constraints()]
    found: list[int] = []

    def ask() -> None:
        part.solve(_highs())
        _, subset = part.solverModel.getIis()
        found.extend(subset.row_index_)

    in_fresh_thread(ask)
    return frozenset(names[position] for position in found)
