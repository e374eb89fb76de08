"""Eligibility: which workers a job line may take, and the rule that decided."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from allocator.models import JobLine, RunInputs, Worker
from allocator.rules.ranks import ranking


class Rule(IntEnum):
    """The rules of eligibility in the order in which they apply; the first that applies decides.
    A pair that they allow may still be a move that the scenario does not."""

    PINNED_ELSEWHERE = 1
    BANNED = 2
    ALLOWED = 3
    INCLUDED_WORKER = 4
    EXCLUDED_WORKER = 5
    EXCLUDED_TAG = 6
    INCLUDED_TAG = 7
    TAG_MISSING = 8
    NOT_RESTRICTED = 9
    NO_RULES = 10
    MAY_NOT_MOVE = 11

    @property
    def eligible(self) -> bool:
        """The verdict of this rule."""
        return self in ELIGIBLE

    @property
    def words(self) -> str:
        """The rule as a coordinator reads it."""
        return WORDS[self]


ELIGIBLE = frozenset(
    {Rule.ALLOWED, Rule.INCLUDED_WORKER, Rule.INCLUDED_TAG, Rule.NOT_RESTRICTED, Rule.NO_RULES}
)

WORDS = {
    Rule.PINNED_ELSEWHERE: "Pinned to another job line in this scenario",
    Rule.BANNED: "Banned in this scenario",
    Rule.ALLOWED: "Allowed as an exception in this scenario",
    Rule.INCLUDED_WORKER: "Named as included",
    Rule.EXCLUDED_WORKER: "Named as excluded",
    Rule.EXCLUDED_TAG: "Holds an excluded qualification",
    Rule.INCLUDED_TAG: "Holds an included qualification",
    Rule.TAG_MISSING: "Holds none of the qualifications that the job line asks for",
    Rule.NOT_RESTRICTED: "The job line asks for no qualification",
    Rule.NO_RULES: "The job line has no eligibility rules",
    Rule.MAY_NOT_MOVE: "The scenario lets them keep what they had, or move elsewhere only",
}


def rule_for(inputs: RunInputs, worker: Worker, job_line: JobLine) -> Rule:
    """The rule that decides one pair (the readable twin of `rule_matrix`)."""
    pinned = inputs.pins.get(worker.id)
    if pinned is not None and pinned != job_line.id:
        return Rule.PINNED_ELSEWHERE
    rule = _without_moves(inputs, worker, job_line)
    barred = barred_moves(inputs, worker)[inputs.job_line_positions[job_line.id]]
    return Rule.MAY_NOT_MOVE if barred and rule in ELIGIBLE else rule


def _without_moves(inputs: RunInputs, worker: Worker, job_line: JobLine) -> Rule:
    ruling = inputs.rulings.get((worker.id, job_line.id))
    if ruling is not None:
        return Rule.ALLOWED if ruling else Rule.BANNED
    row = job_line.eligibility
    if row is None:
        return Rule.NO_RULES
    if worker.id in row.included_worker_mapping_ids:
        return Rule.INCLUDED_WORKER
    if worker.id in row.excluded_worker_mapping_ids:
        return Rule.EXCLUDED_WORKER
    if worker.qualification_ids & row.excluded_qualification_tag_ids:
        return Rule.EXCLUDED_TAG
    if worker.qualification_ids & row.included_qualification_tag_ids:
        return Rule.INCLUDED_TAG
    return Rule.TAG_MISSING if row.included_qualification_tag_ids else Rule.NOT_RESTRICTED


def rule_matrix(inputs: RunInputs) -> NDArray[np.uint8]:
    """`Rule` of every pair, shape (workers, job lines), in the order of `inputs`."""
    workers, job_lines = inputs.worker_positions, inputs.job_line_positions
    holders = holders_by_tag(inputs)
    rules = np.full((len(workers), len(job_lines)), Rule.NO_RULES, dtype=np.uint8)
    for column, job_line in enumerate(inputs.job_lines):
        row = job_line.eligibility
        if row is None:
            continue
        verdict = rules[:, column]
        asks = bool(row.included_qualification_tag_ids)
        verdict[:] = Rule.TAG_MISSING if asks else Rule.NOT_RESTRICTED
        # Weakest rule first: each later one overwrites.
        for tag in row.included_qualification_tag_ids:
            verdict[holders.get(tag, [])] = Rule.INCLUDED_TAG
        for tag in row.excluded_qualification_tag_ids:
            verdict[holders.get(tag, [])] = Rule.EXCLUDED_TAG
        for ids, rule in (
            (row.excluded_worker_mapping_ids, Rule.EXCLUDED_WORKER),
            (row.included_worker_mapping_ids, Rule.INCLUDED_WORKER),
        ):
            verdict[[workers[w] for w in ids if w in workers]] = rule
    for (worker, job_line_id), allowed in inputs.rulings.items():
        if worker in workers and job_line_id in job_lines:
            rule = Rule.ALLOWED if allowed else Rule.BANNED
            rules[workers[worker], job_lines[job_line_id]] = rule
    base, able = inputs.baseline, [int(rule) for rule in ELIGIBLE]
    for worker in base.only_to.keys() | base.improving | base.unharmed:
        if worker in workers:
            mine = rules[workers[worker]]
            barred = barred_moves(inputs, inputs.worker(worker))
            mine[barred & np.isin(mine, able)] = Rule.MAY_NOT_MOVE
    for worker, job_line_id in inputs.pins.items():
        if worker in workers:
            others = np.arange(len(job_lines)) != job_lines.get(job_line_id, -1)
            rules[workers[worker], others] = Rule.PINNED_ELSEWHERE
    return rules


def barred_moves(inputs: RunInputs, worker: Worker) -> NDArray[np.bool_]:
    """Job lines, shape (job lines,), that the scenario's rules on moves keep the worker from."""
    base, columns, here = inputs.baseline, inputs.job_line_positions, worker.id
    barred = np.zeros(len(columns), dtype=bool)
    if here in base.only_to:
        barred[:] = True
        barred[[columns[j] for j in base.only_to[here] if j in columns]] = False
    if here in base.improving or here in base.unharmed:
        order = ranking(worker.preferences)
        ranks = np.array([order.get(line.id, np.inf) for line in inputs.job_lines])
        before = order.get(base.placements[here], np.inf)
        barred |= (ranks >= before) if here in base.improving else (ranks > before)
    if here in base.placements and base.placements[here] in columns:
        barred[columns[base.placements[here]]] = False
    return barred


def holders_by_tag(inputs: RunInputs) -> dict[str, NDArray[np.intp]]:
    """Tag id → positions of the workers who hold it."""
    holders: dict[str, list[int]] = {}
    for position, worker in enumerate(inputs.workers):
        for tag in worker.qualification_ids:
            holders.setdefault(tag, []).append(position)
    return {tag: np.array(positions, dtype=np.intp) for tag, positions in holders.items()}
