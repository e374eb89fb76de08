"""Satisfaction measures of an allocation, as pandas frames and small dataclasses.

How ranks count, everywhere: a placement is *within the top k* when its fractional rank among the
run's job lines is at most k. A worker who tied two job lines as first holds rank 1.5 on either
and so counts from the top 2 on (`Headline.shared_first` says how many got one of several
firsts). An unranked placement is never within the top k, whatever its budget.
"""

from allocator.measures.bands import bands, by_group, list_lengths, rank_distribution
from allocator.measures.headline import (
    Headline,
    headline,
    higher_choices,
    rank_summary,
    status_words,
    worst_off,
)
from allocator.measures.masking import mask_small_counts
from allocator.measures.offers import by_job_line, offers_by_rank, unfilled
from allocator.measures.placements import placements

__all__ = [
    "Headline",
    "bands",
    "by_group",
    "by_job_line",
    "headline",
    "higher_choices",
    "list_lengths",
    "mask_small_counts",
    "offers_by_rank",
    "placements",
    "rank_distribution",
    "rank_summary",
    "status_words",
    "unfilled",
    "worst_off",
]
