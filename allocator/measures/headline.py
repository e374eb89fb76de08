"""The figures on the first screen: how good, how proven, and who fared worst."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from allocator.lazily import Lazily
from allocator.measures.bands import amount, rank_words
from allocator.measures.outcome import Outcome, outcome
from allocator.measures.placements import placements
from allocator.models import RunInputs
from allocator.result import SolveResult, Status
from allocator.rules.eligibility import Rule
from allocator.rules.matrices import matrices
from allocator.rules.naming import job_line_name, worker_name
from allocator.rules.ranks import NEVER_WORDS, bucket_words

if TYPE_CHECKING:
    import pandas as pd
else:
    pd = Lazily("pandas")

MOST_WORST_OFF = 5


@dataclass(frozen=True, slots=True)
class Headline:
    """What a coordinator reads first.

    `outcome` is the count. `submitted`, `job_lines`, `places` count the run; `filled` counts job
    lines that got somebody. `worst_off` are the names that share the worst rank counted (the
    first few), `without_preferences` those of workers who ranked nothing. `moved_up` counts
    placements whose rank on the worker's whole list is worse than in this run, `never` names
    those placed on a job line of their bucket *never*. `ranks_apart` is by how many ranks two of
    those who ranked differ on average; None when fewer than two of them are placed.
    """

    status: Status
    status_words: str
    submitted: int
    job_lines: int
    places: int
    filled: int
    outcome: Outcome
    moved_up: int
    worst_off: tuple[str, ...]
    without_preferences: tuple[str, ...]
    never: tuple[str, ...]
    ranks_apart: float | None

    @property
    def not_placed(self) -> int:
        """Workers of the run without a job line."""
        return self.outcome.workers - self.outcome.placed


def headline(inputs: RunInputs, result: SolveResult) -> Headline:
    """The headline of an allocation."""
    placed, counted = placements(inputs, result), outcome(inputs, result)
    chose = placed[placed["n_ranked"] > 0]
    worst = chose[chose["score"] == chose["score"].max()]
    return Headline(
        status=result.status,
        status_words=status_words(result),
        submitted=sum(w.submitted for w in inputs.workers),
        job_lines=len(inputs.job_lines),
        places=sum(j.places for j in inputs.job_lines),
        filled=int(placed["job_line"].nunique()),
        outcome=counted,
        moved_up=int((placed["original_preference"] > placed["rank"]).sum()),
        worst_off=tuple(worst["name"].head(MOST_WORST_OFF)),
        without_preferences=tuple(worker_name(inputs, w) for w in counted.no_preferences),
        never=tuple(placed.loc[placed["bucket"] == NEVER_WORDS, "name"]),
        ranks_apart=ranks_apart(chose["score"].to_numpy()),
    )


def ranks_apart(scores: NDArray[np.float64]) -> float | None:
    """Mean difference Σ |xᵢ − xⱼ| over all pairs i < j, divided by their number; None for fewer
    than two values."""
    ordered, n = np.sort(scores), len(scores)
    if n < 2:
        return None
    weights = 2 * np.arange(1, n + 1) - n - 1
    return max(0.0, float((weights * ordered).sum() / (n * (n - 1) / 2)))


def alike_words(apart: float | None) -> str:
    """How alike those who ranked fare, as a sentence; empty when fewer than two are placed."""
    if apart is None:
        return ""
    if not apart:
        return "All who ranked fare alike."
    return f"Two doctors picked by lot are {apart:.1f} ranks apart on average."


def status_words(result: SolveResult) -> str:
    """The status as a sentence, with the gap where optimality is not proven."""
    match result.status:
        case Status.OPTIMAL:
            return "Proven optimal: no other allocation is better under these settings."
        case Status.INFEASIBLE:
            return "No allocation satisfies every rule."
        case Status.INVALID_DATA:
            return "Not solved: the run's data has errors."
    ended = "Cancelled" if result.status is Status.CANCELLED else "Stopped at the time limit"
    if not result.allocations or result.objective is None:
        return f"{ended} before an allocation was found."
    if result.status is Status.CANCELLED and result.certificate is not None:
        return f"{ended}: the optimum was proven, but the draw among equals was interrupted."
    if result.gap is None:
        return f"{ended}: the best allocation found so far, not proven to be the best."
    share = result.gap / abs(result.objective) if result.objective else 0.0
    return (
        f"{ended}: the best allocation found so far. The optimum can be better by at most "
        f"{amount(result.gap)} ({share:.2%} of the total)."
    )


def worst_off(placed: pd.DataFrame, count: int = 10) -> pd.DataFrame:
    """The `count` placements with the largest score, worst first; equals by name.

    Of workers who ranked something: see `without_preferences` for the others.
    """
    chose = placed[placed["n_ranked"] > 0]
    ordered = chose.sort_values(["score", "name", "worker"], ascending=[False, True, True])
    return ordered.head(count).reset_index(drop=True)


def without_preferences(placed: pd.DataFrame) -> pd.DataFrame:
    """The placements of workers who ranked no job line of the run, by name."""
    return placed[placed["n_ranked"] == 0].reset_index(drop=True)


def higher_choices(
    inputs: RunInputs, result: SolveResult, worker_id: str, placed: pd.DataFrame | None = None
) -> pd.DataFrame:
    """What a worker would rather have had than its placement, best first.

    Every job line of the run that it scores strictly better (all that it ranked, when it is
    unplaced). Columns: `job_line`, `job_line_name`, `rank` (NaN: unranked but cheaper never
    occurs, so always a number), `bucket`, `eligible`, `rule` in words, `places`, `holders` (names
    with the rank that each gave it, in words; empty when nobody holds it), `holder_ids`.
    Raises KeyError when the worker does not take part.
    """
    worker = inputs.worker(worker_id)
    placed = placements(inputs, result) if placed is None else placed
    columns = inputs.job_line_positions
    rules = matrices(inputs).rules[inputs.worker_positions[worker_id]]
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
                "job_line_name": job_line_name(inputs, job_line),
                "rank": rank,
                "bucket": bucket_words(worker.preferences, job_line),
                "eligible": rule.eligible,
                "rule": rule.words,
                "places": inputs.job_line(job_line).places,
                "holders": ", ".join(
                    f"{name} ({rank_words(*own)})"
                    for name, *own in zip(held["name"], held["rank"], held["bucket"], strict=True)
                ),
                "holder_ids": tuple(held["worker"]),
            }
        )
    return pd.DataFrame(records, columns=list(_COLUMNS)).astype(_COLUMNS)


_COLUMNS = {
    "job_line": "str",
    "job_line_name": "str",
    "rank": "float64",
    "bucket": "str",
    "eligible": "bool",
    "rule": "str",
    "places": "int64",
    "holders": "str",
    "holder_ids": "object",
}
