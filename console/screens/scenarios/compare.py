"""Two or more solved scenarios side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd
import streamlit as st

from allocator.measures import bands, rank_distribution
from allocator.measures.comparison import headlines, rank_distributions
from allocator.scenario import Scenario
from allocator.solved import Solved
from console.charts import overlaid_bands, overlaid_distributions
from console.screens.scenarios.bench import Bench, has_allocation, solved_or_wait
from console.screens.scenarios.change_list import draw_groups
from console.screens.scenarios.dials import figure_words, long_label, signed_words
from console.screens.scenarios.outcome_view import draw_movers
from console.state import scenario_store, trials
from console.ui.data_table import data_table, download_buttons
from console.ui.messages import literal
from console.ui.tables import draw, is_dark

MOST = 6


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
    problems = trials.problems(bench.as_read, scenario)
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
    st.subheader("Headline figures", anchor=False)
    st.caption(f"Differences (Δ) are to “{literal(solved[0].name)}”. Green is better.")
    _headlines(solved, version)
    st.subheader("Ranks received", anchor=False)
    _distributions(solved)
    st.subheader("Who moves", anchor=False)
    after = solved[1]
    if len(solved) > 2:
        names = [one.name for one in solved[1:]]
        name = st.segmented_control(
            f"From “{literal(solved[0].name)}” to", names, default=names[0], required=True,
            format_func=literal,
            key=f"compare moves {version}",
        )  # fmt: skip
        after = next(one for one in solved if one.name == name)
    draw_movers(solved[0], after, key=f"compare {after.name}", version=version)
    st.subheader("What it costs whom", anchor=False)
    draw_groups(solved, version)


def version_of(solved: Sequence[Solved]) -> str:
    """Tells what is compared from anything else, for the keys of tables."""
    return " ".join(f"{one.name} {one.identity[:12]}" for one in solved)


def _headlines(solved: Sequence[Solved], version: str) -> None:
    frame = headlines(solved)
    shown = headline_table(frame, [one.name for one in solved])
    colours = pd.DataFrame("", index=shown.index, columns=shown.columns)
    for one in solved[1:]:
        colours[f"Δ {one.name}"] = [
            _colour(change, better)
            for change, better in zip(frame[f"Δ {one.name}"], frame["better"], strict=True)
        ]
    st.dataframe(
        shown.style.apply(lambda _: colours, axis=None),
        hide_index=True,
        height="content",
        key=f"compare headlines {version}",
    )
    download_buttons(lambda: shown, "comparison", f"compare headlines {version}")
    different = {(one.result.settings.alpha, one.result.settings.power) for one in solved}
    if len(different) > 1:
        st.caption(
            "The organisation's weight (alpha) or the power differ between these scenarios. The "
            "total, and with another power also the workers' dissatisfaction, are then measured "
            "on different scales: "
            "compare ranks and shares instead."
        )


def headline_table(frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """`comparison.headlines` in words, one row a figure."""
    shown = pd.DataFrame({"Figure": [long_label(f) for f in frame.index]}, index=frame.index)
    for name in names:
        shown[name] = [figure_words(f, v) for f, v in zip(frame.index, frame[name], strict=True)]
        change = f"Δ {name}"
        if change in frame:
            shown[change] = [
                signed_words(f, v) for f, v in zip(frame.index, frame[change], strict=True)
            ]
    return shown.reset_index(drop=True)


def _colour(change: float, better: str) -> str:
    if pd.isna(change) or abs(change) < 1e-9 or not better:
        return ""
    good = (change < 0) == (better == "less")
    light, dark = ("#00664B", "#2FB587") if good else ("#A34700", "#F0803C")
    return f"color: {dark if is_dark() else light}"


def _distributions(solved: Sequence[Solved]) -> None:
    left, right = st.columns(2)
    with left:
        draw(
            overlaid_distributions(
                {o.name: rank_distribution(o.placed, len(o.inputs.workers)) for o in solved},
                dark=is_dark(),
            ),
            key="compare distributions",
            alt="Share of workers within their first choices, by scenario",
        )
    with right:
        draw(
            overlaid_bands(
                {
                    o.name: bands(o.placed, len(o.inputs.workers), len(o.inputs.job_lines))
                    for o in solved
                },
                dark=is_dark(),
            ),
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
