"""Satisfaction measures of an allocation, as pandas frames and small dataclasses.

How ranks count, everywhere: a placement is *within the top k* when its fractional rank among the
run's job lines is at most k. A worker who tied two job lines as first holds rank 1.5 on either
and so counts from the top 2 on (`Headline.shared_first` says how many got one of several
firsts). An unranked placement is never within the top k, whatever its budget.
"""

from allocator.satisfaction.bands import bands, by_group, list_lengths
from allocator.satisfaction.distribution import rank_distribution
from allocator.satisfaction.headline import Headline, headline, rank_summary, status_words
from allocator.satisfaction.job_lines import by_job_line, offers_by_rank, unfilled
from allocator.satisfaction.masking import mask_small_counts
from allocator.satisfaction.placements import placements
from allocator.satisfaction.worst_off import higher_choices, worst_off

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
