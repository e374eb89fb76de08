"""The organisation's weightings in words: whom each reaches, its size and sign, net effect."""

from __future__ import annotations

import numpy as np
import pandas as pd

from allocator.eligibility import holders_by_tag
from allocator.matrices import matrices
from allocator.models import RunInputs
from allocator.naming import job_line_name, listed, tag_name, worker_name
from allocator.weightings import reached_workers

COLUMNS = ["weighting_id", "weighting", "effect", "whom", "where", "n_workers", "n_pairs"]


def effect_words(weighting: int) -> str:
    """`3 ranks less wanted`, `1 rank more wanted`, `No effect`."""
    if not weighting:
        return "No effect"
    ranks = "rank" if abs(weighting) == 1 else "ranks"
    return f"{abs(weighting)} {ranks} {'less' if weighting > 0 else 'more'} wanted"


def review_weightings(inputs: RunInputs) -> pd.DataFrame:
    """One row a weighting, largest first: what it does, whom and how many pairs it reaches.

    `weighting` is positive for less wanted. A weighting for a job line outside the run reaches
    no pair.
    """
    holders = holders_by_tag(inputs)
    inside = {j.id for j in inputs.job_lines}
    rows = []
    for row in inputs.weightings:
        n_workers = int(reached_workers(inputs, row, holders).sum())
        n_lines = len(inside) if row.job_line is None else int(row.job_line in inside)
        whom = [listed((worker_name(inputs, w) for w in row.worker_mapping_ids), "worker")]
        if row.qualification_tag_ids:
            tags = listed((tag_name(inputs, t) for t in row.qualification_tag_ids), "qualification")
            whom.append(f"holders of {tags}")
        where = "Every job line" if row.job_line is None else job_line_name(inputs, row.job_line)
        named = " and ".join(filter(None, whom)) or "every worker"
        words = (effect_words(row.weighting), named[:1].upper() + named[1:], where)
        rows.append((row.id, row.weighting, *words, n_workers, n_workers * n_lines))
    frame = pd.DataFrame(rows, columns=COLUMNS)
    order = frame["weighting"].abs().sort_values(ascending=False, kind="stable").index
    return frame.loc[order].reset_index(drop=True)


def net_effects(inputs: RunInputs) -> pd.DataFrame:
    """One row a pair that weightings move: `worker`, `name`, `job_line`, `job_line_name`,
    `weighting` (net; positive = less wanted), `effect` in words; strongest first."""
    net = matrices(inputs).weightings
    rows, columns = np.nonzero(net)
    frame = pd.DataFrame(
        {
            "worker": pd.array([inputs.workers[r].id for r in rows], dtype="str"),
            "name": pd.array([inputs.workers[r].name for r in rows], dtype="str"),
            "job_line": pd.array([inputs.job_lines[c].id for c in columns], dtype="str"),
            "job_line_name": pd.array([inputs.job_lines[c].name for c in columns], dtype="str"),
            "weighting": net[rows, columns],
        }
    )
    frame["effect"] = pd.array([effect_words(int(n)) for n in frame["weighting"]], dtype="str")
    frame["size"] = frame["weighting"].abs()
    ordered = frame.sort_values(["size", "name", "job_line_name"], ascending=[False, True, True])
    return ordered.drop(columns="size").reset_index(drop=True)
