"""What the frames' columns are called in front of a coordinator."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

IDS = ("worker", "job_line", "weighting_id", "holder_ids", "sort_order", "of_above")
"""Columns to act on, never to show."""

LABELS = {
    "name": "Name",
    "internal_id": "Internal id",
    "qualificationlevel": "Qualification level",
    "qualifications": "Qualifications",
    "submitted": "Submitted",
    "locked": "Locked",
    "takes_part": "Takes part",
    "status": "Status",
    "reason": "Why left out",
    "n_ranked": "Job lines ranked",
    "n_ranked_elsewhere": "Ranks outside this run",
    "n_tied": "Tied job lines",
    "n_gaps": "Gaps in the ranks",
    "unranked_score": "Rank counted for an unranked job line",
    "n_eligible": "Eligible",
    "n_ranked_eligible": "Ranked and eligible",
    "flag": "Note",
    "job_line_name": "Job line",
    "job_lines": "Job lines",
    "raw_rank": "Rank as entered",
    "rank": "Rank",
    "choice": "Choice",
    "label": "Choice",
    "first_shared": "One of several firsts",
    "tied_with": "Tied with",
    "gap_before": "Ranks skipped before it",
    "in_run": "In this run",
    "score": "Rank counted",
    "original_preference": "Rank on the whole list",
    "rule": "Eligibility rule",
    "eligible": "Eligible",
    "pairs": "Pairs",
    "weighting": "Weighting (positive = less wanted)",
    "effect": "Effect",
    "whom": "Whom",
    "where": "Job line",
    "n_workers": "Workers reached",
    "n_pairs": "Pairs reached",
    "worker_dissatisfaction": "Worker's dissatisfaction",
    "organisation_dissatisfaction": "Organisation's dissatisfaction",
    "cost": "Contribution to the total",
    "band": "Choice received",
    "group": "Group",
    "workers": "Workers",
    "share": "Share",
    "cumulative_workers": "Running total",
    "cumulative_share": "Running share",
    "mean_rank": "Mean rank",
    "places": "Places",
    "capacity": "Capacity",
    "used_places": "Places used before",
    "must_have": "Must be filled",
    "first_choices": "First choices",
    "eligible_first_choices": "First choices from eligible workers",
    "times_ranked": "Times ranked",
    "eligible_workers": "Eligible workers",
    "filled": "Filled",
    "open": "Open",
    "best_rank": "Best rank",
    "worst_rank": "Worst rank",
    "mean_score": "Mean rank counted",
    "holders": "Held by",
    "offers": "Received as",
}
SHARES = ("Share", "Running share")


def labelled(frame: pd.DataFrame, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """The frame without its ids, under the labels that a coordinator reads.

    `columns` chooses and orders the columns (default: all). Columns without a label keep their
    name. Raises KeyError for a column that the frame lacks.
    """
    kept = list(columns) if columns is not None else [c for c in frame.columns if c not in IDS]
    return frame[kept].rename(columns=LABELS)
