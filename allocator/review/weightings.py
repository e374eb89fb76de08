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
    `weighting` (net; positive = less wanted), `effect` in words; strongest first, equals in the
    order of the run."""
    net = matrices(inputs).weightings
    rows, columns = np.nonzero(net)
    workers = pd.DataFrame([(w.id, w.name) for w in inputs.workers], columns=["worker", "name"])
    lines = pd.DataFrame(
        [(j.id, j.name) for j in inputs.job_lines], columns=["job_line", "job_line_name"]
    )
    sides = [
        side.iloc[at].reset_index(drop=True) for side, at in ((workers, rows), (lines, columns))
    ]
    frame = pd.concat(sides, axis=1)
    frame["weighting"] = net[rows, columns]
    words = {int(n): effect_words(int(n)) for n in np.unique(net)}
    frame["effect"] = frame["weighting"].map(words).astype("str")
    # By size and then in the order of the run, which costs no comparison of names.
    frame["size"] = frame["weighting"].abs()
    by_size = frame.sort_values("size", ascending=False, kind="stable")
    return by_size.drop(columns="size").reset_index(drop=True)
