"""How many workers were placed on their 1st, 2nd … choice, with the running total."""

from __future__ import annotations

import pandas as pd

from allocator.satisfaction.ordinals import ordinal

UNRANKED, NOT_PLACED = "Unranked", "Not placed"


def rank_distribution(placed: pd.DataFrame, n_workers: int) -> pd.DataFrame:
    """Rows 1st … last choice that anybody got (zeros included), then unranked, then not placed.

    Columns: `choice` (NA in the last two), `label`, `workers`, `share` (0 … 1 of all workers in
    the run), `cumulative_workers` and `cumulative_share` (NA where there is no choice number).
    `placed` is the placements frame; the row *not placed* appears only when there is somebody.
    """
    choices = placed["choice"].dropna().astype(int)
    last = int(choices.max()) if len(choices) else 0
    counts = choices.value_counts().reindex(range(1, last + 1), fill_value=0)
    workers = [int(n) for n in counts]
    unplaced = n_workers - len(placed)
    tail = [(UNRANKED, int(placed["choice"].isna().sum()))]
    if unplaced:
        tail.append((NOT_PLACED, unplaced))
    cumulative = pd.Series(workers, dtype="Int64").cumsum()
    frame = pd.DataFrame(
        {
            "choice": pd.array([*range(1, last + 1), *[pd.NA] * len(tail)], dtype="Int64"),
            "label": [ordinal(k) for k in range(1, last + 1)] + [label for label, _ in tail],
            "workers": workers + [n for _, n in tail],
        }
    )
    frame["share"] = frame["workers"] / max(n_workers, 1)
    frame["cumulative_workers"] = cumulative.reindex(frame.index)
    frame["cumulative_share"] = frame["cumulative_workers"].astype("Float64") / max(n_workers, 1)
    return frame
