"""The same run and changes under every aim, each with its price."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import streamlit as st

from allocator.errors import NotSolved
from allocator.explanation import extremes
from allocator.measures import outcome, rank_distribution
from allocator.models import Policy, Settings
from allocator.scenario import Scenario
from allocator.solved import Solved
from console.charts import overlaid_distributions
from console.screens.scenarios.bench import VIEWS, Bench, has_allocation, show_view, solved_or_wait
from console.screens.scenarios.change_list import draw_problems
from console.screens.scenarios.dials import figure_words, signed_words
from console.state import drafts, trials
from console.ui import session
from console.ui.data_table import data_table
from console.ui.figures import draw, is_dark
from console.ui.messages import literal

NAMES = {
    Policy.LEAST_TOTAL: "Least total",
    Policy.GREEDY: "Most first choices",
    Policy.GENEROUS: "Fewest last choices",
    Policy.LEXIMIN: "Worst-off first",
}
CAPPED = "Best worst-off rank"
MEANS = {
    NAMES[
        Policy.LEAST_TOTAL
    ]: "The least sum of the workers' and the organisation's dissatisfaction. The default.",
    NAMES[Policy.GREEDY]: "As many first choices as possible, then as many second ones, and so on.",
    NAMES[Policy.GENEROUS]: (
        "As few unranked placements as possible, then as few last ranks, then the one before."
    ),
    NAMES[
        Policy.LEXIMIN
    ]: "The worst-off worker as well off as possible, then the next, and so on.",
    CAPPED: "The least total among allocations in which nobody is worse off than need be.",
}


def draw_policies(bench: Bench) -> None:
    """Solve the draft under every aim and show what each brings and costs."""
    st.markdown(
        f"“{literal(bench.scenario.name)}” with its changes and settings, solved under every aim. "
        "The **price** is what the total dissatisfaction rises by against the least total."
    )
    if draw_problems(bench):
        return
    offered = variants(bench)
    solved = solved_or_wait(bench, list(offered.values()))
    if solved is None:
        return
    found = {name: one for name, one in zip(offered, solved, strict=True) if has_allocation(one)}
    if not found:
        st.warning("No allocation keeps every rule of this scenario, whatever the aim.")
        return
    frame = policy_table(found)
    data_table(
        frame,
        key=f"policies {bench.run_id}",
        version=bench.key(str(hash(bench.scenario))),
        noun="aim",
        file_name="policies",
    )
    _chart(found)
    _open_buttons(bench, offered)


def variants(bench: Bench) -> dict[str, Scenario]:
    """Name → the draft under that aim; the cap is the least that any allocation reaches."""
    settings = replace(bench.scenario.settings, worst_rank=None)
    wanted: dict[str, Settings] = {
        name: replace(settings, policy=policy) for policy, name in NAMES.items()
    }
    least = _least_cap(bench)
    if least is not None:
        wanted[CAPPED] = least
    return {
        name: replace(bench.scenario, name=f"{bench.scenario.name}: {name}", settings=settings)
        for name, settings in wanted.items()
    }


def _least_cap(bench: Bench) -> Settings | None:
    inputs = trials.variant(bench.reading, bench.scenario).inputs
    try:
        return extremes(inputs, bench.scenario.settings).for_worst_off
    except NotSolved:
        return None


def policy_table(found: dict[str, Solved]) -> pd.DataFrame:
    """One row an aim, in words; the price is against the least total."""
    first = next(iter(found.values()))
    rows = []
    for name, one in found.items():
        got = outcome(one.inputs, one.result)
        price = (one.result.objective or 0.0) - (first.result.objective or 0.0)
        rows.append(
            {
                "Aim": name,
                "Total": figure_words("objective", one.result.objective),
                "Price": "none" if abs(price) < 1e-9 else signed_words("objective", price),
                "First choices": got.first_choices,
                "Top 3": got.within[3],
                "Unranked": got.unranked,
                "Mean rank counted": figure_words("mean_score", got.mean_score),
                "Worst rank": figure_words("worst_score", got.worst_score),
                "Workers who share it": got.n_worst,
            }
        )
    return pd.DataFrame(rows)


def _chart(found: dict[str, Solved]) -> None:
    draw(
        overlaid_distributions(
            {n: rank_distribution(o.placed, len(o.inputs.workers)) for n, o in found.items()},
            dark=is_dark(),
        ),
        key="policies distributions",
        alt="Share of workers within their first choices, by aim",
    )


def _open_buttons(bench: Bench, offered: dict[str, Scenario]) -> None:
    st.subheader("What the aims mean", anchor=False)
    for name, scenario in offered.items():
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{name}**  \n{MEANS[name]}", width="stretch")
            st.button(
                "Go on with it",
                icon=":material/open_in_new:",
                on_click=_open,
                args=(bench, scenario),
                key=f"open policy {name}",
            )


@session.signed_in
def _open(bench: Bench, scenario: Scenario) -> None:
    """Work on the draft under that aim; a stored scenario stays as it is stored."""
    drafts.work_on(bench.run_id, replace(scenario, author=bench.operator))
    show_view(bench.run_id, VIEWS[0])
