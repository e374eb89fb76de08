"""The one count of an outcome: what every headline, card, sweep, audit row and report says.

A worker *received a first choice* when the score of the placement equals the best score on the
worker's own list, tied or not. *Within the top k* counts by fractional rank: at most k. A worker
who ranked no job line of the run has no first choice and is in no top k; those workers are
counted apart, and no figure of the worst, of means or of shares is about them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from math import isnan
from statistics import fmean, median
from typing import TYPE_CHECKING, Any

from allocator.models import RunInputs
from allocator.result import SolveResult
from allocator.rules.ranks import NEVER_WORDS, bucket_words

if TYPE_CHECKING:
    import pandas as pd

TOPS = (3, 5, 10)
"""Placements are counted within each worker's top k."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an allocation gives the workers of a run, and what the organisation's wishes get.

    `workers` take part, `placed` of them have a job line; `ranked` ranked at least one job line
    of the run, `no_preferences` (mapping ids, by name) none. About those who ranked:
    `first_choices` received one, `within` maps k to how many are within their top k, `unranked`
    are on a job line that they did not rank, `never` on one of their bucket *never* (of all
    placed); `mean_rank` and `median_rank` are over placements on
    a ranked job line; `mean_score` and `worst_score` over all their placements, an unranked one
    counting as its budget; `n_worst` share the worst. Figures are None when nobody is behind them.

    `first_choices_possible` is the largest number of first choices that any allocation under the
    hard rules gives (the cap on the worst rank does not restrict it); None when there is no
    allocation. `weighting_points` is the sum of the net weightings of the pairs placed: positive
    = less wanted by the organisation.
    """

    workers: int
    placed: int
    ranked: int
    no_preferences: tuple[str, ...]
    first_choices: int
    first_choices_possible: int | None
    within: Mapping[int, int]
    unranked: int
    mean_rank: float | None
    median_rank: float | None
    mean_score: float | None
    worst_score: float | None
    n_worst: int
    weighting_points: int
    never: int = 0

    def share(self, k: int) -> float:
        """Share (0 … 1) of those who ranked who are within their top k; k must be in `within`."""
        return self.within[k] / self.ranked if self.ranked else 0.0

    @property
    def first_choice_share(self) -> float:
        """Share (0 … 1) of those who ranked who received a first choice."""
        return self.first_choices / self.ranked if self.ranked else 0.0

    @property
    def first_choice_words(self) -> str:
        """`29 of 132 who ranked · best possible 49`."""
        return dict(scoreboard(self.as_dict()))[FIRST_CHOICES]

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, under the field names; `no_preferences` as a number."""
        within = {str(k): count for k, count in self.within.items()}
        return {**asdict(self), "within": within, "no_preferences": len(self.no_preferences)}


def outcome(inputs: RunInputs, result: SolveResult) -> Outcome:
    """The count of a result, made once; all zeros and None without an allocation.

    Raises KeyError when the result names a worker or job line outside the inputs.
    """
    return result.derived(_outcome, inputs)


def _outcome(result: SolveResult, inputs: RunInputs) -> Outcome:
    from allocator.rules.matrices import matrices

    arrays = matrices(inputs)
    lists = [inputs.worker(a.worker_mapping).preferences for a in result.allocations]
    lines = [a.job_line for a in result.allocations]
    pairs = [
        (inputs.worker_positions[a.worker_mapping], inputs.job_line_positions[a.job_line])
        for a in result.allocations
    ]
    chose = [
        (pair, chosen, j)
        for pair, chosen, j in zip(pairs, lists, lines, strict=True)
        if chosen.scores
    ]
    ranks = [chosen.scores[line] for _, chosen, line in chose if line in chosen.scores]
    scores = [float(arrays.scores[pair]) for pair, _, _ in chose]
    worst = max(scores, default=None)
    nothing = [worker for worker in inputs.workers if not worker.preferences.scores]
    nothing.sort(key=lambda worker: (worker.name, worker.internal_id, worker.id))
    return Outcome(
        workers=len(inputs.workers),
        placed=len(pairs),
        ranked=len(inputs.workers) - len(nothing),
        no_preferences=tuple(worker.id for worker in nothing),
        first_choices=sum(bool(arrays.first_choices[pair]) for pair, _, _ in chose),
        first_choices_possible=first_choices_possible(inputs),
        within={k: sum(rank <= k for rank in ranks) for k in TOPS},
        unranked=len(chose) - len(ranks),
        mean_rank=fmean(ranks) if ranks else None,
        median_rank=float(median(ranks)) if ranks else None,
        mean_score=fmean(scores) if scores else None,
        worst_score=worst,
        n_worst=scores.count(worst) if worst is not None else 0,
        weighting_points=int(sum(arrays.weightings[pair] for pair in pairs)),
        never=sum(
            bucket_words(chosen, line) == NEVER_WORDS
            for chosen, line in zip(lists, lines, strict=True)
        ),
    )


def first_choices_possible(inputs: RunInputs) -> int | None:
    """The largest number of first choices under the hard rules, exact, found once for a run.

    None when the run has no allocation.
    """
    return inputs.derived(_most_first_choices)


def _most_first_choices(inputs: RunInputs) -> int | None:
    """By an assignment of workers to places that gains 1 for each first choice.

    The first place of a mandatory job line gains more than all first choices together, so that
    an optimum fills every mandatory job line if any allocation does.
    """
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    from allocator.rules.matrices import matrices

    arrays, n_workers = matrices(inputs), len(inputs.workers)
    places = np.minimum(arrays.upper, n_workers)
    if not n_workers or places.sum() < n_workers or (arrays.lower > places).any():
        return None
    line_of = np.repeat(np.arange(len(places)), places)
    is_first_place = np.r_[True, line_of[1:] != line_of[:-1]]
    gain = np.where(arrays.eligible, arrays.first_choices.astype(np.float64), -np.inf)[:, line_of]
    gain[:, is_first_place & (arrays.lower[line_of] > 0)] += n_workers + 1
    try:
        rows, held = linear_sum_assignment(gain, maximize=True)
    except ValueError:  # somebody has no eligible place left
        return None
    lines = line_of[held]
    if np.bincount(lines, minlength=len(places))[arrays.lower > 0].min(initial=1) < 1:
        return None
    return int(arrays.first_choices[rows, lines].sum())


def audit_counts(inputs: RunInputs, result: SolveResult) -> dict[str, Any]:
    """JSON-ready counts of a run and its outcome, as audit row and log of solves keep them."""
    return {
        "status": result.status.value,
        "submitted": sum(w.submitted for w in inputs.workers),
        "job_lines": len(inputs.job_lines),
        "seats": sum(j.places for j in inputs.job_lines),
        **outcome(inputs, result).as_dict(),
        "left_out": len(inputs.left_out),
        "acknowledged_data_errors": len(inputs.issues),
        "accepted_notices": len(inputs.to_accept),
        "certified": result.certificate is not None and result.certificate.verified,
        "effort": asdict(result.effort),
        "checks": {check.rule: check.tested for check in result.checks},
    }


FIRST_CHOICES = "First choices"
NEVER_PLACED = "On a job line that they put under “never”"
NOT_RANKED = "On a job line not ranked"
MEAN_RANK = "Mean rank"
WORST_RANK = "Worst rank"
GAVE_NO_PREFERENCES = "Gave no preferences"
WEIGHTING_POINTS = "Weighting points"


def scoreboard(counts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Label and value of each figure that the counts have, of `Outcome.as_dict` or an audit row.

    Rows of former versions have fewer.
    """
    kept = outcome_of_audit(counts)
    of = f" of {kept['ranked']:,} who ranked" if "ranked" in kept else ""
    words = []
    if "first_choices" in kept:
        possible = kept.get("first_choices_possible")
        best = "" if possible is None else f" · best possible {possible:,}"
        words.append((FIRST_CHOICES, f"{kept['first_choices']:,}{of}{best}"))
    for k, count in kept.get("within", {}).items():
        if k != "1":
            words.append((f"Within the top {k}", f"{count:,}{of}"))
    if "unranked" in kept:
        words.append((NOT_RANKED, f"{kept['unranked']:,}{of}"))
    if kept.get("never"):
        words.append((NEVER_PLACED, f"{kept['never']:,}"))
    if kept.get("mean_rank") is not None:
        words.append((MEAN_RANK, mean_words(kept["mean_rank"])))
    if kept.get("worst_score") is not None:
        words.append((WORST_RANK, f"{kept['worst_score']:g}"))
    if "no_preferences" in kept:
        words.append((GAVE_NO_PREFERENCES, f"{kept['no_preferences']:,}"))
    if "weighting_points" in kept:
        words.append((WEIGHTING_POINTS, points_words(kept["weighting_points"])))
    return words


def mean_words(mean: float | None) -> str:
    """A mean rank: two decimals, a dash for None."""
    return "–" if mean is None else f"{mean:.2f}"


def points_words(points: float) -> str:
    """Weighting points with their sign; `0` without one."""
    return f"{points:+,.0f}" if points else "0"


def doctors_behind(figure: str, placed: pd.DataFrame) -> pd.DataFrame:
    """The placements (as `placements` gives them) that stand behind a figure of `scoreboard`.

    Behind the mean rank stand those on a ranked job line, behind the worst rank those who share
    it, behind the weighting points those whose placement has some. Raises KeyError for a label
    that is none of `scoreboard`.
    """
    chose, rank, score = placed["n_ranked"] > 0, placed["rank"], placed["score"]
    behind = {
        FIRST_CHOICES: placed["first_choice"],
        **{f"Within the top {k}": rank <= k for k in TOPS},
        NOT_RANKED: chose & rank.isna(),
        NEVER_PLACED: placed["bucket"] == NEVER_WORDS,
        MEAN_RANK: chose & rank.notna(),
        WORST_RANK: chose & (score == score[chose].max()),
        GAVE_NO_PREFERENCES: ~chose,
        WEIGHTING_POINTS: placed["weighting"] != 0,
    }
    return placed[behind[figure]].reset_index(drop=True)


STORED = ("placed", "ranked", "no_preferences", "first_choices", "first_choices_possible",
          "within", "unranked", "never", "mean_rank", "worst_score",
          "weighting_points")  # fmt: skip


def outcome_of_audit(counts: Mapping[str, Any]) -> dict[str, Any]:
    """The outcome that an audit row kept, under the names of `Outcome`; what it lacks is left out.

    Rows of former versions counted a first choice as rank 1 and nobody apart.
    """
    kept = {name: counts[name] for name in STORED if name in counts}
    if "first_choices" not in kept and "1" in kept.get("within", {}):
        kept["first_choices"] = kept["within"]["1"]
    return kept


def outcome_of_ranks(ranks: Iterable[float | None]) -> dict[str, Any]:
    """`placed`, `first_choices`, `within` and `unranked` as far as stored ranks tell them.

    The ranks are `original_preference`, on the whole list of the allocation run; None or NaN =
    unranked, which here may also be a worker without preferences. A rank below 2 is a first
    choice for sure (1.5 is one of two); among three or more tied firsts a rank cannot tell.
    """
    everybody = list(ranks)
    ranked = [rank for rank in everybody if rank is not None and not isnan(rank)]
    return {
        "placed": len(everybody),
        "first_choices": sum(rank < 2 for rank in ranked),
        "within": {str(k): sum(rank <= k for rank in ranked) for k in TOPS},
        "unranked": len(everybody) - len(ranked),
    }
