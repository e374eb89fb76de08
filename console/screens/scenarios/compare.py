"""Two or more solved scenarios side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd
import streamlit as st

from allocator.measures import bands, mask_small_counts, rank_distribution
from allocator.measures.bands import GROUPINGS
from allocator.measures.comparison import (
    EVERYBODY,
    group_costs,
    headlines,
    rank_distributions,
)
from allocator.measures.terms import terms_of
from allocator.report.sections import MASKED
from allocator.scenario import Scenario
from allocator.solved import Solved
from console.charts import overlaid_bands, overlaid_distributions
from console.charts.scenarios import group_cost_chart
from console.screens.scenarios.bench import Bench, has_allocation, solved_or_wait
from console.screens.scenarios.dials import SHORT, figure_words, signed_words
from console.screens.scenarios.who_moves import draw_moves, told_moves
from console.state import scenario_store, trials
from console.ui.data_table import data_table, download_buttons
from console.ui.messages import literal
from console.ui.scoreboard import draw_choices
from console.ui.tables import counted, draw, is_dark

MOST = 6
FIRST = ("winners", "losers", "first_choices", "top_3", "unranked", "mean_rank", "worst_score",
         "weighting_points")  # fmt: skip
"""The rows that are shown before all are asked for."""


def draw_compare(bench: Bench) -> None:
    """Choose scenarios, solve them, and show every difference to the first."""
    offered = candidates(bench)
    chosen = st.multiselect(
        f"Compare (up to {MOST}; differences are to the first)",
        list(offered),
        default=list(offered)[:2],
        max_selections=MOST,
        key=f"compare {bench.run_id} {bench.version}",
    )
    usable = [offered[name] for name in chosen if _is_sound(bench, offered[name])]
    if len(usable) < 2:
        st.info("Choose two or more scenarios. Saved ones of every operator are offered here.")
        return
    solved = solved_or_wait(bench, usable)
    if solved is None:
        return
    for one in solved:
        if not has_allocation(one):
            st.warning(f"“{literal(one.name)}” has no allocation, so it is left out below.")
    found = [one for one in solved if has_allocation(one)]
    if len(found) >= 2:
        _comparison(bench, found)


def candidates(bench: Bench) -> dict[str, Scenario]:
    """Name → scenario: the run as it is, this tab's draft, then the stored ones."""
    offered = {bench.base.name: bench.base}
    draft = bench.draft
    if not draft.is_saved:
        offered[f"{bench.scenario.name} (as changed here)"] = bench.scenario
    else:
        offered[bench.scenario.name] = bench.scenario
    for kept in scenario_store.shelf(bench.run_id).readable:
        if kept.scenario is not None:
            offered.setdefault(kept.name, kept.scenario)
    return {name: replace(scenario, name=name) for name, scenario in offered.items()}


def _is_sound(bench: Bench, scenario: Scenario) -> bool:
    problems = trials.problems(bench.reading, scenario)
    for problem in problems:
        st.warning(f"“{literal(scenario.name)}” is left out: {literal(problem)}")
    if scenario.is_stale(bench.as_read):
        st.caption(
            f":material/history: “{literal(scenario.name)}” was saved on data that has changed "
            "since; it is solved on the data as read now."
        )
    return not problems


def _comparison(bench: Bench, solved: Sequence[Solved]) -> None:
    version = version_of(solved)
    st.header("Who wins, who loses, and the figures", anchor=False)
    st.caption(f"In brackets: the difference to “{literal(solved[0].name)}”. Green is better.")
    _headlines(solved, version)
    for one in solved:
        st.caption(f"**{literal(one.name)}**: {literal(terms_of(one))}")
    st.header("Who moves", anchor=False)
    after = solved[1]
    if len(solved) > 2:
        names = [one.name for one in solved[1:]]
        name = st.segmented_control(
            f"From “{literal(solved[0].name)}” to", names, default=names[0], required=True,
            format_func=literal,
            key=f"compare moves {version}",
        )  # fmt: skip
        after = next(one for one in solved if one.name == name)
    draw_moves(solved[0], after, key=f"compare {after.name}", version=version)
    ranks = st.expander(
        "Ranks received", icon=":material/bar_chart:", on_change="rerun", key="compare ranks"
    )
    if ranks.open:
        with ranks:
            _distributions(solved)
    costs = st.expander(
        "What it costs whom", icon=":material/groups:", on_change="rerun", key="compare costs"
    )
    if costs.open:
        with costs:
            draw_groups(solved, version)


def version_of(solved: Sequence[Solved]) -> str:
    """Tells what is compared from anything else, for the keys of tables."""
    return " ".join(f"{one.name} {one.identity[:12]}" for one in solved)


def _headlines(solved: Sequence[Solved], version: str) -> None:
    names = [one.name for one in solved]
    every = st.toggle("All figures", key="compare all figures")
    frame = with_fates(headlines(solved), solved)
    frame = frame if every else frame.loc[[f for f in FIRST if f in frame.index]]
    shown = headline_table(frame, names)
    colours = pd.DataFrame("", index=shown.index, columns=shown.columns)
    for name in names[1:]:
        colours[name] = [
            _colour(change, better)
            for change, better in zip(frame[f"Δ {name}"], frame["better"], strict=True)
        ]
    st.dataframe(
        shown.style.apply(lambda _: colours, axis=None),
        hide_index=True,
        height="content",
        column_config={"Figure": st.column_config.TextColumn(width=260 if every else 150)},
        key=f"compare headlines {version} {every}",
    )
    download_buttons(lambda: shown, "comparison", f"compare headlines {version}")
    different = {(one.result.settings.alpha, one.result.settings.power) for one in solved}
    if len(different) > 1:
        st.caption(
            "Alpha or power differ between these scenarios, so their totals are measured on "
            "different scales and not shown."
        )


def with_fates(frame: pd.DataFrame, solved: Sequence[Solved]) -> pd.DataFrame:
    """`comparison.headlines` under two rows more: how many are better and worse off than in the
    first scenario. Their differences say as much, so that they are coloured."""
    rows = pd.DataFrame(
        {"figure": ["Better off", "Worse off"], "better": ["more", "less"]},
        index=["winners", "losers"],
    )
    for one in solved[1:]:
        fates = told_moves(solved[0], one)["outcome"]
        rows[one.name] = [int((fates == "winner").sum()), int((fates == "loser").sum())]
        rows[f"Δ {one.name}"] = rows[one.name]
    return pd.concat([rows, frame])


def headline_table(frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """`with_fates` in words, one row a figure, each difference behind its figure."""
    shown = pd.DataFrame(
        {"Figure": [SHORT.get(f, words) for f, words in frame["figure"].items()]},
        index=frame.index,
    )
    for name in names:
        shown[name] = [figure_words(f, v) for f, v in zip(frame.index, frame[name], strict=True)]
        if (change := f"Δ {name}") in frame:
            told = [_in_brackets(f, v) for f, v in zip(frame.index, frame[change], strict=True)]
            shown[name] += told
    return shown.reset_index(drop=True)


def _in_brackets(figure: str, change: float) -> str:
    if pd.isna(change) or abs(change) < 1e-9 or figure in ("winners", "losers"):
        return ""
    return f" ({signed_words(figure, change)})"


def _colour(change: float, better: str) -> str:
    if pd.isna(change) or abs(change) < 1e-9 or not better:
        return ""
    good = (change < 0) == (better == "less")
    light, dark = ("#00664B", "#2FB587") if good else ("#A34700", "#F0803C")
    return f"color: {dark if is_dark() else light}"


def _distributions(solved: Sequence[Solved]) -> None:
    left, right = st.columns(2)
    solves = {one.name: one for one in solved}
    with left:
        draw_choices(
            overlaid_distributions(
                {o.name: rank_distribution(o.placed, len(o.inputs.workers)) for o in solved},
                dark=is_dark(),
            ),
            solves,
            key="compare distributions",
            alt="Share of workers within their first choices, by scenario",
        )
    with right:
        draw_choices(
            overlaid_bands(
                {
                    o.name: bands(o.placed, len(o.inputs.workers), len(o.inputs.job_lines))
                    for o in solved
                },
                dark=is_dark(),
            ),
            solves,
            key="compare bands",
            alt="Workers by choice received, by scenario",
        )
    with st.expander("The distributions as a table"):
        table = rank_distributions(solved).rename(columns={"scenario": "Scenario"})
        data_table(
            table.drop(columns="choice"),
            key="compare distributions",
            version=version_of(solved),
            noun="row",
            file_name="rank-distributions",
        )


def draw_groups(solved: Sequence[Solved], version: str) -> None:
    """Chart and table; the file hides what would tell how a single worker fared."""
    by = st.segmented_control(
        "Groups by",
        list(GROUPINGS),
        default="qualificationlevel",
        required=True,
        format_func=GROUPINGS.__getitem__,
        key="compare groups by",
    )
    frame = group_costs(solved, by)
    draw(
        group_cost_chart(frame, [one.name for one in solved], dark=is_dark()),
        key="compare groups",
        alt="Mean rank received by group and scenario",
    )
    data_table(
        groups_table(frame),
        key="compare groups",
        version=f"{version} {by}",
        noun="row",
        file_name="costs-by-group",
        search=["Group", "Scenario"],
        exported=lambda kept: kept_of(masked(frame), kept),
    )
    st.caption(f"On screen for your eyes only. In the file: {MASKED}")
    n_groups = frame.loc[frame["group"] != EVERYBODY, "group"].nunique()
    st.caption(
        f"{counted(n_groups, 'group')}. A worker with several qualifications counts under each "
        "of them."
    )


def groups_table(frame: pd.DataFrame) -> pd.DataFrame:
    """`comparison.group_costs` under labels that a coordinator reads."""
    return frame.rename(
        columns={
            "group": "Group",
            "scenario": "Scenario",
            "workers": "Workers",
            "mean_score": "Mean rank counted",
            "worker_dissatisfaction": "Workers' dissatisfaction",
            "weighting_points": "Organisation's weighting points",
            "Δ mean_score": "Δ mean rank",
            "Δ worker_dissatisfaction": "Δ workers'",
            "Δ weighting_points": "Δ weighting points",
        }
    ).round(4)


def masked(frame: pd.DataFrame) -> pd.DataFrame:
    """The costs for a file: rows of groups so small that they tell of single workers are blank."""
    parts = []
    for _, rows in frame.groupby("scenario", sort=False):
        everybody = rows["group"] == EVERYBODY
        last = pd.concat([rows[~everybody], rows[everybody]])
        parts.append(mask_small_counts(last, [], "workers"))
    return pd.concat(parts).loc[frame.index] if parts else frame


def kept_of(masked_rows: pd.DataFrame, kept: pd.DataFrame) -> pd.DataFrame:
    """Those rows that the filter has kept on screen, under their labels."""
    return groups_table(masked_rows.loc[kept.index])
