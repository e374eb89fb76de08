"""Who may hold what, and the rule that decided each pair."""

from __future__ import annotations

import numpy as np
import pandas as pd

from allocator.eligibility import Rule
from allocator.matrices import matrices
from allocator.models import RunInputs

FEW = 3
"""Fewer eligible partners than this count as few."""

FLAGS = ("none", "few", "")


def rule_matrix_frame(inputs: RunInputs) -> pd.DataFrame:
    """The deciding `Rule` (its number) of every pair: worker ids × job line ids."""
    return pd.DataFrame(
        matrices(inputs).rules,
        index=pd.Index([w.id for w in inputs.workers], name="worker"),
        columns=pd.Index([j.id for j in inputs.job_lines], name="job_line"),
    )


def rule_counts(inputs: RunInputs) -> pd.DataFrame:
    """How many pairs each rule decided: `rule` (words), `eligible`, `pairs`, `share` (0 … 1).

    In the order in which the rules apply; rules that decided nothing are left out.
    """
    rules = matrices(inputs).rules
    counts = np.bincount(rules.ravel(), minlength=max(Rule) + 1)
    rows = [
        (rule.words, rule.eligible, int(counts[rule]), counts[rule] / max(rules.size, 1))
        for rule in Rule
        if counts[rule]
    ]
    return pd.DataFrame(rows, columns=["rule", "eligible", "pairs", "share"])


def eligibility_by_worker(inputs: RunInputs, few: int = FEW) -> pd.DataFrame:
    """`worker`, `name`, `internal_id`, `n_eligible`, `share`, `flag`; fewest first.

    `flag` is `none`, `few` (below `few`) or empty.
    """
    counts = matrices(inputs).eligible.sum(axis=1)
    frame = pd.DataFrame(
        {
            "worker": pd.array([w.id for w in inputs.workers], dtype="str"),
            "name": pd.array([w.name for w in inputs.workers], dtype="str"),
            "internal_id": pd.array([w.internal_id for w in inputs.workers], dtype="str"),
        }
    )
    return _flagged(frame, counts, len(inputs.job_lines), few)


def eligibility_by_job_line(inputs: RunInputs, few: int = FEW) -> pd.DataFrame:
    """`job_line`, `name`, `places`, `must_have`, `n_eligible`, `share`, `flag`; fewest first."""
    counts = matrices(inputs).eligible.sum(axis=0)
    frame = pd.DataFrame(
        {
            "job_line": pd.array([j.id for j in inputs.job_lines], dtype="str"),
            "name": pd.array([j.name for j in inputs.job_lines], dtype="str"),
            "places": [j.places for j in inputs.job_lines],
            "must_have": [j.must_have_workers for j in inputs.job_lines],
        }
    )
    return _flagged(frame, counts, len(inputs.workers), few)


def _flagged(frame: pd.DataFrame, counts: np.ndarray, total: int, few: int) -> pd.DataFrame:
    frame["n_eligible"] = counts
    frame["share"] = counts / max(total, 1)
    frame["flag"] = np.select([counts == 0, counts < few], FLAGS[:2], default=FLAGS[2])
    return frame.sort_values(["n_eligible", "name"], ignore_index=True)
