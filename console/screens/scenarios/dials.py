"""The settings of a scenario; every one acts at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from allocator.measures.comparison import FIGURES
from allocator.measures.outcome import mean_words, points_words
from allocator.measures.terms import AIM_NAMES
from allocator.models import Settings
from allocator.review import never_preferences
from allocator.scenario.changes import NeverMeansIneligible, RespectOtherPlacements
from console.screens.scenarios.bench import Bench
from console.state import scenario_drafts
from console.ui.settings_form import BUCKET_ORDER, BUCKETS, LARGEST_SEED, aims, whole_seed
from console.ui.tables import counted

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
            aims(settings),
            index=aims(settings).index(settings.policy),
            format_func=AIM_NAMES.__getitem__,
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
    if settings.bucket_order or any(w.preferences.buckets for w in bench.as_read.workers):
        values["bucket_order"] = st.toggle(
            BUCKET_ORDER, settings.bucket_order, help=BUCKETS, key=bench.key("bucket order")
        )
    return _switched(_taken(bench, settings, values))


def _switched(bench: Bench) -> Bench:
    """The changes about the whole run that are on or off; each shown where it can do anything."""
    never = len(bench.reading.made(never_preferences))
    placed = len(bench.as_read.other_placements)
    for change, count, label, help_words in (
        (
            NeverMeansIneligible(author=bench.operator),
            never,
            f"“Never” means not eligible ({counted(never, 'pair')})",
            "Nobody gets a job line that they put under “never”, unless a change of this "
            "scenario allows the pair. It can leave no allocation.",
        ),
        (
            RespectOtherPlacements(author=bench.operator),
            placed,
            f"Take out what other applications placed ({counted(placed, 'placement')})",
            "Their workers and places leave the run, as those of earlier runs do in an exclusive "
            "run.",
        ),
    ):
        changes = bench.scenario.changes
        at = next((i for i, one in enumerate(changes) if one.target == change.target), None)
        if not count and at is None:
            continue
        is_on = st.toggle(label, at is not None, help=help_words, key=bench.key(change.kind))
        if is_on == (at is not None):
            continue
        scenario = bench.scenario.then(change) if at is None else bench.scenario.without(at)
        scenario_drafts.change(bench.run_id, scenario)
        bench = replace(bench, draft=replace(bench.draft, scenario=scenario))
    return bench


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
    "first_choices": "First choices",
    "top_3": "Within the top 3",
    "top_5": "Within the top 5",
    "top_10": "Within the top 10",
    "unranked": "Not ranked",
    "never": "Under “never”",
    "mean_rank": "Mean rank",
}
"""Labels for cards; others use the words of `FIGURES`."""
NOTHING = "–"


def short_label(figure: str) -> str:
    """A label that fits a card."""
    return SHORT.get(figure, FIGURES[figure][0])


def figure_words(figure: str, value: float | None) -> str:
    """The figure for reading, as the scoreboard has it."""
    if value is None or pd.isna(value):
        return NOTHING
    if figure == "mean_rank":
        return mean_words(value)
    if figure == "weighting_points":
        return points_words(value)
    return f"{value:,.1f}".removesuffix(".0") if abs(value) >= 100 else f"{value:.4g}"


def signed_words(figure: str, value: float | None) -> str:
    """A difference with its sign; empty words for none that exists."""
    if value is None or pd.isna(value):
        return NOTHING
    if abs(value) < 1e-9:
        return "0"
    if figure == "mean_rank":
        return f"{value:+.2f}"
    return f"{value:+,.1f}".removesuffix(".0") if abs(value) >= 100 else f"{value:+.4g}"
