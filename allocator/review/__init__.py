"""What the solver will see, as pandas frames: workers, preferences, eligibility, weightings.

Columns named `worker`, `job_line` and `weighting_id` hold ids to act on; names stand beside them.
"""

from allocator.review.attention import Attention, attention, left_out_words
from allocator.review.people import (
    never_preferences,
    preferences_long,
    review_workers,
    score_matrix,
    tied_preferences,
)
from allocator.review.restrictions import (
    eligibility_by_job_line,
    eligibility_by_worker,
    eligibility_pairs,
    net_effects,
    pairs_of_job_line,
    pairs_of_worker,
    review_job_lines,
    review_other_placements,
    review_terms,
    review_weightings,
    rule_counts,
    rule_matrix_frame,
    weightings_of,
    workers_reached,
)

__all__ = [
    "Attention",
    "attention",
    "eligibility_by_job_line",
    "eligibility_by_worker",
    "eligibility_pairs",
    "left_out_words",
    "net_effects",
    "never_preferences",
    "pairs_of_job_line",
    "pairs_of_worker",
    "preferences_long",
    "review_job_lines",
    "review_other_placements",
    "review_terms",
    "review_weightings",
    "review_workers",
    "rule_counts",
    "rule_matrix_frame",
    "score_matrix",
    "tied_preferences",
    "weightings_of",
    "workers_reached",
]
