"""The workers who fared worst, what they ranked higher, and who holds it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from allocator.eligibility import Rule
from allocator.matrices import matrices
from allocator.models import RunInputs, SolveResult
from allocator.satisfaction.ordinals import rank_words
from allocator.satisfaction.placements import placements


def worst_off(placed: pd.DataFrame, count: int = 10) -> pd.DataFrame:
    """The `count` placements with the largest score, worst first; equals by name."""
    ordered = placed.sort_values(["score", "name", "worker"], ascending=[False, True, True])
    return ordered.head(count).reset_index(drop=True)


def higher_choices(
    inputs: RunInputs, result: SolveResult, worker_id: str, placed: pd.DataFrame | None = None
) -> pd.DataFrame:
    """What a worker would rather have had than its placement, best first.

    Every job line of the run that it scores strictly better (all that it ranked, when it is
    unplaced). Columns: `job_line`, `job_line_name`, `rank` (NaN: unranked but cheaper never
    occurs, so always a number), `eligible`, `rule` in words, `places`, `holders` (names with
    the rank that each gave it, in words; empty when nobody holds it), `holder_ids`.
    Raises KeyError when the worker does not take part.
    """
    worker = inputs.worker(worker_id)
    placed = placements(inputs, result) if placed is None else placed
    row = next(i for i, w in enumerate(inputs.workers) if w.id == worker_id)
    columns = {j.id: i for i, j in enumerate(inputs.job_lines)}
    rules = matrices(inputs).rules[row]
    own = placed.loc[placed["worker"] == worker_id, "score"]
    limit = float(own.iloc[0]) if len(own) else np.inf
    records = []
    for job_line, rank in worker.preferences.scores.items():
        if rank >= limit:
            break
        held = placed[placed["job_line"] == job_line].sort_values(["score", "name"])
        rule = Rule(int(rules[columns[job_line]]))
        records.append(
            {
                "job_line": job_line,
                "job_line_name": inputs.job_line(job_line).name,
                "rank": rank,
                "eligible": rule.eligible,
                "rule": rule.words,
                "places": inputs.job_line(job_line).places,
                "holders": ", ".join(
                    f"{name} ({rank_words(held_rank)})"
                    for name, held_rank in zip(held["name"], held["rank"], strict=True)
                ),
                "holder_ids": tuple(held["worker"]),
            }
        )
    return pd.DataFrame(records, columns=list(_COLUMNS)).astype(_COLUMNS)


_COLUMNS = {
    "job_line": "str",
    "job_line_name": "str",
    "rank": "float64",
    "eligible": "bool",
    "rule": "str",
    "places": "int64",
    "holders": "str",
    "holder_ids": "object",
}
