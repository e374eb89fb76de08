"""Weightings: whom each one reaches, and the organisation's dissatisfaction.

Positive = less wanted, negative = more wanted.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from allocator.models import RunInputs, Weighting
from allocator.rules.eligibility import holders_by_tag


def reached_workers(
    inputs: RunInputs, weighting: Weighting, holders: dict[str, NDArray[np.intp]] | None = None
) -> NDArray[np.bool_]:
    """Which workers a weighting reaches, shape (workers,); its job line is not looked at."""
    if not weighting.worker_mapping_ids and not weighting.qualification_tag_ids:
        return np.ones(len(inputs.workers), dtype=bool)
    holders = holders_by_tag(inputs) if holders is None else holders
    named = weighting.worker_mapping_ids
    reached = np.array([w.id in named for w in inputs.workers], dtype=bool)
    for tag in weighting.qualification_tag_ids:
        reached[holders.get(tag, [])] = True
    return reached


def net_weightings(inputs: RunInputs) -> NDArray[np.int64]:
    """Sum of the weightings that reach each pair, shape (workers, job lines)."""
    columns = inputs.job_line_positions
    holders = holders_by_tag(inputs)
    net = np.zeros((len(inputs.workers), len(columns)), dtype=np.int64)
    for weighting in inputs.weightings:
        reached = reached_workers(inputs, weighting, holders)
        if weighting.job_line is None:
            net[reached, :] += weighting.weighting
        elif weighting.job_line in columns:
            net[reached, columns[weighting.job_line]] += weighting.weighting
    return net


def organisation_base(n_workers: int) -> float:
    """The base rank of an organisation that ranks nobody: all tied, (W+1)/2."""
    return (n_workers + 1) / 2
