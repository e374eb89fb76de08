"""Why is it so: exact prices, chains of moves, ties, swaps and fairness extremes."""

from allocator.explanation.contested import contested_job_lines
from allocator.explanation.extremes import Extremes, extremes
from allocator.explanation.graph import Move, NotExplained
from allocator.explanation.options import Situation, placement_options
from allocator.explanation.swaps import wanted_swaps
from allocator.explanation.ties import tied_workers

__all__ = [
    "Extremes",
    "Move",
    "NotExplained",
    "Situation",
    "contested_job_lines",
    "extremes",
    "placement_options",
    "tied_workers",
    "wanted_swaps",
]
