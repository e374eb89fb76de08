"""Differences between solved scenarios of one run, as frames; the first one is the yardstick."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from allocator.errors import UsageError
from allocator.lazily import Lazily
from allocator.measures import headline, rank_distribution
from allocator.measures.bands import GROUPINGS, NO_GROUP
from allocator.measures.outcome import NEVER_PLACED, TOPS
from allocator.models import RunInputs
from allocator.rules.naming import tag_name
from allocator.solved import Solved

if TYPE_CHECKING:
    import pandas as pd
else:
    pd = Lazily("pandas")

EVERYBODY = "All workers"
MEASURES = ("mean_score", "worker_dissatisfaction", "weighting_points")

FIGURES = {
    "objective": ("Total dissatisfaction", "less"),
    "worker_dissatisfaction": ("Workers' dissatisfaction", "less"),
    "weighting_points": ("Weighting points", "less"),
    "first_choices": ("First choices received", "more"),
    "first_choices_possible": ("First choices possible at best", ""),
    **{f"top_{k}": (f"Within their top {k}, of those who ranked", "more") for k in TOPS},
    "unranked": ("Placed on an unranked job line", "less"),
    "never": (NEVER_PLACED, "less"),
    "not_placed": ("Not placed", "less"),
    "mean_rank": ("Mean rank of ranked placements", "less"),
    "median_rank": ("Median rank of ranked placements", "less"),
    "mean_score": ("Mean rank counted", "less"),
    "worst_score": ("Worst rank", "less"),
    "n_worst_off": ("Workers who share the worst rank", "less"),
    "ranks_apart": ("Ranks between two doctors picked by lot", "less"),
    "no_preferences": ("Workers who gave no preferences", ""),
    "filled": ("Job lines that got somebody", ""),
    "workers": ("Workers", ""),
    "job_lines": ("Job lines", ""),
    "places": ("Places", ""),
}
"""Headline figure → its words, and whether less or more of it is better (empty: neither)."""


def headlines(solved: Sequence[Solved]) -> pd.DataFrame:
    """Headline figures, one row a figure (index: the keys of `FIGURES`).

    Columns: figure (in words), better (`less`, `more` or empty), one for each scenario, and for
    all but the first `Δ name`, its difference to the first. Figures that do not exist are NaN.
    Totals are left out where alpha or power differ, workers' dissatisfaction where the power
    does: they would be measured on different scales.
    Raises UsageError for fewer than two scenarios or a name given twice.
    """
    _check(solved)
    frame = pd.DataFrame(FIGURES, index=["figure", "better"]).T
    for one in solved:
        frame[one.name] = pd.Series(headline_figures(one), dtype=float)
        if one is not solved[0]:
            frame[f"Δ {one.name}"] = frame[one.name] - frame[solved[0].name]
    return frame.drop(index=_incomparable(solved))


def _incomparable(solved: Sequence[Solved]) -> list[str]:
    settings = [one.result.settings for one in solved]
    powers, alphas = {one.power for one in settings}, {one.alpha for one in settings}
    if len(powers) > 1:
        return ["objective", "worker_dissatisfaction"]
    return ["objective"] if len(alphas) > 1 else []


def headline_figures(one: Solved) -> dict[str, float | None]:
    """The headline figures of one solve, under the keys of `FIGURES`."""
    head, result = headline(one.inputs, one.result), one.result
    got = head.outcome
    return {
        "objective": result.objective,
        "worker_dissatisfaction": result.worker_dissatisfaction,
        "weighting_points": got.weighting_points if got.placed else None,
        "first_choices": got.first_choices if got.placed else None,
        "first_choices_possible": got.first_choices_possible,
        **{f"top_{k}": got.within[k] if got.placed else None for k in TOPS},
        "unranked": got.unranked,
        "never": got.never,
        "not_placed": head.not_placed,
        "mean_rank": got.mean_rank,
        "median_rank": got.median_rank,
        "mean_score": got.mean_score,
        "worst_score": got.worst_score,
        "n_worst_off": got.n_worst,
        "ranks_apart": head.ranks_apart,
        "no_preferences": len(got.no_preferences),
        "filled": head.filled,
        "workers": got.workers,
        "job_lines": head.job_lines,
        "places": head.places,
    }


def rank_distributions(solved: Sequence[Solved]) -> pd.DataFrame:
    """The rank distributions of all scenarios below each other, with a column `scenario` first."""
    _check(solved)
    frames = []
    for one in solved:
        frame = rank_distribution(one.placed, len(one.inputs.workers))
        frame.insert(0, "scenario", one.name)
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def movers(before: Solved, after: Solved) -> pd.DataFrame:
    """Workers whose placement differs: worst loss first, best gain last, then those in one only.

    Columns: worker (id), name, qualificationlevel, from_job_line and to_job_line (ids), from and
    to (names, empty when not placed), score_before, score_after, score_change (rank or unranked
    budget; negative = better) and outcome: `winner`, `loser`, `equal`, or
    `only in <scenario>` for a worker placed in one of them alone.
    """
    told = ["worker", "name", "qualificationlevel", "job_line", "job_line_name", "score"]
    both = before.placed[told].merge(
        after.placed[told], on="worker", how="outer", suffixes=("_before", "_after")
    )
    both = both[both["job_line_before"].fillna("") != both["job_line_after"].fillna("")]
    change = both["score_after"] - both["score_before"]
    frame = pd.DataFrame(
        {
            "worker": both["worker"],
            "name": both["name_before"].fillna(both["name_after"]),
            "qualificationlevel": both["qualificationlevel_before"].fillna(
                both["qualificationlevel_after"]
            ),
            "from_job_line": both["job_line_before"],
            "from": both["job_line_name_before"].fillna(""),
            "to_job_line": both["job_line_after"],
            "to": both["job_line_name_after"].fillna(""),
            "score_before": both["score_before"],
            "score_after": both["score_after"],
            "score_change": change,
        }
    )
    frame["outcome"] = "equal"
    frame.loc[change < 0, "outcome"] = "winner"
    frame.loc[change > 0, "outcome"] = "loser"
    frame.loc[both["score_after"].isna(), "outcome"] = f"only in {before.name}"
    frame.loc[both["score_before"].isna(), "outcome"] = f"only in {after.name}"
    return frame.sort_values(
        ["score_change", "name", "worker"], ascending=[False, True, True], ignore_index=True
    )


def group_costs(solved: Sequence[Solved], by: str = "qualificationlevel") -> pd.DataFrame:
    """What each scenario costs the workers and the organisation, by group of workers.

    `by` is `qualificationlevel` or `tag` (a worker counts under each tag that it holds).
    Columns: group, scenario, workers (placed), mean_score (of those who ranked),
    worker_dissatisfaction (sum of D_worker) and weighting_points (sum of the net weightings), and
    `Δ` of the last three to the first scenario (NaN where that has no such group). `All workers`
    come first.
    """
    _check(solved)
    if by not in GROUPINGS:
        raise UsageError(f"Groups are formed by {' or '.join(GROUPINGS)}, not by {by}.")
    frames = []
    for one in solved:
        placed = one.placed
        groups = [_group_names(one.inputs, worker, by) for worker in placed["worker"]]
        rows = placed.assign(
            group=[[EVERYBODY, *names] for names in groups],
            counted=placed["score"].where(placed["n_ranked"] > 0),
        ).explode("group")
        costs = rows.groupby("group").agg(
            workers=("worker", "size"),
            mean_score=("counted", "mean"),
            worker_dissatisfaction=("worker_dissatisfaction", "sum"),
            weighting_points=("weighting", "sum"),
        )
        costs.insert(0, "scenario", one.name)
        frames.append(costs)
    first = frames[0]
    frame = pd.concat(frames).reset_index()
    for measure in MEASURES:
        frame[f"Δ {measure}"] = frame[measure] - frame["group"].map(first[measure])
    frame["last"] = frame["group"].map({EVERYBODY: -1, NO_GROUP[by]: 1}).fillna(0)
    ordered = frame.sort_values(["last", "group"], kind="stable", ignore_index=True)
    return ordered.drop(columns="last")


def _group_names(inputs: RunInputs, worker_id: str, by: str) -> list[str]:
    worker = inputs.worker(worker_id)
    if by == "tag":
        names = {tag_name(inputs, tag) for tag in worker.qualification_ids}
    else:
        names = {worker.qualificationlevel} - {""}
    return sorted(names) or [NO_GROUP[by]]


def _check(solved: Sequence[Solved]) -> None:
    if len(solved) < 2:
        raise UsageError("A comparison needs two or more solved scenarios.")
    names = [one.name for one in solved]
    if len(set(names)) < len(names):
        raise UsageError("Two of the scenarios have the same name; rename one of them.")
