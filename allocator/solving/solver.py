"""Solve a run exactly: start → master in PuLP ⇄ pricing of every pair → lottery → check.

1. Network code finds a first allocation and prices that tell promising pairs from hopeless ones.
2. The PuLP master chooses among promising pairs, and every eligible pair is priced with its own
   duals, in turn (`allocator.master`): what it answers when no pair is missing is the optimum,
   and its prices are the certificate.
3. The lottery chooses among the optima, and the independent checker tests the outcome.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from allocator.errors import CheckFailed, Infeasible, InvalidData, UsageError
from allocator.models import RunInputs, Settings
from allocator.result import (
    NOT_DECIDING,
    Allocation,
    Certificate,
    Effort,
    Phase,
    Progress,
    SolveResult,
    StageProof,
    Status,
)
from allocator.rules.matrices import Costs, Matrices, matrices
from allocator.rules.ranks import original_preference, read_by
from allocator.rules.weightings import organisation_base
from allocator.solving.checker import check
from allocator.solving.master import Master
from allocator.solving.policies import Stage, narrow_by_policy
from allocator.solving.problem import Problem
from allocator.solving.residual import Face
from allocator.solving.starting import best_allocation, feasible_allocation
from allocator.solving.tie_break import TieBreak, lottery_numbers

LARGE = 10**6
"""Above this many pairs any allocation is found first, so that a cancel has something to keep."""
OUT_OF_TIME = "The time limit ran out before the best allocation was proven."
NOT_DRAWN = "The optimum was proven; the draw among equally good allocations was interrupted."
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
    lots: Mapping[str, int] | None = None,
) -> SolveResult:
    """The best allocation of a run, checked, with its certificate.

    `lots` are lottery numbers of the workers in place of those that come from seed and ids.
    Raises InvalidData when `inputs` has errors that cannot be acknowledged, UsageError when the
    policy compares with a baseline that the inputs lack, CheckFailed when the independent check
    rejects the outcome (a defect of ours).
    """
    if settings.policy.needs_baseline and not inputs.baseline:
        raise UsageError(
            "This aim counts moves, but there is nothing to move from.",
            remedy="Give the scenario a baseline, or choose another aim.",
        )
    if inputs.blocking_issues:
        raise InvalidData(inputs.blocking_issues)
    return _Solve(read_by(inputs, settings), settings, on_progress, cancel, lots).run()


@dataclass(eq=False)
class _Solve:
    """One solve: its clock, its progress and the best allocation so far."""

    inputs: RunInputs
    settings: Settings
    on_progress: Callable[[Progress], None] | None
    cancel: threading.Event | None
    lots: Mapping[str, int] | None = None
    began: float = field(default_factory=time.perf_counter)
    timings: dict[str, float] = field(default_factory=dict)
    assigned: NDArray[np.intp] | None = None
    master: Master | None = None
    stages: list[Stage] = field(default_factory=list)
    proven: bool = False
    drawn: bool = False
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
        start = best_allocation(values, self.face, self._stop)
        if start is not None:
            self.master = Master(values, self.face, start)
            self.assigned = start.assigned
        self._go_on()
        self._decide()
        self._report(Phase.TIE_BREAK, "Drawing lots among equally good allocations")
        self._draw_lots()

    def _apply_policy(self) -> None:
        """Narrow the face to the optima of the policy's stages."""
        stages = narrow_by_policy(self.settings, self.matrices, self.face, self._stop)
        for self.face, self.assigned, stage in stages:
            self.stages.append(stage)
            self._report(Phase.START, f"Steps of the aim decided: {len(self.stages)}")
        self._go_on()

    def _decide(self) -> None:
        """Let the master prove the optimum."""
        assert self.master is not None
        try:
            self.proven = self.master.run(
                self.settings.solver,
                self._seconds_left,
                self._stop,
                self._on_solve,
                lambda: self._report(Phase.PRICING, "Pricing every eligible pair"),
            )
        finally:
            self.assigned = self.master.assigned
        if not self.proven:
            raise _Stopped

    def _on_solve(self, problem: Problem) -> Callable[[int], None]:
        """Tell a round of the master; gives what its iterations are told to."""
        assert self.master is not None
        sizes = {"variables": len(problem.columns), "constraints": len(problem.rows)}
        words = f"Solving the model, round {self.master.rounds}"
        self._report(Phase.MASTER, words, **sizes)

        def on_iterations(count: int) -> None:
            if time.perf_counter() - self.began - self.last.elapsed >= EVENT_INTERVAL:
                self._report(Phase.MASTER, words, iterations=count, **sizes)

        return on_iterations

    def _draw_lots(self) -> None:
        """Choose among the optima; only a cancel interrupts it, and leaves any one of them."""
        assert self.master is not None
        face = self.face.narrowed(self.costs.values, self.master.prices)
        drawn = TieBreak(face, self.master.assigned).run(
            self.matrices.scores,
            self._lots_of_workers(),
            lottery_numbers(self.settings.seed, [line.id for line in self.inputs.job_lines]),
            lambda: self._cancelled,
        )
        if drawn is None:
            raise _Stopped
        self.assigned, self.drawn = drawn, True

    def _lots_of_workers(self) -> NDArray[np.uint64]:
        """Lottery numbers of the seed and the ids, unless the caller brought others."""
        ids = [worker.id for worker in self.inputs.workers]
        if self.lots is None:
            return lottery_numbers(self.settings.seed, ids)
        return np.array([self.lots[key] for key in ids], dtype=np.uint64)

    def _total(self, assigned: NDArray[np.intp]) -> int:
        return int(self.costs.values[np.arange(len(assigned)), assigned].sum())

    # -- outcome --------------------------------------------------------------

    def _result(self) -> SolveResult:
        if self.assigned is None:
            return self._finish(self._empty(Status.CANCELLED, ""))
        status, message = self._ending()
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
            self._empty(status, message),
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

    def _ending(self) -> tuple[Status, str]:
        """How the solve ended with an allocation, and what there is to say about it."""
        if self.drawn:
            return Status.OPTIMAL, ""
        if self.proven:
            return Status.CANCELLED, NOT_DRAWN
        return (Status.CANCELLED, "") if self._cancelled else (Status.FEASIBLE, OUT_OF_TIME)

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
        if not self.proven or self.master is None:
            return None
        ids = [line.id for line in self.inputs.job_lines]
        prices = dict(zip(ids, (self.master.prices * self.costs.unit).tolist(), strict=True))
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
            status=Status.CANCELLED if self._cancelled and not self.drawn else Status.FEASIBLE,
            bound=bound,
            gap=result.objective - bound,
            certificate=None,
            message="The costs differ too much to prove more than a small gap; lower the power.",
        )

    def _bound(self) -> int:
        """The best lower bound that is known: from the last prices, or without any."""
        if self.master is not None:
            return self.master.bound
        return self.face.bound(self.costs.values, np.zeros_like(self.face.upper))

    def _effort(self) -> Effort:
        if self.master is None:
            return Effort(steps=len(self.stages))
        rounds, columns, repairs = self.master.rounds, self.master.columns, self.master.repairs
        return Effort(rounds, columns, repairs, len(self.stages))

    def _decided_by(self) -> str:
        """See `SolveResult.solver`."""
        if self.master is None or not self.proven:
            return ""
        return ("" if self.master.answered else NOT_DECIDING) + self.settings.solver.value

    def _infeasible(self, message: str) -> SolveResult:
        return self._finish(self._empty(Status.INFEASIBLE, message))

    def _empty(self, status: Status, message: str) -> SolveResult:
        return SolveResult(
            status,
            self.settings,
            self.inputs.fingerprint,
            timings=self.timings,
            solver=self._decided_by(),
            effort=self._effort(),
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
