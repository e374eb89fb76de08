"""The workers of a run, including those who were left out."""

from __future__ import annotations

import pandas as pd

from allocator.matrices import matrices
from allocator.models import RunInputs, Worker
from allocator.naming import tag_name
from allocator.ranks import tied_groups
from allocator.review.preferences import rank_gaps

TAKES_PART, LEFT_OUT = "Takes part", "Left out"

COLUMNS = {
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
    columns = {j.id: i for i, j in enumerate(inputs.job_lines)}
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
            "name": left.name,
            "takes_part": False,
            "status": LEFT_OUT,
            "reason": left.reason,
        }
        for left in sorted(inputs.left_out, key=lambda left: (left.name, left.id))
        if left.kind == "worker"
    ]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    texts = [name for name, kind in COLUMNS.items() if kind == "str"]
    frame[texts] = frame[texts].astype("object").fillna("")
    return frame.astype(COLUMNS)


def _described(inputs: RunInputs, worker: Worker) -> dict[str, object]:
    order, ranked = worker.preferences.order, worker.preferences.scores
    here = {j: rank for j, rank in order.items() if j in ranked}
    return {
        "worker": worker.id,
        "name": worker.name,
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
