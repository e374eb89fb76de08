"""Why is it so: exact prices, chains of moves, ties, swaps and fairness extremes."""

from allocator.explanation.answers import Situation, placement_options
from allocator.explanation.contested import contested_job_lines, wanted_swaps
from allocator.explanation.fairness import Extremes, extremes, tied_workers
from allocator.explanation.optimum import Move

__all__ = [
    "Extremes",
    "Move",
    "Situation",
    "contested_job_lines",
    "extremes",
    "placement_options",
    "tied_workers",
    "wanted_swaps",
]
