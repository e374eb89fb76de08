"""The restricted master problem in PuLP: the allocation over a few promising pairs.

    minimise    Σ cost(w,j) · x(w,j)
    one_job_line_w:  Σ_j x(w,j) = 1
    places_j:        Σ_w x(w,j) ≤ places of j
    mandatory_j:     Σ_w x(w,j) ≥ 1     where somebody must hold j
    0 ≤ x ≤ 1

These rows are a network matrix, so a vertex of the relaxation is whole and the linear program
is solved instead of the binary one (Schrijver: Combinatorial Optimization, 2003, chapter 13).
`allocator.solving.master` prices the pairs that are not columns with the duals of this program.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from math import ceil, log2
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


PRIMAL = 4
"""HiGHS's option for the primal simplex: the basis that it sets out from is an allocation."""
FINEST = 2.0**30
"""Costs in the model stay below this, so that one unit stays above the solvers' tolerances."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Pairs in the master: positions of workers and job lines, both shape (columns,)."""

    workers: NDArray[np.intp]
    job_lines: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.workers)

    def and_these(self, more: Columns) -> Columns:
        """These pairs, then more of them."""
        return Columns(
            np.concatenate([self.workers, more.workers]),
            np.concatenate([self.job_lines, more.job_lines]),
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What a solver answered: the job line of each worker, shape (workers,), the reduced cost of
    each column, shape (columns,), and the dual of each job line's rows, shape (job lines,)."""

    assigned: NDArray[np.intp]
    reduced: NDArray[np.float64]
    duals: NDArray[np.float64]


class Problem:
    """The PuLP model; `costs` in whole numbers, (workers, job lines). HiGHS sets out from the
    allocation `assigned`, whose pairs are columns.

    `add` brings pairs into it, at first and later on. Each family of rules is one method that
    extends its rows by the new variables; rows come into being with their first variable.
    """

    def __init__(
        self,
        costs: NDArray[np.int64],
        face: Face,
        columns: Columns,
        assigned: NDArray[np.intp],
    ) -> None:
        self.face = face
        self.model = _Model("allocation", pulp.LpMinimize)
        self.model.setObjective(pulp.LpAffineExpression())
        self.costs = costs
        taken = np.abs(costs[columns.workers, columns.job_lines])
        # A power of two: scaled costs are as exact as the whole ones.
        self.scale = 0.5 ** max(0, ceil(log2((int(taken.max(initial=0)) + 1) / FINEST)))
        self.columns = Columns(np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp))
        self.x: list[Any] = []
        self.basis = Basis.of_allocation(assigned, columns)
        self.add(columns)

    @property
    def rows(self) -> Mapping[str, Any]:
        """The model's rows by name."""
        return self.model._constraints  # type: ignore[no-any-return]

    def add(self, columns: Columns) -> None:
        """Let the solver choose among these pairs too; each may be added once."""
        pairs = zip(columns.workers, columns.job_lines, strict=True)
        fresh = [pulp.LpVariable(f"x_{w}_{j}", 0, 1) for w, j in pairs]
        self.columns = self.columns.and_these(columns)
        self.x += fresh
        self.model.addVariables(fresh)
        self._objective(columns, fresh)
        self._one_job_line_each(columns, fresh)
        self._places(columns, fresh)
        self._mandatory(columns, fresh)

    def _objective(self, columns: Columns, fresh: list[Any]) -> None:
        costs = self.costs[columns.workers, columns.job_lines] * self.scale
        for x, cost in zip(fresh, costs.tolist(), strict=True):
            self.model.objective.addterm(x, cost)

    def _one_job_line_each(self, columns: Columns, fresh: list[Any]) -> None:
        for worker, variables in _grouped(columns.workers, fresh).items():
            self._extend(f"one_job_line_{worker}", variables, pulp.LpConstraintEQ, 1)

    def _places(self, columns: Columns, fresh: list[Any]) -> None:
        for j, variables in _grouped(columns.job_lines, fresh).items():
            self._extend(f"places_{j}", variables, pulp.LpConstraintLE, int(self.face.upper[j]))

    def _mandatory(self, columns: Columns, fresh: list[Any]) -> None:
        for j, variables in _grouped(columns.job_lines, fresh).items():
            least = int(self.face.lower[j])
            if least:
                self._extend(f"mandatory_{j}", variables, pulp.LpConstraintGE, least)

    def _extend(self, name: str, variables: list[Any], sense: int, side: int) -> None:
        """Bring variables into a row, which is made when it does not exist."""
        row = self.rows.get(name)
        if row is None:
            terms = pulp.LpAffineExpression([(x, 1) for x in variables])
            self.model.addConstraint(pulp.LpConstraint(terms, sense, name, side))
            return
        for x in variables:
            row.expr.addterm(x, 1)

    def solve(
        self,
        solver: SolverName,
        time_limit: float,
        stop: Callable[[], bool],
        on_iterations: Callable[[int], None],
    ) -> Answer | None:
        """The solver's allocation and duals; None when it was stopped or brought nothing usable.

        The solver's own status is not trusted (PuLP calls an interrupted solve optimal): the
        values must be whole and keep every rule, and pricing decides about optimality.
        """
        engine = _highs if solver is SolverName.HIGHS else _cbc
        if not engine(self, time_limit, stop, on_iterations):
            return None
        values = np.array([x.varValue for x in self.x], dtype=np.float64)
        if not (np.abs(values - np.rint(values)) < WHOLE).all():
            return None
        taken = np.flatnonzero(values > 0.5)
        workers = self.columns.workers[taken]
        if not np.array_equal(np.sort(workers), np.arange(len(self.costs))):
            return None
        assigned = np.empty(len(self.costs), dtype=np.intp)
        assigned[workers] = self.columns.job_lines[taken]
        if not self.face.holds(assigned):
            return None
        reduced = np.array([x.dj for x in self.x], dtype=np.float64)
        return Answer(assigned, reduced, self._duals())

    def _duals(self) -> NDArray[np.float64]:
        """The sum of the duals of each job line's rows."""
        duals = np.zeros(self.costs.shape[1])
        for family in ("places", "mandatory"):
            for j in range(len(duals)):
                row = self.rows.get(f"{family}_{j}")
                if row is not None:
                    duals[j] += np.nan if row.pi is None else row.pi
        return duals


def _grouped(keys: NDArray[np.intp], variables: list[Any]) -> dict[int, list[Any]]:
    """Key → its variables, in key order."""
    groups: dict[int, list[Any]] = {int(key): [] for key in np.unique(keys)}
    for key, variable in zip(keys.tolist(), variables, strict=True):
        groups[key].append(variable)
    return groups


class _Model(pulp.LpProblem):  # type: ignore[misc]
    """PuLP's model; its variables are known in the order of the columns, so that the many who ask
    for them need not collect and sort them again."""

    def variables(self) -> list[Any]:
        return self._variables  # type: ignore[no-any-return]


@dataclass(slots=True)
class Basis:
    """Where HiGHS sets out from: the status of the first variables and rows of the model. Later
    variables are at 0, later rows are slack."""

    columns: list[Any]
    rows: list[Any]

    @classmethod
    def of_allocation(cls, assigned: NDArray[np.intp], columns: Columns) -> Basis:
        """A vertex without any price yet: the pairs of the allocation, and every place's slack."""
        basic, at_bound = highspy.HighsBasisStatus.kBasic, highspy.HighsBasisStatus.kLower
        held = assigned[columns.workers] == columns.job_lines
        return cls([basic if taken else at_bound for taken in held], [at_bound] * len(assigned))

    def highs(self, n_columns: int, n_rows: int) -> Any:
        """The basis of a model that may have grown since."""
        basic, at_bound = highspy.HighsBasisStatus.kBasic, highspy.HighsBasisStatus.kLower
        basis = highspy.HighsBasis()
        basis.col_status = self.columns + [at_bound] * (n_columns - len(self.columns))
        basis.row_status = self.rows + [basic] * (n_rows - len(self.rows))
        return basis


class _FastHiGHS(pulp.HiGHS):  # type: ignore[misc]
    """PuLP's HiGHS, loading the model in one call instead of one call for each row and column,
    and setting out from where the start or the round before ended (`basis`)."""

    basis: Basis

    def buildSolverModel(self, lp: Any) -> None:
        model = load_model(lp)
        lp.solverModel.passModel(model)
        lp.solverModel.setBasis(self.basis.highs(model.num_col_, model.num_row_))


def load_model(lp: Any) -> Any:
    """A PuLP model of variables between 0 and 1 as HiGHS takes it, in one piece."""
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
    return model


def _highs(
    problem: Problem,
    time_limit: float,
    stop: Callable[[], bool],
    on_iterations: Callable[[int], None],
) -> bool:
    """Solve in a thread of its own: HiGHS keeps thread-bound state between solves."""

    def on_event(_kind: int, _message: str, out: Any, back: Any, _user: Any) -> None:
        on_iterations(int(out.simplex_iteration_count))
        if back is not None and stop():
            back.user_interrupt = True

    model = problem.model
    engine = _FastHiGHS(
        msg=False,
        threads=1,
        timeLimit=max(time_limit, 0.01),
        simplex_strategy=PRIMAL,
        callbackTuple=(on_event, None),
        callbacksToActivate=[highspy.cb.HighsCallbackType.kCallbackSimplexInterrupt],
    )
    engine.basis = problem.basis
    in_fresh_thread(lambda: _solve_or_fail(model, engine))
    solved = model.solverModel
    if solved is None or solved.getInfo().primal_solution_status != 2:
        return False
    basis = solved.getBasis()
    problem.basis = Basis(list(basis.col_status), list(basis.row_status))
    model.solverModel = None
    return True


def _cbc(
    problem: Problem,
    time_limit: float,
    stop: Callable[[], bool],
    on_iterations: Callable[[int], None],
) -> bool:
    """Solve with CBC as a child process, killed when stopped (it may ignore its own limit)."""
    model = problem.model
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
                return False
    return bool(model.status == pulp.LpStatusOptimal)


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
