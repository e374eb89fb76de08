"""Preferences as read and as scored: raw rank beside fractional rank, ties, gaps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import pandas as pd

from allocator.matrices import matrices
from allocator.models import RunInputs
from allocator.naming import job_line_name
from allocator.ranks import tied_groups

COLUMNS = {
    "worker": "str",
    "name": "str",
    "internal_id": "str",
    "job_line": "str",
    "job_line_name": "str",
    "raw_rank": "int64",
    "rank": "float64",
    "tied_with": "int64",
    "gap_before": "int64",
    "in_run": "bool",
}


def preferences_long(inputs: RunInputs) -> pd.DataFrame:
    """One row a ranked job line, by worker's name and raw rank.

    `rank` is the fractional rank in this run (NaN when the job line is outside it),
    `tied_with` how many other job lines share the raw rank, `gap_before` how many raw ranks
    stand unused between this one and the one before (0: none), `in_run` False when the rank
    drops out. Unranked job lines have no row: see `review_workers`' `unranked_score`.
    """
    names = {j.id: j.name for j in inputs.job_lines}
    columns: dict[str, list[object]] = {column: [] for column in COLUMNS}
    for worker in sorted(inputs.workers, key=lambda w: (w.name, w.internal_id, w.id)):
        order, scores = worker.preferences.order, worker.preferences.scores
        ranked = sorted(order, key=lambda j: (order[j], names.get(j, ""), j))
        shared = Counter(order.values())
        gaps = rank_gaps(order.values())
        columns["worker"] += [worker.id] * len(ranked)
        columns["name"] += [worker.name] * len(ranked)
        columns["internal_id"] += [worker.internal_id] * len(ranked)
        columns["job_line"] += ranked
        columns["job_line_name"] += [names.get(j) or job_line_name(inputs, j) for j in ranked]
        columns["raw_rank"] += [order[j] for j in ranked]
        columns["rank"] += [scores.get(j, float("nan")) for j in ranked]
        columns["tied_with"] += [shared[order[j]] - 1 for j in ranked]
        columns["gap_before"] += [gaps[order[j]] for j in ranked]
        columns["in_run"] += [j in scores for j in ranked]
    return pd.DataFrame(columns).astype(COLUMNS)


def rank_gaps(ranks: Iterable[int]) -> dict[int, int]:
    """Raw rank → ranks left unused before it.

    After a tie of t at rank k both k+1 (dense) and k+t (competition) follow without a gap.
    """
    shared = Counter(ranks)
    gaps, dense, competition = {}, 1, 1
    for rank in sorted(shared):
        fits = rank in (dense, competition)
        gaps[rank] = 0 if fits else rank - (competition if rank > competition else dense)
        dense, competition = rank + 1, rank + shared[rank]
    return gaps


def tied_preferences(inputs: RunInputs) -> pd.DataFrame:
    """One row a tie in this run: `worker`, `name`, `raw_rank`, `rank`, `job_lines` (names)."""
    rows = []
    for worker in sorted(inputs.workers, key=lambda w: (w.name, w.internal_id, w.id)):
        scores = worker.preferences.scores
        here = {j: rank for j, rank in worker.preferences.order.items() if j in scores}
        for rank, tied in tied_groups(here):
            names = sorted(inputs.job_line(j).name for j in tied)
            rows.append((worker.id, worker.name, rank, scores[tied[0]], ", ".join(names)))
    return pd.DataFrame(rows, columns=["worker", "name", "raw_rank", "rank", "job_lines"])


def score_matrix(inputs: RunInputs, *, ranked_only: bool = False) -> pd.DataFrame:
    """Fractional rank (or unranked budget) of every pair: worker ids × job line ids.

    `ranked_only` leaves NaN where the worker did not rank the job line.
    """
    arrays = matrices(inputs)
    frame = pd.DataFrame(
        arrays.scores,
        index=pd.Index([w.id for w in inputs.workers], name="worker"),
        columns=pd.Index([j.id for j in inputs.job_lines], name="job_line"),
    )
    if not ranked_only:
        return frame
    n_ranked = [[len(w.preferences.scores)] for w in inputs.workers]
    return frame.where(arrays.scores <= n_ranked)
