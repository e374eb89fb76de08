"""Who was placed where, the source of every other measure, and how job lines were taken up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from allocator.lazily import Lazily
from allocator.measures.bands import EDGES, band_labels, band_of, rank_words
from allocator.models import RunInputs
from allocator.result import SolveResult
from allocator.rules.eligibility import Rule
from allocator.rules.matrices import Matrices, matrices
from allocator.rules.naming import job_line_name, worker_name
from allocator.rules.ranks import bucket_words

if TYPE_CHECKING:
    import pandas as pd
else:
    pd = Lazily("pandas")

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
    "bucket": "str",
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
    unranked), `bucket` the one that the worker put the job line into (`Love` … `Never`, empty: in
    none), `first_choice` whether it is the best on the worker's list, tied or not, `choice`
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
        "bucket": bucket_words(worker.preferences, line_id),
        "choice": choice,
        "first_choice": is_first,
        "score": score,
        "rule": Rule(int(arrays.rules[row, column])).words,
        "weighting": int(arrays.weightings[row, column]),
        "worker_dissatisfaction": score**result.settings.power,
        "cost": cost,
    }


def demand(inputs: RunInputs) -> pd.DataFrame:
    """Demand for each job line, in the job lines' own order (`sort_order`, name).

    Columns: `job_line`, `job_line_name`, `locations` (the hospitals of its terms), `sort_order`,
    `places`, `must_have`, `first_choices` (workers who put it first, alone or tied),
    `times_ranked`, `eligible_workers`, `eligible_first_choices` (of the first choices, those from
    eligible workers).
    """
    arrays = matrices(inputs)
    frame = pd.DataFrame(
        {
            "job_line": pd.array([j.id for j in inputs.job_lines], dtype="str"),
            "job_line_name": pd.array(
                [job_line_name(inputs, j.id) for j in inputs.job_lines], dtype="str"
            ),
            "locations": pd.array([", ".join(j.locations) for j in inputs.job_lines], dtype="str"),
            "sort_order": [j.sort_order for j in inputs.job_lines],
            "places": [j.places for j in inputs.job_lines],
            "must_have": [j.must_have_workers for j in inputs.job_lines],
            "first_choices": arrays.first_choices.sum(axis=0),
            "times_ranked": arrays.ranked.sum(axis=0),
            "eligible_workers": arrays.eligible.sum(axis=0),
            "eligible_first_choices": (arrays.first_choices & arrays.eligible).sum(axis=0),
        }
    )
    return frame.sort_values(["sort_order", "job_line_name", "job_line"], ignore_index=True)


def by_job_line(inputs: RunInputs, placed: pd.DataFrame) -> pd.DataFrame:
    """`demand` and what came of it.

    Adds `filled`, `open` (places left), `best_rank`, `worst_rank` and `mean_score` of its
    holders (NaN when empty), `holders` (tuple of names) and `offers` (their ranks in words).
    """
    frame = demand(inputs)
    ordered = placed.sort_values(["score", "name"])
    ordered["offer"] = list(map(rank_words, ordered["rank"], ordered["bucket"]))
    grouped = ordered.groupby("job_line")
    held = pd.DataFrame(
        {
            "filled": grouped.size(),
            "best_rank": grouped["rank"].min(),
            "worst_rank": grouped["rank"].max(),
            "mean_score": grouped["score"].mean(),
            "holders": grouped["name"].agg(tuple),
            "offers": grouped["offer"].agg(", ".join),
        }
    )
    frame = frame.join(held, on="job_line")
    frame["filled"] = frame["filled"].fillna(0).astype("int64")
    frame["holders"] = [h if isinstance(h, tuple) else () for h in frame["holders"]]
    frame["offers"] = frame["offers"].astype("str").where(frame["filled"] > 0, "")
    frame.insert(6, "open", frame["places"] - frame["filled"])
    return frame


def offers_by_rank(
    inputs: RunInputs, placed: pd.DataFrame, edges: Sequence[int] = EDGES
) -> pd.DataFrame:
    """How many of each job line's holders ranked it in each band.

    Columns: `job_line`, `job_line_name`, one count a band, in the order of `demand`.
    """
    frame = demand(inputs)[["job_line", "job_line_name"]]
    labels = band_labels(edges)
    counts = pd.crosstab(placed["job_line"], band_of(placed, edges).astype(str))
    counts = counts.reindex(index=frame["job_line"], columns=labels, fill_value=0)
    frame[labels] = counts.to_numpy(dtype="int64")
    return frame


def unfilled(inputs: RunInputs, placed: pd.DataFrame) -> pd.DataFrame:
    """The rows of `by_job_line` with places left open."""
    frame = by_job_line(inputs, placed)
    return frame[frame["open"] > 0].reset_index(drop=True)
