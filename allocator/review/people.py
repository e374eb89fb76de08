"""The workers of a run, including those who were left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import pandas as pd

from allocator.models import RunInputs, Worker
from allocator.rules.matrices import matrices
from allocator.rules.naming import job_line_name, tag_name, worker_name
from allocator.rules.ranks import NEVER, bucket_words, tied_groups

TAKES_PART, LEFT_OUT = "Takes part", "Left out"

WORKER_COLUMNS = {
    "worker": "str",
    "name": "str",
    "internal_id": "str",
    "qualificationlevel": "str",
    "qualifications": "str",
    "takes_part": "bool",
    "status": "str",
    "reason": "str",
    "submitted": "boolean",
    "locked": "boolean",
    "n_ranked": "Int64",
    "n_ranked_elsewhere": "Int64",
    "n_tied": "Int64",
    "n_gaps": "Int64",
    "unranked_score": "Float64",
    "n_eligible": "Int64",
    "n_ranked_eligible": "Int64",
}


def review_workers(inputs: RunInputs) -> pd.DataFrame:
    """One row a worker, those taking part by name, then those left out with the reason.

    `n_ranked` counts job lines of this run, `n_ranked_elsewhere` ranks that drop out, `n_tied`
    ranked job lines that share a rank, `n_gaps` the places on the whole list where ranks are
    skipped, `unranked_score` what each unranked job line scores, `n_eligible` the job lines that
    may take the worker, `n_ranked_eligible` how many of those it ranked. Counts are NA for
    workers left out.
    """
    eligible = matrices(inputs).eligible
    columns = inputs.job_line_positions
    rows = []
    for worker, verdicts in zip(inputs.workers, eligible, strict=True):
        ranked = worker.preferences.scores
        wanted = sum(bool(verdicts[columns[j]]) for j in ranked)
        counts = {"n_eligible": int(verdicts.sum()), "n_ranked_eligible": wanted}
        rows.append(_described(inputs, worker) | counts)
    rows.sort(key=lambda row: (row["name"], row["internal_id"], row["worker"]))
    rows += [
        {
            "worker": left.id,
            "name": worker_name(inputs, left.id),
            "takes_part": False,
            "status": LEFT_OUT,
            "reason": left.reason,
        }
        for left in sorted(inputs.left_out, key=lambda left: (left.name, left.id))
        if left.kind == "worker"
    ]
    frame = pd.DataFrame(rows, columns=list(WORKER_COLUMNS))
    texts = [name for name, kind in WORKER_COLUMNS.items() if kind == "str"]
    frame[texts] = frame[texts].astype("object").fillna("")
    return frame.astype(WORKER_COLUMNS)


def _described(inputs: RunInputs, worker: Worker) -> dict[str, object]:
    order, ranked = worker.preferences.order, worker.preferences.scores
    here = {j: rank for j, rank in order.items() if j in ranked}
    return {
        "worker": worker.id,
        "name": worker_name(inputs, worker.id),
        "internal_id": worker.internal_id,
        "qualificationlevel": worker.qualificationlevel,
        "qualifications": ", ".join(sorted(tag_name(inputs, t) for t in worker.qualification_ids)),
        "takes_part": True,
        "status": TAKES_PART,
        "submitted": worker.submitted,
        "locked": worker.locked,
        "n_ranked": len(ranked),
        "n_ranked_elsewhere": len(order) - len(ranked),
        "n_tied": sum(len(tied) for _, tied in tied_groups(here)),
        "n_gaps": sum(gap > 0 for gap in rank_gaps(order.values()).values()),
        "unranked_score": worker.preferences.unranked_score,
    }


RANKED_COLUMNS = {
    "worker": "str",
    "name": "str",
    "internal_id": "str",
    "job_line": "str",
    "job_line_name": "str",
    "raw_rank": "int64",
    "rank": "float64",
    "bucket": "str",
    "tied_with": "int64",
    "gap_before": "int64",
    "in_run": "bool",
}


def preferences_long(inputs: RunInputs) -> pd.DataFrame:
    """One row a ranked job line, by worker's name and raw rank.

    `rank` is the fractional rank in this run (NaN when the job line is outside it), `bucket` the
    one that the worker put the job line into (`Love` … `Never`, empty: in none),
    `tied_with` how many other job lines share the raw rank, `gap_before` how many raw ranks
    stand unused between this one and the one before (0: none), `in_run` False when the rank
    drops out. Unranked job lines have no row: see `review_workers`' `unranked_score`.
    """
    columns: dict[str, list[object]] = {column: [] for column in RANKED_COLUMNS}
    for worker in sorted(inputs.workers, key=lambda w: (w.name, w.internal_id, w.id)):
        order, scores = worker.preferences.order, worker.preferences.scores
        names = {j: job_line_name(inputs, j) for j in order}
        ranked = sorted(order, key=lambda j: (order[j], names[j], j))
        shared = Counter(order.values())
        gaps = rank_gaps(order.values())
        columns["worker"] += [worker.id] * len(ranked)
        columns["name"] += [worker_name(inputs, worker.id)] * len(ranked)
        columns["internal_id"] += [worker.internal_id] * len(ranked)
        columns["job_line"] += ranked
        columns["job_line_name"] += [names[j] for j in ranked]
        columns["raw_rank"] += [order[j] for j in ranked]
        columns["rank"] += [scores.get(j, float("nan")) for j in ranked]
        columns["bucket"] += [bucket_words(worker.preferences, j) for j in ranked]
        columns["tied_with"] += [shared[order[j]] - 1 for j in ranked]
        columns["gap_before"] += [gaps[order[j]] for j in ranked]
        columns["in_run"] += [j in scores for j in ranked]
    return pd.DataFrame(columns).astype(RANKED_COLUMNS)


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
            names = sorted(job_line_name(inputs, j) for j in tied)
            rows.append(
                (worker.id, worker_name(inputs, worker.id), rank, scores[tied[0]], ", ".join(names))
            )
    return pd.DataFrame(rows, columns=["worker", "name", "raw_rank", "rank", "job_lines"])


def never_preferences(inputs: RunInputs) -> pd.DataFrame:
    """One row a job line of the run in a worker's bucket *never*, by worker's name.

    Columns: `worker`, `name`, `internal_id`, `job_line`, `job_line_name`, `raw_rank` (NA:
    unranked), `eligible` (as the run stands, whatever a scenario would say).
    """
    eligible, columns = matrices(inputs).eligible, inputs.job_line_positions
    rows = [
        (
            worker.id,
            worker_name(inputs, worker.id),
            worker.internal_id,
            job_line,
            job_line_name(inputs, job_line),
            worker.preferences.order.get(job_line),
            bool(eligible[row, columns[job_line]]),
        )
        for row, worker in enumerate(inputs.workers)
        for job_line, bucket in worker.preferences.buckets.items()
        if bucket == NEVER and job_line in columns
    ]
    names = ("worker", "name", "internal_id", "job_line", "job_line_name", "raw_rank", "eligible")
    frame = pd.DataFrame(sorted(rows, key=lambda row: row[1:5]), columns=list(names))
    return frame.astype({"raw_rank": "Int64", "eligible": "bool"})


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
    return frame.where(arrays.ranked)
