"""The independent check: every hard rule, the objective and the certificate, from the inputs.

It imports the models and errors only. Ranks, eligibility, weightings and costs are derived
here a second time, in another way, so that a mistake in the formulation cannot hide.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allocator.models import (
    Allocation,
    Certificate,
    Check,
    JobLine,
    Policy,
    RunInputs,
    Settings,
    StageProof,
    Worker,
)

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
    facts = _Facts(inputs, settings)
    placed = Counter(row.job_line for row in allocations)
    checks = [
        _everybody_once(inputs, allocations),
        _known_job_lines(inputs, allocations),
        _eligible(facts, allocations),
        _places(inputs, placed),
        _mandatory(inputs, placed),
        _pins(inputs, allocations),
    ]
    if settings.worst_rank is not None:
        checks.append(_worst_rank(facts, allocations, settings.worst_rank))
    if not any(item.failures for item in checks):
        checks.append(_amounts(facts, allocations, objective))
        checks.append(_originals(facts, allocations))
    proven = certificate is not None and not any(item.failures for item in checks)
    if certificate is not None and proven:
        proven = _Proof(facts).holds(allocations, objective, certificate)
    return Verdict(tuple(checks), proven)


def _same(value: float, expected: float) -> bool:
    """Equal but for rounding; NaN equals nothing."""
    return bool(abs(value - expected) <= TOLERANCE * max(1.0, abs(expected)))


def _positions(ranks: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First and last position, 1 …, that each rank takes among all of them."""
    _, group, size = np.unique(ranks, return_inverse=True, return_counts=True)
    last = np.cumsum(size)
    return (last - size + 1)[group], last[group]


class _Facts:
    """What the inputs say about each pair, derived row by row."""

    def __init__(self, inputs: RunInputs, settings: Settings) -> None:
        self.inputs = inputs
        self.settings = settings
        self.row = {worker.id: i for i, worker in enumerate(inputs.workers)}
        self.column = {line.id: i for i, line in enumerate(inputs.job_lines)}
        self.holders: dict[str, set[int]] = {}
        for i, worker in enumerate(inputs.workers):
            for tag in worker.qualification_ids:
                self.holders.setdefault(tag, set()).add(i)
        self.eligible = self._eligible()
        self.extra = self._extra()
        self.scores = np.vstack([self._scores(worker) for worker in inputs.workers])
        lists = (worker.preferences.order for worker in inputs.workers)
        self.ranked_one = np.array([bool(self.column.keys() & order.keys()) for order in lists])

    def order(self, worker: Worker) -> Mapping[str, int]:
        """A number for each ranked job line that grows down the worker's list: the stored rank,
        or under `bucket_order` the bucket (pending, 35, where there is none) above the rank."""
        chosen = worker.preferences
        if not self.settings.bucket_order:
            return chosen.order
        return {j: (chosen.buckets.get(j, 35) << 32) + rank for j, rank in chosen.order.items()}

    def _scores(self, worker: Worker) -> NDArray[np.float64]:
        """Average positions of the ranked job lines; the others share what is left of 1 … N."""
        n = len(self.column)
        order = self.order(worker)
        columns = [self.column.get(job_line, -1) for job_line in order]
        inside = np.array(columns, dtype=np.intp) >= 0
        ranks = np.fromiter(order.values(), dtype=np.int64, count=len(order))[inside]
        left = n * (n + 1) / 2 - len(ranks) * (len(ranks) + 1) / 2
        scores = np.full(n, left / max(1, n - len(ranks)))
        first, last = _positions(ranks)
        scores[np.array(columns, dtype=np.intp)[inside]] = (first + last) / 2
        return scores

    def _eligible(self) -> NDArray[np.bool_]:
        eligible = np.zeros((len(self.row), len(self.column)), dtype=bool)
        for line in self.inputs.job_lines:
            eligible[list(self._may_hold(line)), self.column[line.id]] = True
        for (worker, line_id), allowed in self.inputs.rulings.items():
            if worker in self.row and line_id in self.column:
                eligible[self.row[worker], self.column[line_id]] = allowed
        return eligible

    def _may_hold(self, line: JobLine) -> set[int]:
        """Positions of the eligible workers: start with the widest rule, then correct it."""
        everyone = set(self.row.values())
        rules = line.eligibility
        if rules is None:
            return everyone
        named = rules.included_qualification_tag_ids
        able = self._with_tags(named) if named else everyone
        able = able - self._with_tags(rules.excluded_qualification_tag_ids)
        able -= {self.row[w] for w in rules.excluded_worker_mapping_ids if w in self.row}
        return able | {self.row[w] for w in rules.included_worker_mapping_ids if w in self.row}

    def _with_tags(self, tags: frozenset[str]) -> set[int]:
        return set().union(*(self.holders.get(tag, set()) for tag in tags))

    def _extra(self) -> NDArray[np.int64]:
        extra = np.zeros((len(self.row), len(self.column)), dtype=np.int64)
        for weighting in self.inputs.weightings:
            if weighting.worker_mapping_ids or weighting.qualification_tag_ids:
                rows = self._with_tags(weighting.qualification_tag_ids)
                rows |= {self.row[w] for w in weighting.worker_mapping_ids if w in self.row}
                reached: list[int] | slice = sorted(rows)
            else:
                reached = slice(None)
            if weighting.job_line is None:
                extra[reached] += weighting.weighting
            elif weighting.job_line in self.column:
                extra[reached, self.column[weighting.job_line]] += weighting.weighting
        return extra

    def costs(self) -> NDArray[np.float64]:
        """(1−alpha)·score^power + alpha·((W+1)/2 + weightings), (workers, job lines)."""
        alpha = self.settings.alpha
        organisation = (len(self.row) + 1) / 2 + self.extra
        return (1 - alpha) * self.scores**self.settings.power + alpha * organisation


class _Proof:
    """Weak duality, stage by stage: what is left after each stage is what could still be best."""

    def __init__(self, facts: _Facts) -> None:
        self.facts = facts
        lines = facts.inputs.job_lines
        self.most = np.array([line.max_n_workers - line.used_places for line in lines])
        must = [line.must_have_workers and not line.used_places for line in lines]
        self.least = np.array(must, dtype=np.int64)
        self.allowed = facts.eligible.copy()
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
                price = self._price(stage.prices)
                if int(costs[rows, columns].sum()) != self._bound(costs, price):
                    return False
                self._narrow(costs, price)
            if self._left(classes, done) and int(self.allowed.sum()) > len(rows):
                return False
        bound = self._bound(self.facts.costs(), self._price(certificate.prices))
        return bool(objective - bound <= TOLERANCE * max(1.0, abs(objective))) and _same(
            certificate.bound, objective
        )

    def _classes(self) -> NDArray[np.float64]:
        """What the policy counts: scores, or the number of better choices plus one."""
        if self.facts.settings.policy is Policy.LEXIMIN:
            return self.facts.scores
        n = len(self.facts.column)
        classes = np.full(self.facts.scores.shape, n + 1.0)
        for row, worker in zip(classes, self.facts.inputs.workers, strict=True):
            order = self.facts.order(worker)
            ranks = {j: r for j, r in order.items() if j in self.facts.column}
            if ranks:
                columns = [self.facts.column[j] for j in ranks]
                row[columns] = _positions(np.array(list(ranks.values())))[0]
        return classes

    def _left(self, classes: NDArray[np.float64], done: list[float]) -> list[float]:
        """Classes that still occur and are not decided, in the policy's order."""
        values: list[float] = np.setdiff1d(classes[self.allowed], done).tolist()
        return values if self.facts.settings.policy is Policy.GREEDY else values[::-1]

    def _stage_in_order(
        self, classes: NDArray[np.float64], done: list[float], stage: StageProof
    ) -> bool:
        """The stage takes the next classes, and each outweighs all workers of the later ones."""
        values = list(stage.weights)
        sign = -1 if self.facts.settings.policy is Policy.GREEDY else 1
        sizes = [sign * stage.weights[value] for value in values] + [1]
        heavier = all(a > len(classes) * b for a, b in pairwise(sizes[:-1]))
        return bool(
            values == self._left(classes, done)[: len(values)] and heavier and min(sizes) > 0
        )

    def _price(self, prices: Mapping[str, float]) -> NDArray[Any]:
        return np.array([prices[line.id] for line in self.facts.inputs.job_lines])

    def _bound(self, costs: NDArray[Any], price: NDArray[Any]) -> Any:
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


def _eligible(facts: _Facts, allocations: Sequence[Allocation]) -> Check:
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


def _worst_rank(facts: _Facts, allocations: Sequence[Allocation], cap: float) -> Check:
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


def _amounts(facts: _Facts, allocations: Sequence[Allocation], objective: float) -> Check:
    """Each row's score and cost, and their sum."""
    rows = [facts.row[row.worker_mapping] for row in allocations]
    columns = [facts.column[row.job_line] for row in allocations]
    scores, costs = facts.scores[rows, columns], facts.costs()[rows, columns]
    failures = [
        f"{row.worker_mapping}: score or cost is not what the inputs say"
        for row, score, cost in zip(allocations, scores, costs, strict=True)
        if not (_same(row.score, score) and _same(row.cost, cost))
    ]
    if not _same(objective, float(costs.sum())):
        failures.append(f"the objective is {costs.sum()}, not {objective}")
    return Check("Scores, costs and the objective add up", len(allocations) + 1, tuple(failures))


def _originals(facts: _Facts, allocations: Sequence[Allocation]) -> Check:
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
