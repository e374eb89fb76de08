"""Eligibility: which workers a job line may take, and the rule that decided."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from allocator.models import JobLine, RunInputs, Worker


class Rule(IntEnum):
    """The rules in the order in which they apply; the first that applies decides."""

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
}


def rule_for(inputs: RunInputs, worker: Worker, job_line: JobLine) -> Rule:
    """The rule that decides one pair (the readable twin of `rule_matrix`)."""
    pinned = inputs.pins.get(worker.id)
    if pinned is not None and pinned != job_line.id:
        return Rule.PINNED_ELSEWHERE
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
    for worker, job_line_id in inputs.pins.items():
        if worker in workers:
            others = np.arange(len(job_lines)) != job_lines.get(job_line_id, -1)
            rules[workers[worker], others] = Rule.PINNED_ELSEWHERE
    return rules


def holders_by_tag(inputs: RunInputs) -> dict[str, NDArray[np.intp]]:
    """Tag id → positions of the workers who hold it."""
    holders: dict[str, list[int]] = {}
    for position, worker in enumerate(inputs.workers):
        for tag in worker.qualification_ids:
            holders.setdefault(tag, []).append(position)
    return {tag: np.array(positions, dtype=np.intp) for tag, positions in holders.items()}
