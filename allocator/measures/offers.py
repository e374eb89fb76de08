"""What each job line got, against what was asked of it."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from allocator.measures.bands import EDGES, band_labels, band_of, rank_words
from allocator.models import RunInputs
from allocator.rules.matrices import matrices
from allocator.rules.naming import job_line_name


def demand(inputs: RunInputs) -> pd.DataFrame:
    """Demand for each job line, in the job lines' own order (`sort_order`, name).

    Columns: `job_line`, `job_line_name`, `sort_order`, `places`, `must_have`, `first_choices`
    (workers who put it first, alone or tied), `times_ranked`, `eligible_workers`,
    `eligible_first_choices` (of the first choices, those from eligible workers).
    """
    arrays = matrices(inputs)
    frame = pd.DataFrame(
        {
            "job_line": pd.array([j.id for j in inputs.job_lines], dtype="str"),
            "job_line_name": pd.array(
                [job_line_name(inputs, j.id) for j in inputs.job_lines], dtype="str"
            ),
            "sort_order": [j.sort_order for j in inputs.job_lines],
            "places": [j.places for j in inputs.job_lines],
            "must_have": [j.must_have_workers for j in inputs.job_lines],
            "first_choices": arrays.first_choices.sum(axis=0),
            "times_ranked": arrays.ranked.sum(axis=0),
            "eligible_workers": arrays.eligible.sum(axis=0),
            "eligible_first_choices": (arrays.first_choices & arrays.eligible).sum(axis=0),
        }
    )
    return frame.sort_values(["sort_order", "job_line_name", "job_line"], ignore_index=True)


def by_job_line(inputs: RunInputs, placed: pd.DataFrame) -> pd.DataFrame:
    """`demand` and what came of it.

    Adds `filled`, `open` (places left), `best_rank`, `worst_rank` and `mean_score` of its
    holders (NaN when empty), `holders` (tuple of names) and `offers` (their ranks in words).
    """
    frame = demand(inputs)
    ordered = placed.sort_values(["score", "name"])
    grouped = ordered.groupby("job_line")
    held = pd.DataFrame(
        {
            "filled": grouped.size(),
            "best_rank": grouped["rank"].min(),
            "worst_rank": grouped["rank"].max(),
            "mean_score": grouped["score"].mean(),
            "holders": grouped["name"].agg(tuple),
            "offers": grouped["rank"].agg(lambda ranks: ", ".join(map(rank_words, ranks))),
        }
    )
    frame = frame.join(held, on="job_line")
    frame["filled"] = frame["filled"].fillna(0).astype("int64")
    frame["holders"] = [h if isinstance(h, tuple) else () for h in frame["holders"]]
    frame["offers"] = frame["offers"].astype("str").where(frame["filled"] > 0, "")
    frame.insert(5, "open", frame["places"] - frame["filled"])
    return frame


def offers_by_rank(
    inputs: RunInputs, placed: pd.DataFrame, edges: Sequence[int] = EDGES
) -> pd.DataFrame:
    """How many of each job line's holders ranked it in each band.

    Columns: `job_line`, `job_line_name`, one count a band, in the order of `demand`.
    """
    frame = demand(inputs)[["job_line", "job_line_name"]]
    labels = band_labels(edges)
    counts = pd.crosstab(placed["job_line"], band_of(placed, edges).astype(str))
    counts = counts.reindex(index=frame["job_line"], columns=labels, fill_value=0)
    frame[labels] = counts.to_numpy(dtype="int64")
    return frame


def unfilled(inputs: RunInputs, placed: pd.DataFrame) -> pd.DataFrame:
    """The rows of `by_job_line` with places left open."""
    frame = by_job_line(inputs, placed)
    return frame[frame["open"] > 0].reset_index(drop=True)
