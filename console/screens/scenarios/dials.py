"""The settings of a scenario; every one acts at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from allocator.measures.comparison import FIGURES
from allocator.models import Policy, Settings
from allocator.report.parts import POLICIES
from console.screens.scenarios.bench import Bench
from console.state import scenario_drafts
from console.ui.settings_form import LARGEST_SEED, whole_seed

ALPHA_HELP = (
    "How much the organisation's wishes (its weightings) count against the workers' preferences. "
    "0 = workers only, 1 = organisation only."
)
POWER_HELP = (
    "How steeply dissatisfaction grows with the rank. 1: a 4th choice is four times a 1st. "
    "Above 1 it spares the worst-off, below 1 it favours first choices."
)
SEED_HELP = (
    "Decides by lot among equally good allocations, without any worker gaining from their name. "
    "Every seed that is tried is logged for the run, with your name."
)
CAP_HELP = (
    "Nobody who ranked something may get a job line that counts for more than this rank; an "
    "unranked one counts too. Workers who gave no preferences are exempt."
)


def draw_dials(bench: Bench) -> Bench:
    """Draw the settings; gives the bench with what is set now."""
    settings = bench.scenario.settings
    values: dict[str, Any] = {
        "alpha": st.slider(
            "Organisation's weight (alpha)",
            0.0,
            1.0,
            settings.alpha,
            0.01,
            help=ALPHA_HELP,
            key=bench.key("alpha"),
        ),
        "policy": st.selectbox(
            "Aim",
            list(Policy),
            index=list(Policy).index(settings.policy),
            format_func=POLICIES.__getitem__,
            help="What makes an allocation the best one. All aims keep the same hard rules.",
            key=bench.key("policy"),
        ),
    }
    left, right = st.columns(2)
    with left:
        values["power"] = st.number_input(
            "Power of dissatisfaction",
            0.1,
            10.0,
            settings.power,
            0.1,
            help=POWER_HELP,
            key=bench.key("power"),
        )
    with right:
        values["seed"] = st.number_input(
            "Seed",
            0,
            LARGEST_SEED,
            min(settings.seed, LARGEST_SEED),
            1,
            help=SEED_HELP,
            key=bench.key("seed"),
        )
    capped = st.toggle(
        "Cap the worst rank",
        settings.worst_rank is not None,
        help=CAP_HELP,
        key=bench.key("capped"),
    )
    values["worst_rank"] = _cap(bench, settings) if capped else None
    return _taken(bench, settings, values)


def _cap(bench: Bench, settings: Settings) -> float:
    highest = float(max(len(bench.as_read.job_lines), 1))
    return st.number_input(
        "Nobody below rank",
        1.0,
        max(highest, settings.worst_rank or 1.0),
        settings.worst_rank or highest,
        1.0,
        format="%.4g",
        key=bench.key("worst rank"),
    )


def _taken(bench: Bench, settings: Settings, values: dict[str, Any]) -> Bench:
    """The bench with the values; nothing happens while they are what they were."""
    wanted = replace(settings, **{k: _tidy(v, getattr(settings, k)) for k, v in values.items()})
    if wanted == settings:
        return bench
    scenario = replace(bench.scenario, settings=wanted)
    return replace(bench, draft=scenario_drafts.change(bench.run_id, scenario))


def _tidy(value: Any, before: Any) -> Any:
    """Without the rounding noise of a widget's steps, which would end up in the costs."""
    if isinstance(value, int) and isinstance(before, int):
        return whole_seed(value, before)
    if not isinstance(value, float):
        return value
    if before is not None and abs(value - before) < 1e-9:
        return before
    return round(value, 6)


SHORT = {
    "objective": "Total",
    "worker_dissatisfaction": "Workers' dissatisfaction",
    "weighting_points": "Organisation's points",
    "first_choices": "First choices",
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
    "weighting_points": "Organisation's weighting points",
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
