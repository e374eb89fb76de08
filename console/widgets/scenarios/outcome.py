"""What the scenario brings, against the run as it is."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from allocator.comparison import FIGURES, Solved, headlines, movers
from allocator.models import Status
from allocator.satisfaction import bands, rank_distribution, status_words
from console import navigation, tables
from console.charts import overlaid_bands, overlaid_distributions
from console.messages import literal
from console.widgets.data_table import data_table
from console.widgets.facts import counted
from console.widgets.figure import draw, is_dark
from console.widgets.scenarios.bench import Bench, has_allocation, solved_or_wait
from console.widgets.scenarios.changes import draw_problems
from console.widgets.scenarios.figures import figure_words, long_label, short_label, signed_words
from console.widgets.scenarios.hand_over import draw_hand_over

SHOWN = (
    "top_1",
    "top_3",
    "unranked",
    "mean_rank",
    "worst_score",
    "worker_dissatisfaction",
    "organisation_dissatisfaction",
)


def draw_solved(bench: Bench) -> Solved | None:
    """Solve the draft and draw what it brings; None when it cannot be solved (yet)."""
    if draw_problems(bench):
        return None
    solved = solved_or_wait(bench, [bench.base, bench.scenario])
    if solved is None:
        return None
    base, now = solved
    if has_allocation(now):
        draw_outcome(bench, base, now)
        draw_hand_over(bench, now)
    else:
        draw_infeasible(bench)
    return now


def draw_infeasible(bench: Bench) -> None:
    """No allocation: say so, and where to find out why."""
    st.warning(
        "**No allocation keeps every rule of this scenario.** Undo a change, loosen the cap on "
        "the worst rank, or find out what stands in the way.",
        icon=":material/block:",
    )
    if any(place.path == "infeasibility" for place in navigation.available()):
        kept = bench.draft.kept
        more = {"scenario": kept.id} if kept and bench.draft.is_saved else {}
        navigation.link("infeasibility", "Why is there no allocation?", **more)
        if not more:
            st.caption("Save the scenario first to have its own changes looked at there.")


def draw_outcome(bench: Bench, base: Solved, now: Solved) -> None:
    """Headline figures with their differences, the distribution of ranks, and who moves."""
    seconds = sum(now.result.timings.values())
    proven = now.result.status is Status.OPTIMAL
    icon = ":green[:material/verified:]" if proven else ":orange[:material/warning:]"
    st.markdown(f"{icon} {literal(status_words(now.result))} :small[Solved in {seconds:.2f} s.]")
    compares = bench.has_effect and has_allocation(base)
    _figures(base if compares else None, now)
    pair = [base, now] if compares else [now]
    draw(
        overlaid_distributions(
            {one.name: rank_distribution(one.placed, len(one.inputs.workers)) for one in pair},
            dark=is_dark(),
        ),
        key="what-if distribution",
        alt="Share of workers within their first choices",
    )
    draw(
        overlaid_bands(
            {
                one.name: bands(one.placed, len(one.inputs.workers), len(one.inputs.job_lines))
                for one in pair
            },
            dark=is_dark(),
        ),
        key="what-if bands",
        alt="Workers by choice received",
    )
    if compares:
        draw_movers(base, now, key="what-if", version=bench.key("moves"))
    _allocation(bench, now)


def _figures(base: Solved | None, now: Solved) -> None:
    """One card a figure; green is better."""
    frame = headlines([base, now]) if base else headlines([now, Solved("", now.inputs, now.result)])
    with st.container(horizontal=True, gap="small"):
        for figure in SHOWN:
            row = frame.loc[figure]
            change = row.get(f"Δ {now.name}") if base else None
            better = {"less": "inverse", "more": "normal"}.get(FIGURES[figure][1], "off")
            moved = change is not None and pd.notna(change) and abs(change) > 1e-9
            st.metric(
                short_label(figure),
                figure_words(figure, row[now.name]),
                signed_words(figure, change) if moved else None,
                delta_color=better if moved else "off",
                help=long_label(figure),
                border=True,
                width="content",
            )
    if base:
        st.caption(f"Differences are to “{literal(base.name)}”.")
        if (base.result.settings.alpha, base.result.settings.power) != (
            now.result.settings.alpha,
            now.result.settings.power,
        ):
            st.caption(
                "Totals under another organisation's weight (alpha) or power are measured on "
                "another scale, so they are not compared here."
            )


def draw_movers(before: Solved, after: Solved, *, key: str, version: str) -> None:
    """Who moves between two scenarios: in how many words, and as a table."""
    frame = movers(before, after)
    if frame.empty:
        st.info("Nobody moves: every worker holds the same job line.")
        return
    gains, losses = (int((frame["outcome"] == word).sum()) for word in ("winner", "loser"))
    rest = len(frame) - gains - losses
    st.markdown(
        f"**{counted(len(frame), 'worker')} move{'s' if len(frame) == 1 else ''}**: "
        f":green[:material/arrow_upward: {gains} better off], "
        f":red[:material/arrow_downward: {losses} worse off]"
        + (f", {rest} neither" if rest else "")
        + f" than in “{literal(before.name)}”."
    )
    with st.expander("Who moves, from where to where"):
        data_table(
            movers_table(frame),
            key=f"movers {key}",
            version=version,
            noun="worker",
            file_name="who-moves",
            search=["Name", "From", "To"],
            kinds={
                "Better off": frame["outcome"] == "winner",
                "Worse off": frame["outcome"] == "loser",
            },
        )


def movers_table(frame: pd.DataFrame) -> pd.DataFrame:
    """`comparison.movers` under labels that a coordinator reads."""
    words = {"winner": "Better off", "loser": "Worse off", "equal": "As good"}
    return pd.DataFrame(
        {
            "Name": frame["name"],
            "Level": frame["qualificationlevel"],
            "From": frame["from"].where(frame["from"] != "", "Not placed"),
            "To": frame["to"].where(frame["to"] != "", "Not placed"),
            "Rank before": frame["score_before"],
            "Rank after": frame["score_after"],
            "Change (negative = better)": frame["score_change"],
            "Outcome": frame["outcome"].map(lambda word: words.get(word, word.capitalize())),
        }
    )


def _allocation(bench: Bench, now: Solved) -> None:
    with st.expander("The whole allocation"):
        data_table(
            tables.allocation_table(now.placed),
            key="what-if allocation",
            version=bench.key("allocation"),
            noun="worker",
            file_name="scenario-allocation",
            search=["Name", "Job line"],
        )
