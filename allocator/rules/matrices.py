"""A run as arrays: scores, eligibility, weightings, places and exact integer costs.

Rows are `inputs.workers`, columns are `inputs.job_lines`, both sorted by id.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import floor, lcm, log2

import numpy as np
from numpy.typing import NDArray

from allocator.errors import Infeasible
from allocator.models import Policy, RunInputs, Settings
from allocator.rules.eligibility import ELIGIBLE, rule_matrix
from allocator.rules.weightings import net_weightings, organisation_base

CUTS = 3
"""How often the dearest costs are cut, each time by the total of a better allocation."""
FINE_ENOUGH = 1e-10
"""Share of the objective that rounding may take: well within the checker's tolerance."""


def most_cost(n_workers: int, n_job_lines: int) -> int:
    """Costs stay below this: each is exact in float64, and the longest chain of them in int64."""
    return min(2**50, 2**59 // (n_workers + n_job_lines + 1))


@dataclass(frozen=True, eq=False)
class Matrices:
    """The arrays that the solver, the diagnosis and the explanations share."""

    inputs: RunInputs

    @cached_property
    def scores(self) -> NDArray[np.float64]:
        """Fractional rank or unranked budget of each pair, (workers, job lines)."""
        columns = self.inputs.job_line_positions
        scores = np.empty((len(self.inputs.workers), len(columns)))
        for row, worker in zip(scores, self.inputs.workers, strict=True):
            ranked = worker.preferences.scores
            row[:] = worker.preferences.unranked_score
            row[[columns[j] for j in ranked]] = list(ranked.values())
        return scores

    @cached_property
    def ranked(self) -> NDArray[np.bool_]:
        """Whether the worker ranked the job line, (workers, job lines)."""
        columns = self.inputs.job_line_positions
        ranked = np.zeros(self.scores.shape, dtype=bool)
        for row, worker in zip(ranked, self.inputs.workers, strict=True):
            row[[columns[j] for j in worker.preferences.scores]] = True
        return ranked

    @cached_property
    def first_choices(self) -> NDArray[np.bool_]:
        """Whether the job line is a first choice: ranked, and none on the list scores better."""
        best = np.where(self.ranked, self.scores, np.inf).min(axis=1, initial=np.inf)
        firsts: NDArray[np.bool_] = self.ranked & (self.scores == best[:, None])
        return firsts

    @cached_property
    def rules(self) -> NDArray[np.uint8]:
        """`eligibility.Rule` of each pair."""
        return rule_matrix(self.inputs)

    @cached_property
    def eligible(self) -> NDArray[np.bool_]:
        """Whether the pair may be placed (eligibility, rulings and pins)."""
        return np.isin(self.rules, [int(rule) for rule in ELIGIBLE])

    @cached_property
    def moved(self) -> NDArray[np.bool_]:
        """Whether the pair takes the worker away from its job line of the baseline."""
        held, columns = self.inputs.baseline.placements, self.inputs.job_line_positions
        moved = np.zeros((len(self.inputs.workers), len(columns)), dtype=bool)
        for row, worker in zip(moved, self.inputs.workers, strict=True):
            if worker.id in held:
                row[:] = True
                if held[worker.id] in columns:
                    row[columns[held[worker.id]]] = False
        return moved

    @cached_property
    def weightings(self) -> NDArray[np.int64]:
        """Net weighting of each pair."""
        return net_weightings(self.inputs)

    @cached_property
    def lower(self) -> NDArray[np.int64]:
        """Fewest workers of each job line: 1 where it must have somebody."""
        return np.array([j.least_places for j in self.inputs.job_lines], dtype=np.int64)

    @cached_property
    def upper(self) -> NDArray[np.int64]:
        """Places of each job line."""
        return np.array([j.places for j in self.inputs.job_lines], dtype=np.int64)

    def allowed(self, settings: Settings) -> NDArray[np.bool_]:
        """Eligible pairs within the cap on the worst rank, if there is one."""
        return self.eligible & self.within_cap(settings.worst_rank)

    def within_cap(self, worst_rank: float | None) -> NDArray[np.bool_]:
        """Pairs that a cap on the worst rank leaves open, eligible or not.

        It binds workers who ranked at least one job line of the run; those who ranked none are
        exempt: for them every job line counts alike.
        """
        if worst_rank is None:
            return np.ones(self.scores.shape, dtype=bool)
        bound = self.ranked.any(axis=1, keepdims=True)
        within: NDArray[np.bool_] = (self.scores <= worst_rank) | ~bound
        return within

    def costs(self, settings: Settings) -> Costs:
        """The objective's coefficient of each pair, as integers; see `Costs`."""
        return integer_costs(self, settings)

    def coefficients(
        self, settings: Settings, workers: NDArray[np.intp], job_lines: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """The objective's coefficient of some pairs in floating point, shape (pairs,)."""
        own = self.scores[workers, job_lines] ** settings.power
        organisation = (
            organisation_base(len(self.inputs.workers)) + (self.weightings[workers, job_lines])
        )
        total: NDArray[np.float64] = (1 - settings.alpha) * own + settings.alpha * organisation
        total += settings.move_price * self.moved[workers, job_lines]
        return total


def matrices(inputs: RunInputs) -> Matrices:
    """The matrices of these inputs, made once and kept with them."""
    return inputs.derived(Matrices)


@dataclass(frozen=True, eq=False)
class Costs:
    """(1−alpha)·D_worker + alpha·D_org, and the price of a move, of each pair = `values` · `unit`.

    Scores and weightings are multiples of 1/2, alpha and the price are short decimals, so with a
    whole power the costs are whole multiples of one small unit: optimality and ties are decided
    without rounding (`exact`). Otherwise (a fractional power, or one too high for whole numbers)
    each cost is rounded to a fine grid, and an allocation's total is off by `slack` at most;
    a cost above that of a whole allocation may be cut.
    """

    values: NDArray[np.int64]
    unit: float
    exact: bool

    def of_scores(self, settings: Settings, n_job_lines: int) -> NDArray[np.int64]:
        """What half a rank, one, one and a half … N cost a worker, shape (2N+1,), by twice the
        rank; the organisation's part is not in it."""
        twice = np.arange(2 * n_job_lines + 1)
        if not self.exact:
            own = np.multiply(1 - settings.alpha, (twice / 2) ** settings.power, dtype=np.float64)
            return np.rint(own / self.unit).astype(np.int64)
        power = int(settings.power)
        common = round(1 / self.unit) // 2 ** max(power, 1)
        return int(common * (1 - _as_fraction(settings.alpha))) * twice**power

    @property
    def slack(self) -> float:
        """What rounding may change an allocation's objective by: two terms of each worker."""
        return 0.0 if self.exact else 2 * self.unit * len(self.values)


def integer_costs(matrices: Matrices, settings: Settings) -> Costs:
    """Costs on the integer grid; equal scores always give equal costs, so real ties stay ties."""
    alpha = _as_fraction(settings.alpha)
    base = organisation_base(len(matrices.inputs.workers))
    top_score = float(matrices.scores.max(initial=1.0))
    net = matrices.weightings
    top_net = base + float(max(net.max(initial=0), -net.min(initial=0)))
    power = int(settings.power) if settings.power == int(settings.power) else 0
    halves = 2 ** max(power, 1)
    price = _as_fraction(settings.move_price)
    common = lcm(alpha.denominator, price.denominator)
    bound = common * halves * (Fraction(top_score) ** max(power, 1) + Fraction(top_net) + price)
    limit = most_cost(*matrices.scores.shape)
    if power and bound < limit:
        twice = np.rint(2 * matrices.scores).astype(np.int64)
        worker = int(common * (1 - alpha)) * twice**power
        organisation = int(common * alpha) * (halves // 2) * (round(2 * base) + 2 * net)
        moves = int(common * price) * halves * matrices.moved
        return Costs(worker + organisation + moves, 1.0 / (common * halves), exact=True)
    return _rounded(matrices, settings, limit)


def _rounded(matrices: Matrices, settings: Settings, limit: int) -> Costs:
    """Costs on a grid as fine as needed.

    A high power spreads the costs so far that the dearest pairs would leave no digits for the
    others. No optimum has a pair that costs more than a whole allocation, so under the least
    total such pairs are cut to a little above that.
    """
    own = np.multiply(1 - settings.alpha, matrices.scores**settings.power, dtype=np.float64)
    net = organisation_base(len(own)) + matrices.weightings
    organisation = np.multiply(settings.alpha, net, dtype=np.float64)
    organisation += settings.move_price * matrices.moved
    allowed = matrices.allowed(settings)
    least = np.where(allowed, own + organisation, np.inf).min(axis=1, initial=np.inf)
    costs = _on_grid(own, organisation, np.full(len(own), np.inf), limit)
    if settings.policy is not Policy.LEAST_TOTAL or not np.isfinite(least).all():
        return costs
    for _ in range(CUTS):
        if costs.slack <= FINE_ENOUGH * max(1.0, abs(float(least.sum()))):
            break
        total = _total_of_one(matrices, settings, costs, allowed)
        if total is None:
            break
        room = (total - float(least.sum())) * (1 + FINE_ENOUGH) + FINE_ENOUGH * abs(total)
        costs = _on_grid(own, organisation, least + room, limit)
    return costs


def _on_grid(
    own: NDArray[np.float64],
    organisation: NDArray[np.float64],
    most: NDArray[np.float64],
    limit: int,
) -> Costs:
    """Both terms rounded on their own, so that equal sums stay equal; `most` of each worker."""
    largest = float(np.abs(np.minimum(own + organisation, most[:, None])).max(initial=1.0))
    scale = 2.0 ** floor(log2(limit / largest) - 1)
    values = np.rint(own * scale) + np.rint(organisation * scale)
    values = np.minimum(values, np.ceil(most * scale)[:, None])
    return Costs(values.astype(np.int64), 1.0 / scale, exact=False)


def _total_of_one(
    matrices: Matrices, settings: Settings, costs: Costs, allowed: NDArray[np.bool_]
) -> float | None:
    """The objective of a good allocation; None when there is no allocation."""
    from allocator.solving.residual import Face
    from allocator.solving.starting import best_allocation

    face = Face(allowed, matrices.lower, matrices.upper)
    try:
        found = best_allocation(costs.values, face, lambda: False)
    except Infeasible:
        return None
    if found is None:
        return None
    return float(
        matrices.coefficients(settings, np.arange(len(found.assigned)), found.assigned).sum()
    )


def _as_fraction(alpha: float) -> Fraction:
    """The short fraction that is meant, e.g. 3/10 for 0.1 + 0.2; else the decimal as written."""
    short = Fraction(alpha).limit_denominator(10**6)
    return short if abs(float(short) - alpha) < 1e-14 else Fraction(repr(alpha))
