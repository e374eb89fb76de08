"""What the inputs say about each pair, derived a second time for the independent check.

It imports the models alone: ranks, eligibility, moves, weightings and costs are worked out here in
another way than in the formulation, so that a mistake there cannot hide.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from allocator.models import JobLine, RunInputs, Settings, Worker


def positions(ranks: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First and last position, 1 …, that each rank takes among all of them."""
    _, group, size = np.unique(ranks, return_inverse=True, return_counts=True)
    last = np.cumsum(size)
    return (last - size + 1)[group], last[group]


class Facts:
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
        self.may_move = self._may_move()
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

    def turns(self) -> NDArray[np.float64]:
        """Turn of the worker in the lottery × (2N+2) + twice the score."""
        drawn = {w: sha256(f"{self.settings.seed}\x1f{w}".encode()).digest()[:8] for w in self.row}
        turn = {w: i for i, w in enumerate(sorted(self.row, key=lambda w: drawn[w]))}
        found = np.empty(self.scores.shape)
        for worker, i in self.row.items():
            found[i] = 2 * self.scores[i] + turn[worker] * 2 * (len(self.column) + 1)
        return found

    def _scores(self, worker: Worker) -> NDArray[np.float64]:
        """Average positions of the ranked job lines; the others share what is left of 1 … N."""
        n = len(self.column)
        order = self.order(worker)
        columns = [self.column.get(job_line, -1) for job_line in order]
        inside = np.array(columns, dtype=np.intp) >= 0
        ranks = np.fromiter(order.values(), dtype=np.int64, count=len(order))[inside]
        left = n * (n + 1) / 2 - len(ranks) * (len(ranks) + 1) / 2
        scores = np.full(n, left / max(1, n - len(ranks)))
        first, last = positions(ranks)
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

    def _may_move(self) -> NDArray[np.bool_]:
        """Whether the rules on moves leave the pair open: what each worker had always is."""
        base, lines = self.inputs.baseline, list(self.column)
        open_ = np.ones((len(self.row), len(lines)), dtype=bool)
        for worker, own in base.placements.items():
            if worker not in self.row:
                continue
            mine = open_[self.row[worker]]
            if worker in base.only_to:
                mine &= np.isin(lines, list(base.only_to[worker]))
            if worker in base.improving or worker in base.unharmed:
                order = self.order(self.inputs.workers[self.row[worker]])
                last = 1 + max(order.values(), default=0)
                lost = np.array([order.get(j, last) for j in lines]) - order.get(own, last)
                mine &= lost < 0 if worker in base.improving else lost <= 0
            if own in self.column:
                mine[self.column[own]] = True
        return open_

    def moved(self) -> NDArray[np.bool_]:
        """Whether the pair is a move: the worker had a job line, and it is not this one."""
        had = [self.inputs.baseline.placements.get(worker) for worker in self.row]
        there = np.array([self.column.get(line or "", -1) for line in had])[:, None]
        had_one = np.array([line is not None for line in had])[:, None]
        moved: NDArray[np.bool_] = (np.arange(len(self.column)) != there) & had_one
        return moved

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
        """(1−alpha)·score^power + alpha·((W+1)/2 + weightings) + the price of a move,
        (workers, job lines)."""
        alpha = self.settings.alpha
        organisation = (len(self.row) + 1) / 2 + self.extra
        own = (1 - alpha) * self.scores**self.settings.power
        costs: NDArray[np.float64] = own + alpha * organisation
        costs += self.settings.move_price * self.moved()
        return costs
