"""The restricted master problem in PuLP: the allocation over a few promising pairs.

    minimise    Σ cost(w,j) · x(w,j)
    one_job_line_w:  Σ_j x(w,j) = 1
    places_j:        Σ_w x(w,j) ≤ places of j
    mandatory_j:     Σ_w x(w,j) ≥ 1     where somebody must hold j
    0 ≤ x ≤ 1

These rows are a network matrix, so a vertex of the relaxation is whole and the linear program
is solved instead of the binary one (Schrijver: Combinatorial Optimization, 2003, chapter 13).
Pairs that are not columns are priced afterwards by `allocator.solving.solver`, which thereby
proves the result for all pairs.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import Any

import highspy
import numpy as np
import psutil
import pulp
from numpy.typing import NDArray

from allocator.models import SolverName
from allocator.solving.residual import Face

pulp.v4_migration.set_v4_migration_warnings(False)

WHOLE = 1e-6
"""How far from 0 or 1 a solver's value may be and still count as whole."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The pairs in the master: positions of workers and job lines, both shape (columns,)."""

    workers: NDArray[np.intp]
    job_lines: NDArray[np.intp]

    @classmethod
    def cheapest(
        cls,
        costs: NDArray[np.int64],
        face: Face,
        prices: NDArray[np.int64],
        assigned: NDArray[np.intp],
        each: int,
    ) -> Columns:
        """For each worker the `each` allowed pairs of least reduced cost, and its present one."""
        n_workers, n_job_lines = costs.shape
        chosen = np.zeros(costs.shape, dtype=bool)
        reduced = np.where(face.allowed, costs + prices, np.iinfo(np.int64).max)
        best = np.argpartition(reduced, min(each, n_job_lines) - 1, axis=1)[:, :each]
        np.put_along_axis(chosen, best, True, axis=1)
        chosen &= face.allowed
        chosen[np.arange(n_workers), assigned] = True
        return cls(*np.nonzero(chosen))


class Problem:
    """The PuLP model over the given columns; `costs` in units of the objective."""

    def __init__(self, costs: NDArray[np.float64], face: Face, columns: Columns) -> None:
        self.face = face
        self.columns = columns
        self.model = pulp.LpProblem("allocation", pulp.LpMinimize)
        pairs = zip(columns.workers, columns.job_lines, strict=True)
        self.x = [pulp.LpVariable(f"x_{w}_{j}", 0, 1) for w, j in pairs]
        self._objective(costs[columns.workers, columns.job_lines])
        self._one_job_line_each()
        self._places_and_mandatory()

    def _objective(self, costs: NDArray[np.float64]) -> None:
        terms = zip(self.x, costs.tolist(), strict=True)
        self.model.setObjective(pulp.LpAffineExpression(terms))

    def _one_job_line_each(self) -> None:
        for worker, variables in _grouped(self.columns.workers, self.x).items():
            self._add(variables, pulp.LpConstraintEQ, f"one_job_line_{worker}", 1)

    def _places_and_mandatory(self) -> None:
        for j, variables in _grouped(self.columns.job_lines, self.x).items():
            least, most = int(self.face.lower[j]), int(self.face.upper[j])
            if len(variables) > most:
                self._add(variables, pulp.LpConstraintLE, f"places_{j}", most)
            if least:
                self._add(variables, pulp.LpConstraintGE, f"mandatory_{j}", least)

    def _add(self, variables: list[Any], sense: int, name: str, side: int) -> None:
        row = pulp.LpAffineExpression([(x, 1) for x in variables])
        self.model.addConstraint(pulp.LpConstraint(row, sense, name, side))

    def solve(
        self,
        solver: SolverName,
        time_limit: float,
        stop: Callable[[], bool],
        on_iterations: Callable[[int], None],
    ) -> NDArray[np.intp] | None:
        """Job line of each worker, shape (workers,); None when stopped or out of time.

        The solver's own status is not trusted (PuLP calls an interrupted solve optimal): the
        values must be whole and cover every worker, and pricing decides about optimality.
        """
        engine = _highs if solver is SolverName.HIGHS else _cbc
        values = engine(self.model, time_limit, stop, on_iterations)
        if values is None:
            return None
        whole = np.abs(values - np.rint(values)) < WHOLE
        taken = np.flatnonzero(values > 0.5)
        workers = self.columns.workers[taken]
        n_workers = int(self.columns.workers.max()) + 1
        if not whole.all() or not np.array_equal(np.sort(workers), np.arange(n_workers)):
            return None
        assigned = np.empty(n_workers, dtype=np.intp)
        assigned[workers] = self.columns.job_lines[taken]
        return assigned


def _grouped(keys: NDArray[np.intp], variables: list[Any]) -> dict[int, list[Any]]:
    """Key → its variables, in key order."""
    groups: dict[int, list[Any]] = {int(key): [] for key in np.unique(keys)}
    for key, variable in zip(keys.tolist(), variables, strict=True):
        groups[key].append(variable)
    return groups


class _FastHiGHS(pulp.HiGHS):  # type: ignore[misc]
    """PuLP's HiGHS, loading the model in one call instead of one call for each row and column."""

    def buildSolverModel(self, lp: Any) -> None:
        variables, rows = lp.variables(), list(lp._constraints.values())
        for index, variable in enumerate(variables):
            variable.index = index
        for index, row in enumerate(rows):
            row.index = index
        entries = [[(x.index, value) for x, value in row.items()] for row in rows]
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = len(variables), len(rows)
        model.col_cost_ = np.array([lp.objective.get(x, 0.0) for x in variables])
        model.col_lower_ = np.zeros(len(variables))
        model.col_upper_ = np.ones(len(variables))
        unbounded = highspy.kHighsInf
        sides = [(row.getLb(), row.getUb()) for row in rows]
        model.row_lower_ = np.array([-unbounded if lb is None else lb for lb, _ in sides])
        model.row_upper_ = np.array([unbounded if ub is None else ub for _, ub in sides])
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_ = np.cumsum([0, *map(len, entries)])
        model.a_matrix_.index_ = np.array([index for row in entries for index, _ in row])
        model.a_matrix_.value_ = np.array([value for row in entries for _, value in row], float)
        lp.solverModel.passModel(model)


def _highs(
    model: Any, time_limit: float, stop: Callable[[], bool], on_iterations: Callable[[int], None]
) -> NDArray[np.float64] | None:
    """Solve in a thread of its own: HiGHS keeps thread-bound state between solves."""

    def on_event(_kind: int, _message: str, out: Any, back: Any, _user: Any) -> None:
        on_iterations(int(out.simplex_iteration_count))
        if back is not None and stop():
            back.user_interrupt = True

    engine = _FastHiGHS(
        msg=False,
        threads=1,
        timeLimit=max(time_limit, 0.01),
        callbackTuple=(on_event, None),
        callbacksToActivate=[highspy.cb.HighsCallbackType.kCallbackSimplexInterrupt],
    )
    in_fresh_thread(lambda: model.solve(engine))
    solved = model.solverModel
    if solved is None or solved.getInfo().primal_solution_status != 2:
        return None
    model.solverModel = None
    return _values(model)


def _cbc(
    model: Any, time_limit: float, stop: Callable[[], bool], on_iterations: Callable[[int], None]
) -> NDArray[np.float64] | None:
    """Solve with CBC as a child process, killed when stopped (it may ignore its own limit)."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        engine = pulp.PULP_CBC_CMD(msg=False, threads=1, timeLimit=max(time_limit, 0.1))
        engine.tmpDir = scratch
        thread = threading.Thread(target=_solve_or_fail, args=(model, engine), daemon=True)
        thread.start()
        while thread.is_alive():
            thread.join(0.05)
            on_iterations(0)
            if stop():
                _kill_those_that_read(scratch)
                thread.join(0.5)
                return None
    return _values(model) if model.status == pulp.LpStatusOptimal else None


def _solve_or_fail(model: Any, engine: Any) -> None:
    """A solver that fails, or is killed, leaves the model unsolved; its status says so."""
    with suppress(pulp.PulpSolverError):
        model.solve(engine)


def _kill_those_that_read(scratch: str) -> None:
    """Kill our solver, which has its files in `scratch`; other solves may run beside it."""
    for child in psutil.Process().children():
        with suppress(psutil.Error):
            if any(word.startswith(scratch) for word in child.cmdline()):
                child.kill()


def in_fresh_thread(work: Callable[[], object]) -> None:
    """Run `work` where no other HiGHS thread count was ever set; re-raise what it raises."""
    failure: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            failure.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join()
    if failure:
        raise failure[0]


def _values(model: Any) -> NDArray[np.float64]:
    """Values in the order of the columns (PuLP keeps the variables' order of first use)."""
    return np.array([x.varValue for x in model.objective], dtype=np.float64)
