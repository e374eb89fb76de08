"""Solve a run exactly: start → master in PuLP → pricing of every pair → lottery → check.

1. A first allocation fixes prices that tell promising pairs from hopeless ones.
2. The PuLP master chooses among a few promising pairs for each worker.
3. Pricing looks at every eligible pair in whole numbers. A negative cycle in the residual graph
   is an improvement that the master's columns lacked; when none is left the prices are optimal
   and become the certificate.
4. The lottery chooses among the optima, and the independent checker tests the outcome.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from allocator.errors import CheckFailed, Infeasible, InvalidData
from allocator.models import (
    Allocation,
    Certificate,
    Phase,
    Progress,
    RunInputs,
    Settings,
    SolveResult,
    StageProof,
    Status,
)
from allocator.rules.matrices import Costs, Matrices, matrices
from allocator.rules.ranks import original_preference, read_by
from allocator.rules.weightings import organisation_base
from allocator.solving.checker import check
from allocator.solving.policies import Stage, narrow_by_policy
from allocator.solving.problem import Columns, Problem
from allocator.solving.residual import Face, Residual
from allocator.solving.starting import best_allocation, feasible_allocation
from allocator.solving.tie_break import TieBreak

COLUMNS_EACH = 10
"""Pairs of each worker in the master."""
LARGE = 10**6
"""Above this many pairs any allocation is found first, so that a cancel has something to keep."""
OUT_OF_TIME = "The time limit ran out before the best allocation was proven."
EVENT_INTERVAL = 0.05
"""Least seconds between two progress events of one phase."""


class _Stopped(Exception):
    """The operator cancelled or the time limit ran out."""


def solve(
    inputs: RunInputs,
    settings: Settings,
    *,
    on_progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
) -> SolveResult:
    """The best allocation of a run, checked, with its certificate.

    Raises InvalidData when `inputs` has errors that cannot be acknowledged, CheckFailed when
    the independent check rejects the outcome (a defect of ours).
    """
    if inputs.blocking_issues:
        raise InvalidData(inputs.blocking_issues)
    return _Solve(read_by(inputs, settings), settings, on_progress, cancel).run()


@dataclass(eq=False)
class _Solve:
    """One solve: its clock, its progress and the best allocation so far."""

    inputs: RunInputs
    settings: Settings
    on_progress: Callable[[Progress], None] | None
    cancel: threading.Event | None
    began: float = field(default_factory=time.perf_counter)
    timings: dict[str, float] = field(default_factory=dict)
    assigned: NDArray[np.intp] | None = None
    prices: NDArray[np.int64] | None = None
    stages: list[Stage] = field(default_factory=list)
    proven: bool = False
    last: Progress = field(default_factory=lambda: Progress(Phase.FORMULATE, 0.0))

    def run(self) -> SolveResult:
        self._report(Phase.FORMULATE, "Reading scores, eligibility and weightings")
        self.matrices: Matrices = matrices(self.inputs)
        self.costs: Costs = self.matrices.costs(self.settings)
        self.face = Face(
            self.matrices.allowed(self.settings), self.matrices.lower, self.matrices.upper
        )
        self.timings["formulate"] = time.perf_counter() - self.began
        if not self.inputs.workers or not self.inputs.job_lines:
            return self._infeasible("The run has no workers or no job lines.")
        try:
            self._optimise_in_time()
        except Infeasible:
            return self._infeasible("No allocation satisfies every hard rule.")
        finally:
            self.timings["solve"] = time.perf_counter() - self.began - self.timings["formulate"]
        return self._result()

    # -- phases ---------------------------------------------------------------

    def _optimise_in_time(self) -> None:
        try:
            self._optimise()
        except _Stopped:
            # Out of time before the first allocation: any one, or the finding that there is none.
            if self.assigned is None and not self._cancelled:
                self.assigned = feasible_allocation(self.face)

    def _optimise(self) -> None:
        values = self.costs.values
        self._report(Phase.START, "Looking for a first allocation")
        self._go_on()
        if values.size > LARGE:
            self.assigned = feasible_allocation(self.face)
            self._report(Phase.START, "Improving the first allocation")
        self._apply_policy()
        best = best_allocation(values, self.face, self._stop)
        self.assigned = self.assigned if best is None else best
        self._go_on()
        residual, self.prices = self._priced()
        found = self._master(residual, self.prices)
        self._report(Phase.PRICING, "Pricing every eligible pair")
        if found is not None and self._total(found) != residual.total:
            self.assigned = found
            residual, self.prices = self._priced()
        self.assigned = residual.assigned
        face = self.face.narrowed(values, self.prices)
        self._report(Phase.TIE_BREAK, "Drawing lots among equally good allocations")
        drawn = TieBreak(face, self.assigned).run(
            self.matrices.scores,
            self.settings.seed,
            [worker.id for worker in self.inputs.workers],
            [line.id for line in self.inputs.job_lines],
            self._stop,
        )
        if drawn is None:
            raise _Stopped
        self.assigned, self.proven = drawn, True

    def _apply_policy(self) -> None:
        """Narrow the face to the optima of the policy's stages."""
        policy = self.settings.policy
        stages = narrow_by_policy(policy, self.matrices, self.face, self._stop)
        for self.face, self.assigned, stage in stages:
            self.stages.append(stage)
            self._report(Phase.START, f"Steps of the aim decided: {len(self.stages)}")
        self._go_on()

    def _priced(self) -> tuple[Residual, NDArray[np.int64]]:
        """Residual graph of the present allocation, made optimal, with its prices."""
        assert self.assigned is not None
        residual = Residual(self.costs.values, self.face, self.assigned)
        prices, _ = residual.optimise(self._stop)
        if prices is None:
            raise _Stopped
        return residual, prices

    def _total(self, assigned: NDArray[np.intp]) -> int:
        return int(self.costs.values[np.arange(len(assigned)), assigned].sum())

    def _master(self, residual: Residual, prices: NDArray[np.int64]) -> NDArray[np.intp] | None:
        """Solve the restricted PuLP model; None when the solver brought nothing usable."""
        columns = Columns.cheapest(
            self.costs.values, self.face, prices, residual.assigned, COLUMNS_EACH
        )
        problem = Problem(self.costs.in_objective_units, self.face, columns)
        sizes = {
            "variables": len(problem.x),
            "constraints": len(problem.model._constraints),
        }
        self._report(Phase.MASTER, "Solving the model", **sizes)

        def on_iterations(count: int) -> None:
            if time.perf_counter() - self.began - self.last.elapsed >= EVENT_INTERVAL:
                self._report(Phase.MASTER, "Solving the model", iterations=count, **sizes)

        solver, left = self.settings.solver, self._seconds_left()
        assigned = problem.solve(solver, left, self._stop, on_iterations)
        self._go_on()
        return assigned

    # -- outcome --------------------------------------------------------------

    def _result(self) -> SolveResult:
        status = Status.OPTIMAL
        if not self.proven:
            status = Status.CANCELLED if self._cancelled else Status.FEASIBLE
        if self.assigned is None:
            return self._finish(self._empty(Status.CANCELLED, ""))
        rows = np.arange(len(self.assigned))
        scores = self.matrices.scores[rows, self.assigned]
        organisation = self.matrices.weightings[rows, self.assigned] + organisation_base(len(rows))
        costs = self._costs_of_placements()
        objective = float(costs.sum())
        if self.costs.exact:
            objective = self._total(self.assigned) * self.costs.unit
        bound = objective if self.proven else min(objective, self._surely_least(self._bound()))
        self._report(Phase.CHECK, "Checking every rule independently")
        began = time.perf_counter()
        result = replace(
            self._empty(status, OUT_OF_TIME if status is Status.FEASIBLE else ""),
            allocations=self._allocations(scores, costs),
            objective=objective,
            bound=bound,
            gap=objective - bound,
            worker_dissatisfaction=float((scores**self.settings.power).sum()),
            organisation_dissatisfaction=float(organisation.sum()),
            certificate=self._certificate(bound),
        )
        result = self._checked(result)
        self.timings["check"] = time.perf_counter() - began
        return self._finish(result)

    def _costs_of_placements(self) -> NDArray[np.float64]:
        assert self.assigned is not None
        rows = np.arange(len(self.assigned))
        if self.costs.exact:
            taken = self.costs.values[rows, self.assigned]
            return np.multiply(taken, self.costs.unit, dtype=np.float64)
        return self.matrices.coefficients(self.settings, rows, self.assigned)

    def _surely_least(self, total: int) -> float:
        """A bound on the rounded costs as one on the objective."""
        return total * self.costs.unit - self.costs.slack

    def _allocations(
        self, scores: NDArray[np.float64], costs: NDArray[np.float64]
    ) -> tuple[Allocation, ...]:
        assert self.assigned is not None
        rows = []
        for i, (worker, j) in enumerate(zip(self.inputs.workers, self.assigned, strict=True)):
            job_line = self.inputs.job_lines[int(j)].id
            original = original_preference(worker.preferences, job_line)
            placement = Allocation(worker.id, job_line, float(scores[i]), original, float(costs[i]))
            rows.append(placement)
        return tuple(sorted(rows, key=lambda row: row.worker_mapping))

    def _certificate(self, bound: float) -> Certificate | None:
        if not self.proven or self.prices is None:
            return None
        ids = [line.id for line in self.inputs.job_lines]
        prices = dict(zip(ids, (self.prices * self.costs.unit).tolist(), strict=True))
        stages = [
            StageProof(stage.weights, dict(zip(ids, stage.prices.tolist(), strict=True)))
            for stage in self.stages
        ]
        return Certificate(prices, bound, stages=tuple(stages))

    def _checked(self, result: SolveResult) -> SolveResult:
        """The result with its checks; a proof that fails the checker is no proof."""
        assert result.objective is not None
        verdict = check(
            self.inputs, self.settings, result.allocations, result.objective, result.certificate
        )
        if not verdict.passed:
            failures = [text for item in verdict.checks for text in item.failures]
            raise CheckFailed(f"The independent check failed: {'; '.join(failures[:5])}.")
        if self.proven and not verdict.proven:
            if self.costs.exact:
                raise CheckFailed(
                    "The independent check could not confirm the proof of optimality."
                )
            return self._within_rounding(replace(result, checks=verdict.checks))
        certificate = result.certificate
        if certificate is not None:
            certificate = replace(certificate, verified=verdict.proven)
        return replace(result, checks=verdict.checks, certificate=certificate)

    def _within_rounding(self, result: SolveResult) -> SolveResult:
        """The best on the grid of costs, which is too coarse to prove more than a small gap."""
        assert result.objective is not None
        assert self.assigned is not None
        bound = min(result.objective, self._surely_least(self._total(self.assigned)))
        return replace(
            result,
            status=Status.FEASIBLE,
            bound=bound,
            gap=result.objective - bound,
            certificate=None,
            message="The costs differ too much to prove more than a small gap; lower the power.",
        )

    def _bound(self) -> int:
        """The best lower bound without a proof: from the last prices, or none at all."""
        prices = self.prices if self.prices is not None else np.zeros(1, dtype=np.int64)
        priced = self.costs.values + prices
        cheapest = np.where(self.face.allowed, priced, np.iinfo(np.int64).max).min(axis=1)
        used = np.where(prices > 0, prices * self.face.upper, prices * self.face.lower)
        return int(cheapest.sum() - (used.sum() if self.prices is not None else 0))

    def _infeasible(self, message: str) -> SolveResult:
        return self._finish(self._empty(Status.INFEASIBLE, message))

    def _empty(self, status: Status, message: str) -> SolveResult:
        return SolveResult(
            status,
            self.settings,
            self.inputs.fingerprint,
            timings=self.timings,
            solver=self.settings.solver.value,
            message=message,
            scenario=self.inputs.scenario,
        )

    def _finish(self, result: SolveResult) -> SolveResult:
        self.last = replace(self.last, incumbent=result.objective, bound=result.bound)
        self._report(Phase.DONE, result.message or f"Finished: {result.status}")
        return result

    # -- clock and progress -----------------------------------------------------

    @property
    def _cancelled(self) -> bool:
        return self.cancel is not None and self.cancel.is_set()

    def _seconds_left(self) -> float:
        return self.settings.time_limit - (time.perf_counter() - self.began)

    def _stop(self) -> bool:
        return self._cancelled or self._seconds_left() <= 0

    def _go_on(self) -> None:
        if self._stop():
            raise _Stopped

    def _report(
        self,
        phase: Phase,
        message: str,
        *,
        variables: int | None = None,
        constraints: int | None = None,
        iterations: int | None = None,
    ) -> None:
        """Send an event; counts that are not given stay as they were."""
        last = self.last
        incumbent, bound = last.incumbent, last.bound
        if self.assigned is not None and phase is not Phase.DONE:
            incumbent = self._total(self.assigned) * self.costs.unit
            bound = incumbent if self.proven else self._bound() * self.costs.unit
        self.last = Progress(
            phase,
            time.perf_counter() - self.began,
            message,
            last.variables if variables is None else variables,
            last.constraints if constraints is None else constraints,
            last.iterations if iterations is None else iterations,
            incumbent,
            bound,
        )
        if self.on_progress is not None:
            self.on_progress(self.last)
