"""The independent check: every hard rule, the objective and the certificate, from the inputs.

It imports models, results and `checker_facts`, which derives everything a second time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allocator.models import Policy, RunInputs, Settings
from allocator.result import Allocation, Certificate, Check, StageProof
from allocator.solving.checker_facts import Facts, positions

TOLERANCE = 1e-9
"""Relative difference up to which two sums of floating-point numbers are the same."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Outcome of a check: each rule with its count, and whether optimality is proven."""

    checks: tuple[Check, ...]
    proven: bool

    @property
    def passed(self) -> bool:
        """True when no hard rule failed."""
        return not any(check.failures for check in self.checks)


def check(
    inputs: RunInputs,
    settings: Settings,
    allocations: Sequence[Allocation],
    objective: float,
    certificate: Certificate | None,
) -> Verdict:
    """Test an allocation against the hydrated inputs; nothing of the solver's is trusted."""
    facts = Facts(inputs, settings)
    placed = Counter(row.job_line for row in allocations)
    checks = [
        _everybody_once(inputs, allocations),
        _known_job_lines(inputs, allocations),
        _eligible(facts, allocations),
        _places(inputs, placed),
        _mandatory(inputs, placed),
        _pins(inputs, allocations),
    ]
    if inputs.baseline:
        checks.append(_moves(facts, allocations))
    if settings.worst_rank is not None:
        checks.append(_worst_rank(facts, allocations, settings.worst_rank))
    if not any(item.failures for item in checks):
        checks.append(_amounts(facts, allocations, objective))
        checks.append(_originals(facts, allocations))
    proven = certificate is not None and not any(item.failures for item in checks)
    if certificate is not None and proven:
        proven = Proof(facts).holds(allocations, objective, certificate)
    return Verdict(tuple(checks), proven)


def same(value: float, expected: float) -> bool:
    """Equal but for rounding; NaN equals nothing."""
    return bool(abs(value - expected) <= TOLERANCE * max(1.0, abs(expected)))


class Proof:
    """Weak duality, stage by stage: what is left after each stage is what could still be best."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        lines = facts.inputs.job_lines
        self.most = np.array([line.max_n_workers - line.used_places for line in lines])
        must = [line.must_have_workers and not line.used_places for line in lines]
        self.least = np.array(must, dtype=np.int64)
        self.allowed = facts.eligible & facts.may_move
        if facts.settings.worst_rank is not None:
            capped = facts.scores > facts.settings.worst_rank
            self.allowed[facts.ranked_one] &= ~capped[facts.ranked_one]
        for worker, line in facts.inputs.pins.items():
            if worker in facts.row:
                others = np.arange(len(lines)) != facts.column.get(line, -1)
                self.allowed[facts.row[worker], others] = False

    def holds(
        self, allocations: Sequence[Allocation], objective: float, certificate: Certificate
    ) -> bool:
        """True when no allocation beats this one in the policy's order, then in the objective."""
        lines = self.facts.column.keys()
        priced = [certificate.prices.keys(), *(stage.prices.keys() for stage in certificate.stages)]
        if any(lines - prices for prices in priced):
            return False
        rows = [self.facts.row[row.worker_mapping] for row in allocations]
        columns = [self.facts.column[row.job_line] for row in allocations]
        if self.facts.settings.policy is not Policy.LEAST_TOTAL:
            classes = self._classes()
            done: list[float] = []
            for stage in certificate.stages:
                if not self._stage_in_order(classes, done, stage):
                    return False
                done += stage.weights
                costs = np.zeros(classes.shape, dtype=np.int64)
                for value, weight in stage.weights.items():
                    costs[classes == value] = weight
                price = self.price_of(stage.prices)
                if int(costs[rows, columns].sum()) != self.bound_of(costs, price):
                    return False
                self._narrow(costs, price)
            if self._left(classes, done) and int(self.allowed.sum()) > len(rows):
                return False
        bound = self.bound_of(self.facts.costs(), self.price_of(certificate.prices))
        return bool(objective - bound <= TOLERANCE * max(1.0, abs(objective))) and same(
            certificate.bound, objective
        )

    def _classes(self) -> NDArray[np.float64]:
        """What the policy counts: scores, moves, or the number of better choices plus one."""
        policy = self.facts.settings.policy
        if policy is Policy.LOTTERY_ORDER:
            return self.facts.turns()
        if policy is Policy.LEXIMIN:
            return self.facts.scores
        if policy is Policy.FEWEST_MOVES:
            return self.facts.moved().astype(np.float64)
        if policy is Policy.MOST_MOVES:
            return (~self.facts.moved()).astype(np.float64)
        n = len(self.facts.column)
        classes = np.full(self.facts.scores.shape, n + 1.0)
        for row, worker in zip(classes, self.facts.inputs.workers, strict=True):
            order = self.facts.order(worker)
            ranks = {j: r for j, r in order.items() if j in self.facts.column}
            if ranks:
                columns = [self.facts.column[j] for j in ranks]
                row[columns] = positions(np.array(list(ranks.values())))[0]
        return classes

    def _left(self, classes: NDArray[np.float64], done: list[float]) -> list[float]:
        """Classes that still occur and are not decided, in the policy's order."""
        values: list[float] = np.setdiff1d(classes[self.allowed], done).tolist()
        ascending = (Policy.GREEDY, Policy.LOTTERY_ORDER)
        return values if self.facts.settings.policy in ascending else values[::-1]

    def _stage_in_order(
        self, classes: NDArray[np.float64], done: list[float], stage: StageProof
    ) -> bool:
        """The stage takes the next classes, and each outweighs all workers of the later ones."""
        values = list(stage.weights)
        if self.facts.settings.policy is Policy.LOTTERY_ORDER:
            return self._turns_in_order(self._left(classes, done), stage)
        sign = -1 if self.facts.settings.policy is Policy.GREEDY else 1
        sizes = [sign * stage.weights[value] for value in values] + [1]
        heavier = all(a > len(classes) * b for a, b in pairwise(sizes[:-1]))
        return bool(
            values == self._left(classes, done)[: len(values)] and heavier and min(sizes) > 0
        )

    def _turns_in_order(self, left: list[float], stage: StageProof) -> bool:
        """The stage takes the next workers' turns whole; each step down a worker's list weighs
        more than all that the workers after it could lose."""
        values, width = list(stage.weights), 2 * len(self.facts.column) + 2
        if not values or values != left[: len(values)]:
            return False
        if values != left and left[len(values)] // width == values[-1] // width:
            return False
        lost = 0
        for turn in sorted({value // width for value in values}, reverse=True):
            sizes = [stage.weights[value] for value in values if value // width == turn]
            if any(lower - higher <= lost for higher, lower in pairwise(sizes)):
                return False
            lost += sizes[-1] - sizes[0]
        return True

    def price_of(self, prices: Mapping[str, float]) -> NDArray[Any]:
        return np.array([prices[line.id] for line in self.facts.inputs.job_lines])

    def bound_of(self, costs: NDArray[Any], price: NDArray[Any]) -> Any:
        """What no allocation can be cheaper than, by weak duality, whatever the prices are."""
        highest = np.iinfo(np.int64).max if costs.dtype == np.int64 else np.inf
        cheapest = np.where(self.allowed, costs + price, highest).min(axis=1)
        return cheapest.sum() - np.where(price > 0, price * self.most, price * self.least).sum()

    def _narrow(self, costs: NDArray[np.int64], price: NDArray[np.int64]) -> None:
        """Keep the stage's optima: cheapest pairs, priced job lines at their limit."""
        priced = np.where(self.allowed, costs + price, np.iinfo(np.int64).max)
        self.allowed &= priced == priced.min(axis=1, keepdims=True)
        most, least = self.most, self.least
        self.most = np.where(price < 0, least, most)
        self.least = np.where(price > 0, most, least)


def _everybody_once(inputs: RunInputs, allocations: Sequence[Allocation]) -> Check:
    times = Counter(row.worker_mapping for row in allocations)
    names = {worker.id: worker.name for worker in inputs.workers}
    failures = [f"{name} is placed {times[i]} times" for i, name in names.items() if times[i] != 1]
    failures += [f"unknown worker {i} is placed" for i in times if i not in names]
    return Check("Every worker gets exactly one job line", len(names), tuple(failures))


def _known_job_lines(inputs: RunInputs, allocations: Sequence[Allocation]) -> Check:
    known = {line.id for line in inputs.job_lines}
    failures = [
        f"{row.job_line} is not in the run" for row in allocations if row.job_line not in known
    ]
    return Check("Every job line belongs to the run", len(allocations), tuple(failures))


def _eligible(facts: Facts, allocations: Sequence[Allocation]) -> Check:
    failures = [
        f"{row.worker_mapping} may not hold {row.job_line}"
        for row in allocations
        if row.worker_mapping in facts.row
        and row.job_line in facts.column
        and not facts.eligible[facts.row[row.worker_mapping], facts.column[row.job_line]]
    ]
    return Check("Every placement is eligible", len(allocations), tuple(failures))


def _places(inputs: RunInputs, placed: Counter[str]) -> Check:
    failures = [
        f"{line.name} has {line.places} places and {placed[line.id]} workers"
        for line in inputs.job_lines
        if placed[line.id] > line.max_n_workers - line.used_places
    ]
    return Check("No job line is over its places", len(inputs.job_lines), tuple(failures))


def _mandatory(inputs: RunInputs, placed: Counter[str]) -> Check:
    must = [line for line in inputs.job_lines if line.must_have_workers and not line.used_places]
    failures = [f"{line.name} must have a worker" for line in must if not placed[line.id]]
    return Check("Every mandatory job line has a worker", len(must), tuple(failures))


def _pins(inputs: RunInputs, allocations: Sequence[Allocation]) -> Check:
    pins = {
        w: j for w, j in inputs.pins.items() if any(worker.id == w for worker in inputs.workers)
    }
    held = {row.worker_mapping: row.job_line for row in allocations}
    failures = [f"{w} is not at {j}, its pin" for w, j in pins.items() if held.get(w) != j]
    return Check("Every pin holds", len(pins), tuple(failures))


def _moves(facts: Facts, allocations: Sequence[Allocation]) -> Check:
    """Whoever had a job line keeps it, or moves as the scenario lets them."""
    failures = [
        f"{row.worker_mapping} may not move to {row.job_line}"
        for row in allocations
        if row.worker_mapping in facts.row
        and row.job_line in facts.column
        and not facts.may_move[facts.row[row.worker_mapping], facts.column[row.job_line]]
    ]
    return Check("Nobody moves against the rules on moves", len(allocations), tuple(failures))


def _worst_rank(facts: Facts, allocations: Sequence[Allocation], cap: float) -> Check:
    """The cap binds whoever ranked at least one job line of the run; the others are exempt."""
    placed = [
        (row, facts.row[row.worker_mapping], facts.column[row.job_line])
        for row in allocations
        if row.worker_mapping in facts.row and row.job_line in facts.column
    ]
    bound = [(row, i, j) for row, i, j in placed if facts.ranked_one[i]]
    failures = [
        f"{row.worker_mapping} is above the cap on the worst rank"
        for row, i, j in bound
        if facts.scores[i, j] > cap
    ]
    return Check(
        "Nobody who ranked is placed above the cap on the worst rank", len(bound), tuple(failures)
    )


def _amounts(facts: Facts, allocations: Sequence[Allocation], objective: float) -> Check:
    """Each row's score and cost, and their sum."""
    rows = [facts.row[row.worker_mapping] for row in allocations]
    columns = [facts.column[row.job_line] for row in allocations]
    scores, costs = facts.scores[rows, columns], facts.costs()[rows, columns]
    failures = [
        f"{row.worker_mapping}: score or cost is not what the inputs say"
        for row, score, cost in zip(allocations, scores, costs, strict=True)
        if not (same(row.score, score) and same(row.cost, cost))
    ]
    if not same(objective, float(costs.sum())):
        failures.append(f"the objective is {costs.sum()}, not {objective}")
    return Check("Scores, costs and the objective add up", len(allocations) + 1, tuple(failures))


def _originals(facts: Facts, allocations: Sequence[Allocation]) -> Check:
    """The worker's own rank among everything that it ranked in the allocation run."""
    failures = []
    for row in allocations:
        order = facts.order(facts.inputs.workers[facts.row[row.worker_mapping]])
        expected = None
        if row.job_line in order:
            ranks = np.sort(np.fromiter(order.values(), dtype=np.int64, count=len(order)))
            first = np.searchsorted(ranks, order[row.job_line], side="left")
            last = np.searchsorted(ranks, order[row.job_line], side="right")
            expected = float(first + 1 + last) / 2
        if row.original_preference != expected:
            failures.append(f"{row.worker_mapping}: original preference should be {expected}")
    return Check(
        "Original preferences are the workers' own ranks", len(allocations), tuple(failures)
    )
