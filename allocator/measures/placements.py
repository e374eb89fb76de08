"""Who was placed where: one row a placement, the source of every other measure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from allocator.models import RunInputs, SolveResult
from allocator.rules.eligibility import Rule
from allocator.rules.matrices import Matrices, matrices
from allocator.rules.weightings import organisation_base

COLUMNS = {
    "worker": "str",
    "name": "str",
    "internal_id": "str",
    "qualificationlevel": "str",
    "submitted": "bool",
    "n_ranked": "int64",
    "job_line": "str",
    "job_line_name": "str",
    "rank": "float64",
    "choice": "Int64",
    "first_shared": "bool",
    "score": "float64",
    "original_preference": "float64",
    "rule": "str",
    "weighting": "int64",
    "worker_dissatisfaction": "float64",
    "organisation_dissatisfaction": "float64",
    "cost": "float64",
}


def placements(inputs: RunInputs, result: SolveResult) -> pd.DataFrame:
    """One row a placement, by worker's name; no rows when there is no allocation.

    `rank` is the fractional rank among this run's job lines (NaN: unranked), `choice` the
    smallest k with rank ≤ k, `first_shared` whether the rank is one of several tied firsts,
    `score` the rank or the unranked budget, `original_preference` the fractional rank on the
    worker's whole list (NaN: unranked), `rule` the eligibility rule in words, `weighting` the
    net weighting, `worker_dissatisfaction` score ^ power, `organisation_dissatisfaction`
    (W+1)/2 + weighting, `cost` the contribution to the objective. Raises KeyError when the
    result names a worker or job line outside the inputs.
    """
    arrays = matrices(inputs)
    rows = {w.id: i for i, w in enumerate(inputs.workers)}
    columns = {j.id: i for i, j in enumerate(inputs.job_lines)}
    records = [
        _record(inputs, arrays, rows[a.worker_mapping], columns[a.job_line], result, a.cost)
        | {"original_preference": a.original_preference}
        for a in result.allocations
    ]
    frame = pd.DataFrame(records, columns=list(COLUMNS)).astype(COLUMNS)
    return frame.sort_values(["name", "internal_id", "worker"], ignore_index=True)


def _record(
    inputs: RunInputs, arrays: Matrices, row: int, column: int, result: SolveResult, cost: float
) -> dict[str, object]:
    worker, job_line = inputs.workers[row], inputs.job_lines[column]
    ranked = worker.preferences.scores
    rank = ranked.get(job_line.id, np.nan)
    score, weighting = float(arrays.scores[row, column]), int(arrays.weightings[row, column])
    return {
        "worker": worker.id,
        "name": worker.name,
        "internal_id": worker.internal_id,
        "qualificationlevel": worker.qualificationlevel,
        "submitted": worker.submitted,
        "n_ranked": len(ranked),
        "job_line": job_line.id,
        "job_line_name": job_line.name,
        "rank": rank,
        "choice": pd.NA if np.isnan(rank) else int(np.ceil(rank)),
        "first_shared": rank > 1 and rank == next(iter(ranked.values())),
        "score": score,
        "rule": Rule(int(arrays.rules[row, column])).words,
        "weighting": weighting,
        "worker_dissatisfaction": score**result.settings.power,
        "organisation_dissatisfaction": organisation_base(len(inputs.workers)) + weighting,
        "cost": cost,
    }


TOPS = (1, 3, 5, 10)
"""Placements are counted within each worker's top k."""


def counts_of(inputs: RunInputs, result: SolveResult) -> dict[str, Any]:
    """JSON-ready counts. Ranks are those within the run; an unranked placement is in no top k."""
    ranks = [
        a.score if a.job_line in inputs.worker(a.worker_mapping).preferences.scores else None
        for a in result.allocations
    ]
    return {
        "status": result.status.value,
        "workers": len(inputs.workers),
        "submitted": sum(w.submitted for w in inputs.workers),
        "job_lines": len(inputs.job_lines),
        "seats": sum(j.places for j in inputs.job_lines),
        **outcome_counts(ranks),
        "left_out": len(inputs.left_out),
        "acknowledged_data_errors": len(inputs.issues),
        "certified": result.certificate is not None and result.certificate.verified,
        "checks": {check.rule: check.tested for check in result.checks},
    }


def outcome_counts(ranks: Iterable[float | None]) -> dict[str, Any]:
    """`placed`, `within` (k → placed within their top k) and `unranked` (rank None)."""
    all_ranks = list(ranks)
    ranked = [rank for rank in all_ranks if rank is not None]
    return {
        "placed": len(all_ranks),
        "within": {str(k): sum(rank <= k for rank in ranked) for k in TOPS},
        "unranked": len(all_ranks) - len(ranked),
    }
