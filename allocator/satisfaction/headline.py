"""The figures on the first screen: how good, how proven, and who fared worst."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allocator.models import RunInputs, SolveResult, Status
from allocator.satisfaction.ordinals import amount
from allocator.satisfaction.placements import placements

TOPS = (1, 3, 5, 10)
MOST_WORST_OFF = 5


@dataclass(frozen=True, slots=True)
class RankSummary:
    """Counts and averages of a set of placements.

    `within` maps k to the number placed within their top k. `mean_rank` and `median_rank` are
    over ranked placements only, None when there is none: read them beside `unranked`.
    """

    placed: int
    within: Mapping[int, int]
    unranked: int
    mean_rank: float | None
    median_rank: float | None

    def share(self, k: int) -> float:
        """Share (0 … 1) of those placed who are within their top k; k must be in `within`."""
        return self.within[k] / self.placed if self.placed else 0.0


def rank_summary(ranks: Iterable[float | None], tops: tuple[int, ...] = TOPS) -> RankSummary:
    """The summary of fractional ranks, None or NaN for unranked.

    Also serves a completed run's stored `original_preference` values.
    """
    values = np.array([np.nan if rank is None else rank for rank in ranks], dtype=float)
    ranked = values[~np.isnan(values)]
    return RankSummary(
        placed=len(values),
        within={k: int((ranked <= k).sum()) for k in tops},
        unranked=len(values) - len(ranked),
        mean_rank=float(ranked.mean()) if len(ranked) else None,
        median_rank=float(np.median(ranked)) if len(ranked) else None,
    )


@dataclass(frozen=True, slots=True)
class Headline:
    """What a coordinator reads first.

    `workers`, `job_lines`, `places` count the run; `filled` counts job lines that got somebody.
    `mean_score` averages rank or unranked budget over everybody placed; `worst_score` is the
    largest of them, `worst_off` the names that share it (the first few), `n_worst_off` how many
    do. `shared_first` counts placements on one of several tied firsts, `moved_up` placements
    whose rank on the worker's whole list is worse than in this run. `gini` is that of
    satisfaction N + 1 − score: 0 = all alike, towards 1 = very unequal; None when nobody is placed.
    """

    status: Status
    status_words: str
    workers: int
    submitted: int
    ranked_nothing: int
    job_lines: int
    places: int
    filled: int
    ranks: RankSummary
    shared_first: int
    moved_up: int
    mean_score: float | None
    worst_score: float | None
    worst_off: tuple[str, ...]
    n_worst_off: int
    gini: float | None

    @property
    def not_placed(self) -> int:
        """Workers of the run without a job line."""
        return self.workers - self.ranks.placed


def headline(
    inputs: RunInputs, result: SolveResult, placed: pd.DataFrame | None = None
) -> Headline:
    """The headline of an allocation; `placed` saves working out the placements again."""
    placed = placements(inputs, result) if placed is None else placed
    worst = placed[placed["score"] == placed["score"].max()]
    on_whole_list = placed["original_preference"]
    return Headline(
        status=result.status,
        status_words=status_words(result),
        workers=len(inputs.workers),
        submitted=sum(w.submitted for w in inputs.workers),
        ranked_nothing=sum(not w.preferences.scores for w in inputs.workers),
        job_lines=len(inputs.job_lines),
        places=sum(j.places for j in inputs.job_lines),
        filled=int(placed["job_line"].nunique()),
        ranks=rank_summary(placed["rank"]),
        shared_first=int(placed["first_shared"].sum()),
        moved_up=int((on_whole_list > placed["rank"]).sum()),
        mean_score=float(placed["score"].mean()) if len(placed) else None,
        worst_score=float(worst["score"].iloc[0]) if len(worst) else None,
        worst_off=tuple(worst["name"].head(MOST_WORST_OFF)),
        n_worst_off=len(worst),
        gini=gini(len(inputs.job_lines) + 1 - placed["score"].to_numpy()) if len(placed) else None,
    )


def gini(satisfaction: NDArray[np.float64]) -> float:
    """Gini coefficient of positive values: Σᵢ Σⱼ |xᵢ − xⱼ| / (2 n² mean); 0 when all are zero."""
    ordered = np.sort(satisfaction)
    n, total = len(ordered), float(ordered.sum())
    if not n or not total:
        return 0.0
    places = np.arange(1, n + 1)
    return max(0.0, float(((2 * places - n - 1) * ordered).sum() / (n * total)))


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
