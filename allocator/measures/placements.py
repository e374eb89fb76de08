"""Who was placed where: one row a placement, the source of every other measure."""

from __future__ import annotations

import numpy as np
import pandas as pd

from allocator.models import RunInputs
from allocator.result import SolveResult
from allocator.rules.eligibility import Rule
from allocator.rules.matrices import Matrices, matrices
from allocator.rules.naming import job_line_name, worker_name

PLACED_COLUMNS = {
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
    "first_choice": "bool",
    "score": "float64",
    "original_preference": "float64",
    "rule": "str",
    "weighting": "int64",
    "worker_dissatisfaction": "float64",
    "cost": "float64",
}


def placements(inputs: RunInputs, result: SolveResult) -> pd.DataFrame:
    """One row a placement, by worker's name; no rows when there is no allocation.

    `name` and `job_line_name` are unique in the run. `n_ranked` counts the job lines of the run
    that the worker ranked. `rank` is the fractional rank among this run's job lines (NaN:
    unranked), `first_choice` whether it is the best on the worker's list, tied or not, `choice`
    1 for a first choice, else the smallest k with rank ≤ k, `score` the rank or the unranked
    budget, `original_preference` the fractional rank on the worker's whole list (NaN: unranked),
    `rule` the eligibility rule in words, `weighting` the net weighting (positive = less wanted),
    `worker_dissatisfaction` score ^ power, `cost` the contribution to the objective. Made once
    for a result; the frame is the caller's own. Raises KeyError when the result names a worker or
    job line outside the inputs.
    """
    return result.derived(_placements, inputs).copy(deep=False)


def _placements(result: SolveResult, inputs: RunInputs) -> pd.DataFrame:
    arrays = matrices(inputs)
    records = [
        _record(inputs, arrays, a.worker_mapping, a.job_line, result, a.cost)
        | {"original_preference": a.original_preference}
        for a in result.allocations
    ]
    frame = pd.DataFrame(records, columns=list(PLACED_COLUMNS)).astype(PLACED_COLUMNS)
    return frame.sort_values(["name", "internal_id", "worker"], ignore_index=True)


def _record(
    inputs: RunInputs,
    arrays: Matrices,
    worker_id: str,
    line_id: str,
    result: SolveResult,
    cost: float,
) -> dict[str, object]:
    row, column = inputs.worker_positions[worker_id], inputs.job_line_positions[line_id]
    worker = inputs.workers[row]
    rank = worker.preferences.scores.get(line_id, np.nan)
    is_first, score = bool(arrays.first_choices[row, column]), float(arrays.scores[row, column])
    choice = 1 if is_first else pd.NA if np.isnan(rank) else int(np.ceil(rank))
    return {
        "worker": worker_id,
        "name": worker_name(inputs, worker_id),
        "internal_id": worker.internal_id,
        "qualificationlevel": worker.qualificationlevel,
        "submitted": worker.submitted,
        "n_ranked": len(worker.preferences.scores),
        "job_line": line_id,
        "job_line_name": job_line_name(inputs, line_id),
        "rank": rank,
        "choice": choice,
        "first_choice": is_first,
        "score": score,
        "rule": Rule(int(arrays.rules[row, column])).words,
        "weighting": int(arrays.weightings[row, column]),
        "worker_dissatisfaction": score**result.settings.power,
        "cost": cost,
    }
