"""Plotly figures from the allocator's frames; ids travel in `customdata`, never in words."""

from console.charts.diagnosis_graph import cause_graph
from console.charts.diagnosis_matrix import run_matrix
from console.charts.progress import progress_chart
from console.charts.results import (
    dissatisfaction_scatter,
    job_line_satisfaction,
    rank_distribution_chart,
    satisfaction_by_worker,
    seats_filled,
)
from console.charts.review import eligibility_heatmap, preference_heatmap
from console.charts.scenarios import overlaid_bands, overlaid_distributions
from console.charts.theme import CONFIG

__all__ = [
    "CONFIG",
    "cause_graph",
    "dissatisfaction_scatter",
    "eligibility_heatmap",
    "job_line_satisfaction",
    "overlaid_bands",
    "overlaid_distributions",
    "preference_heatmap",
    "progress_chart",
    "rank_distribution_chart",
    "run_matrix",
    "satisfaction_by_worker",
    "seats_filled",
]
