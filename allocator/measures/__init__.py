"""Satisfaction measures of an allocation, as pandas frames and small dataclasses.

How ranks count, everywhere, is said in `allocator.measures.outcome`: a tied first choice that was
received is a first choice, the top k count by fractional rank, and workers who gave no
preferences are counted apart.
"""

from allocator.measures.bands import (
    bands,
    by_group,
    by_location,
    job_lines_by_location,
    list_lengths,
    rank_distribution,
)
from allocator.measures.headline import (
    Headline,
    alike_words,
    headline,
    higher_choices,
    status_words,
    without_preferences,
    worst_off,
)
from allocator.measures.masking import mask_small_counts
from allocator.measures.outcome import Outcome, outcome, outcome_of_ranks
from allocator.measures.placements import by_job_line, offers_by_rank, placements, unfilled

__all__ = [
    "Headline",
    "Outcome",
    "alike_words",
    "bands",
    "by_group",
    "by_job_line",
    "by_location",
    "headline",
    "higher_choices",
    "job_lines_by_location",
    "list_lengths",
    "mask_small_counts",
    "offers_by_rank",
    "outcome",
    "outcome_of_ranks",
    "placements",
    "rank_distribution",
    "status_words",
    "unfilled",
    "without_preferences",
    "worst_off",
]
