"""Headline figures in few words and few digits."""

from __future__ import annotations

import pandas as pd

from allocator.comparison import FIGURES

SHORT = {
    "objective": "Total",
    "worker_dissatisfaction": "Workers' dissatisfaction",
    "organisation_dissatisfaction": "Organisation's",
    "top_1": "1st choice",
    "top_3": "Top 3",
    "top_5": "Top 5",
    "top_10": "Top 10",
    "unranked": "Unranked",
    "mean_rank": "Mean rank",
    "worst_score": "Worst-off",
}
"""Labels for cards; others use the words of `FIGURES`."""
LONG = {
    "objective": "Total dissatisfaction",
    "worker_dissatisfaction": "Workers' dissatisfaction",
    "organisation_dissatisfaction": "Organisation's dissatisfaction",
    "mean_score": "Mean rank counted",
    "worst_score": "Worst rank counted",
    "gini": "Gini of satisfaction (0 = all alike)",
}
"""Labels for tables; others use the words of `FIGURES`."""
NOTHING = "–"


def short_label(figure: str) -> str:
    """A label that fits a card."""
    return SHORT.get(figure, FIGURES[figure][0])


def long_label(figure: str) -> str:
    """A label for a row of a table."""
    return LONG.get(figure, FIGURES[figure][0])


def is_share(figure: str) -> bool:
    """Whether the figure is a share (0 … 1)."""
    return figure.startswith("top_")


def figure_words(figure: str, value: float | None) -> str:
    """The figure for reading: per cent for shares, short numbers else."""
    if value is None or pd.isna(value):
        return NOTHING
    if is_share(figure):
        return f"{value:.1%}".replace("%", " %")
    return f"{value:,.1f}".removesuffix(".0") if abs(value) >= 100 else f"{value:.4g}"


def signed_words(figure: str, value: float | None) -> str:
    """A difference with its sign; shares in percentage points."""
    if value is None or pd.isna(value):
        return NOTHING
    if abs(value) < 1e-9:
        return "0"
    if is_share(figure):
        return f"{value * 100:+.1f} points"
    return f"{value:+,.1f}".removesuffix(".0") if abs(value) >= 100 else f"{value:+.4g}"
