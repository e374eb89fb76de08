"""A run as arrays: scores, eligibility, weightings, places and exact integer costs.

Rows are `inputs.workers`, columns are `inputs.job_lines`, both sorted by id.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from math import floor, log2

import numpy as np
from numpy.typing import NDArray

from allocator.eligibility import ELIGIBLE, rule_matrix
from allocator.models import RunInputs, Settings
from allocator.weightings import net_weightings, organisation_base

MAX_COST = 2**40
"""Costs stay below this, so that sums of thousands of them are exact in float64 and int64."""


@dataclass(frozen=True, eq=False)
class Matrices:
    """The arrays that the solver, the diagnosis and the explanations share."""

    inputs: RunInputs

    @cached_property
    def scores(self) -> NDArray[np.float64]:
        """Fractional rank or unranked budget of each pair, (workers, job lines)."""
        columns = {j.id: i for i, j in enumerate(self.inputs.job_lines)}
        scores = np.empty((len(self.inputs.workers), len(columns)))
        for row, worker in zip(scores, self.inputs.workers, strict=True):
            ranked = worker.preferences.scores
            row[:] = worker.preferences.unranked_score
            row[[columns[j] for j in ranked]] = list(ranked.values())
        return scores

    @cached_property
    def rules(self) -> NDArray[np.uint8]:
        """`eligibility.Rule` of each pair."""
        return rule_matrix(self.inputs)

    @cached_property
    def eligible(self) -> NDArray[np.bool_]:
        """Whether the pair may be placed (eligibility, rulings and pins)."""
        return np.isin(self.rules, [int(rule) for rule in ELIGIBLE])

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
        if settings.worst_rank is None:
            return self.eligible
        return self.eligible & (self.scores <= settings.worst_rank)

    def costs(self, settings: Settings) -> Costs:
        """The objective's coefficient of each pair, as integers; see `Costs`."""
        return integer_costs(self, settings)


@lru_cache(maxsize=4)
def matrices(inputs: RunInputs) -> Matrices:
    """The matrices of these inputs, kept for the last few inputs."""
    return Matrices(inputs)


@dataclass(frozen=True, eq=False)
class Costs:
    """(1−alpha)·D_worker + alpha·D_org of each pair = `values` · `unit`.

    Scores and weightings are multiples of 1/2 and alpha is a short decimal, so with a whole
    power the costs are whole multiples of one small unit: optimality and ties are decided
    without rounding (`exact`). Otherwise each cost is rounded to a grid fine enough that an
    allocation's objective is off by at most `unit` · workers / 2.
    """

    values: NDArray[np.int64]
    unit: float
    exact: bool

    @property
    def in_objective_units(self) -> NDArray[np.float64]:
        """The coefficients as the objective has them, (workers, job lines)."""
        return np.multiply(self.values, self.unit, dtype=np.float64)


def integer_costs(matrices: Matrices, settings: Settings) -> Costs:
    """Costs on the integer grid; equal scores always give equal costs, so real ties stay ties."""
    alpha = _as_fraction(settings.alpha)
    base = organisation_base(len(matrices.inputs.workers))
    top_score = float(matrices.scores.max(initial=1.0))
    net = matrices.weightings
    top_net = base + float(max(net.max(initial=0), -net.min(initial=0)))
    power = int(settings.power) if settings.power == int(settings.power) else 0
    halves = 2 ** max(power, 1)
    bound = alpha.denominator * halves * (Fraction(top_score) ** max(power, 1) + Fraction(top_net))
    if power and bound < MAX_COST:
        twice = np.rint(2 * matrices.scores).astype(np.int64)
        worker = (alpha.denominator - alpha.numerator) * twice**power
        organisation = alpha.numerator * (halves // 2) * (round(2 * base) + 2 * net)
        return Costs(worker + organisation, 1.0 / (alpha.denominator * halves), exact=True)
    largest = max(1.0, (1 - settings.alpha) * top_score**settings.power + settings.alpha * top_net)
    scale = 2.0 ** floor(log2(MAX_COST / largest) - 1)
    worker = np.rint((1 - settings.alpha) * matrices.scores**settings.power * scale)
    organisation = np.rint(settings.alpha * (base + net) * scale)
    return Costs((worker + organisation).astype(np.int64), 1.0 / scale, exact=False)


def _as_fraction(alpha: float) -> Fraction:
    """The short fraction that is meant, e.g. 3/10 for 0.1 + 0.2; else the decimal as written."""
    short = Fraction(alpha).limit_denominator(10**6)
    return short if abs(float(short) - alpha) < 1e-14 else Fraction(repr(alpha))
