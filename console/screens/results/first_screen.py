"""What a coordinator reads first: how good, how proven, and who fared worst."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from allocator.measures import Headline, headline, rank_distribution, worst_off
from allocator.measures.bands import rank_words
from allocator.result import Status
from console.charts import rank_distribution_chart
from console.ui import navigation, tables
from console.ui.data_table import plain_table
from console.ui.figures import counted, draw, facts_row, is_dark
from console.ui.messages import literal
from console.ui.shown import ShownAllocation

FIRST_WORST = 8


def draw_first_screen(shown: ShownAllocation) -> None:
    """Status, key figures, ranks received, and the worst-off beside them."""
    head = headline(shown.inputs, shown.result)
    _draw_status(head, shown)
    facts_row(_figures(head))
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.subheader("Choices received", anchor=False)
        chart = rank_distribution_chart(
            rank_distribution(shown.placed, head.outcome.workers), dark=is_dark()
        )
        draw(chart, key="distribution", alt="Workers by the choice that they received.")
    with right:
        st.subheader("Worst-off workers", anchor=False)
        st.caption(_worst_words(head))
        name = shown.file_name("worst-off")
        # Ranks are words here, so the columns get no formats of numbers.
        plain_table(_worst(shown), key=f"worst {shown.version}", file_name=name, column_config=None)
        navigation.link("why", "Why, and is it fair?", about="Fair?")


def _worst(shown: ShownAllocation) -> pd.DataFrame:
    worst = worst_off(shown.placed, FIRST_WORST)
    table = tables.worst_off_table(worst)
    table["Rank"] = [rank_words(rank) for rank in worst["rank"]]
    return table[["Name", "Rank", "Job line", "Job lines ranked"]]


def _draw_status(head: Headline, shown: ShownAllocation) -> None:
    tell = st.success if head.status is Status.OPTIMAL else st.warning
    icon = ":material/verified:" if head.status is Status.OPTIMAL else ":material/info:"
    scenario = shown.result.scenario
    extra = f" With the changes of the scenario **{literal(scenario)}**." if scenario else ""
    tell(f"{literal(head.status_words)}{extra}", icon=icon)


def _figures(head: Headline) -> list[tuple[str, str]]:
    got = head.outcome
    tops = [(f"In top {k}", f"{got.share(k):.0%} ({got.within[k]:,})") for k in got.within]
    worst = "–" if got.worst_score is None else f"{got.worst_score:g}"
    return [
        ("Placed", f"{got.placed:,} of {got.workers:,}"),
        ("First choices", got.first_choice_words),
        *tops,
        ("Unranked", f"{got.unranked:,}"),
        ("Mean rank", f"{_number(got.mean_rank)} (median {_number(got.median_rank)})"),
        ("Worst rank", worst),
        ("Gave no preferences", f"{len(got.no_preferences):,}"),
    ]


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"


def _worst_words(head: Headline) -> str:
    got = head.outcome
    if got.worst_score is None:
        return "Nobody who ranked something is placed."
    with_it = counted(got.n_worst, "worker")
    words = f"Of those who ranked, the lowest rank counted is {got.worst_score:g} ({with_it})."
    if got.unranked:
        words += " An unranked job line counts as the mean of the ranks left open."
    return words
