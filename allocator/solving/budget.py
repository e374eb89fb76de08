"""The master with a budget of moves: a true integer program, over few pairs.

    minimise    Σ cost(w,j) · x(w,j)        over the rows of `problem`, and
    moves:      Σ of the x that are moves ≤ budget,     x whole

The budget's row breaks the network structure, so that PuLP's solver has to branch. Its answer is
read with care (its status lies): values must be whole, and the bound is the solver's own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

import highspy
import numpy as np
import pulp
from numpy.typing import NDArray

from allocator.solving.problem import Columns, Problem, in_fresh_thread, load_model
from allocator.solving.residual import Face

NEARLY = 1e-4
"""What the solver's bound may lie above a whole cost by without counting as the next one."""


@dataclass(frozen=True, slots=True)
class BudgetAnswer:
    """The job line of each worker (None: no allocation was found), and a bound on the cost in
    whole numbers (None: there is none to be found at all)."""

    assigned: NDArray[np.intp] | None
    bound: int | None


class BudgetProblem(Problem):
    """`Problem` with whole variables and at most `budget` of the pairs marked in `moves`
    (workers, job lines)."""

    def __init__(
        self,
        costs: NDArray[np.int64],
        face: Face,
        columns: Columns,
        moves: NDArray[np.bool_],
        budget: int,
    ) -> None:
        super().__init__(costs, face, columns, np.full(len(costs), -1, dtype=np.intp))
        taken = moves[columns.workers, columns.job_lines]
        movers = [x for x, is_move in zip(self.x, taken, strict=True) if is_move]
        if movers:
            self._extend("moves", movers, pulp.LpConstraintLE, budget)

    def solve_whole(self, time_limit: float, stop: Callable[[], bool]) -> BudgetAnswer:
        """The best allocation within the budget, or what was known when `stop()` became true."""

        def on_event(_kind: int, _message: str, _out: object, back: object, _user: object) -> None:
            if back is not None and stop():
                back.user_interrupt = True  # type: ignore[attr-defined]

        engine = _WholeHiGHS(
            msg=False,
            threads=1,
            timeLimit=max(time_limit, 0.01),
            gapRel=0.0,
            mip_abs_gap=0.5 * self.scale,
            callbackTuple=(on_event, None),
            callbacksToActivate=[highspy.cb.HighsCallbackType.kCallbackMipInterrupt],
        )
        in_fresh_thread(lambda: self.model.solve(engine))
        solved = self.model.solverModel
        info, status = solved.getInfo(), solved.getModelStatus()
        self.model.solverModel = None
        if status == highspy.HighsModelStatus.kInfeasible:
            return BudgetAnswer(None, None)
        bound = ceil(info.mip_dual_bound / self.scale - NEARLY) if _finite(info) else -(2**60)
        if info.primal_solution_status != 2:
            return BudgetAnswer(None, bound)
        taken = np.flatnonzero(np.array([x.varValue for x in self.x]) > 0.5)
        assigned = np.empty(len(self.costs), dtype=np.intp)
        assigned[self.columns.workers[taken]] = self.columns.job_lines[taken]
        everybody = np.arange(len(self.costs))
        once = np.array_equal(np.sort(self.columns.workers[taken]), everybody)
        if not once or not self.face.holds(assigned):
            return BudgetAnswer(None, bound)
        if status == highspy.HighsModelStatus.kOptimal:
            bound = int(self.costs[everybody, assigned].sum())
        return BudgetAnswer(assigned, bound)


def _finite(info: highspy.HighsInfo) -> bool:
    return abs(info.mip_dual_bound) < highspy.kHighsInf


class _WholeHiGHS(pulp.HiGHS):  # type: ignore[misc]
    """PuLP's HiGHS, loading the model in one call, with whole variables."""

    def buildSolverModel(self, lp: pulp.LpProblem) -> None:
        model = load_model(lp)
        model.integrality_ = [highspy.HighsVarType.kInteger] * model.num_col_
        lp.solverModel.passModel(model)
