"""What a scenario brings: the bar that stays in view, and what is drawn on demand below it.

Data errors stand before any trial: those that stop the run, and those to be accepted.
"""

from __future__ import annotations

from typing import Literal

import pandas as pd
import streamlit as st

from allocator.measures import bands, outcome, rank_distribution, status_words
from allocator.measures.comparison import FIGURES, headline_figures, headlines
from allocator.measures.terms import terms_of
from allocator.models import RunInputs
from allocator.result import Status
from allocator.solved import Solved
from console.charts import overlaid_bands, overlaid_distributions
from console.places import available
from console.screens.scenarios.bench import Bench, has_allocation, solved_or_wait
from console.screens.scenarios.change_list import draw_problems
from console.screens.scenarios.dials import figure_words, short_label, signed_words
from console.screens.scenarios.shelf import draw_draft_state, draw_steps
from console.screens.scenarios.who_moves import (
    counts_words,
    draw_moves_table,
    moves_list,
    told_moves,
)
from console.state import solving
from console.ui import navigation, session, tables
from console.ui.data_table import data_table
from console.ui.messages import literal, shown_errors
from console.ui.notes import draw_issues
from console.ui.scoreboard import draw_choices
from console.ui.tables import is_dark

_ACCEPTED = "data errors accepted for trials"


def accepted(as_read: RunInputs, version: str) -> bool:
    """Whether the run may be tried; else draws its data errors and what to do about them."""
    if not as_read.issues:
        return True
    if as_read.blocking_issues:
        draw_issues(as_read.issues, key=f"what-if issues {as_read.run.id}", version=version)
        st.caption("Scenarios can be tried once the rows that stop the run are mended.")
        navigation.link("review", "See them on the Review page")
        return False
    if session.remembered(_ACCEPTED, as_read.run.id) == as_read.fingerprint:
        st.caption(f"{len(as_read.issues)} data errors were accepted in this tab.")
        return True
    draw_issues(as_read.issues, key=f"what-if issues {as_read.run.id}", version=version)
    if st.button("Accept these data errors and try scenarios", key="accept data errors"):
        session.remember(_ACCEPTED, as_read.fingerprint, as_read.run.id)
        st.rerun()
    return False


SECONDS_WAITED = 8.0


def draw_hand_over(bench: Bench) -> None:
    """The button that makes this the allocation to commit."""
    if not bench.as_read.run.is_pending:
        st.caption("The run is completed, so that a scenario can only be looked at.")
    elif st.button(
        "Take to Results and Commit",
        icon=":material/arrow_forward:",
        type="primary",
        help="Results and Commit then show this scenario's allocation. Nothing is written yet; "
        "the commit's audit row will list the changes.",
        key="hand over",
    ):
        _hand_over(bench)


def _hand_over(bench: Bench) -> None:
    """Solve once more as the run's own solve, which logs it, and go to its result.

    Raises AlreadyRunning while somebody solves the run.
    """
    job = solving.solve_in_background(
        bench.as_read,
        bench.scenario.settings,
        bench.operator,
        acknowledged=True,
        scenario=bench.scenario,
        refuse_running=True,
    )
    with st.spinner("Solving the scenario once more for the record …"):
        ended = job.wait(SECONDS_WAITED)
    navigation.go("results" if ended else "solve")


STILL: Literal["off"] = "off"
COLOURS: dict[str, Literal["inverse", "normal"]] = {"less": "inverse", "more": "normal"}
SHOWN = (
    "first_choices",
    "top_3",
    "unranked",
    "never",
    "mean_rank",
    "worst_score",
    "worker_dissatisfaction",
    "weighting_points",
)


def solve_draft(bench: Bench) -> tuple[Solved, Solved] | None:
    """The run as it is and the draft, solved; None, and why in words, while there is no answer."""
    if draw_problems(bench):
        return None
    solved = solved_or_wait(bench, [bench.base, bench.scenario])
    if solved is None:
        return None
    base, now = solved
    if not has_allocation(now):
        draw_no_allocation(bench)
    return base, now


def draw_bar(bench: Bench) -> tuple[Solved, Solved] | None:
    """The bar that stays in view: the draft, its figures, and who moves; gives `solve_draft`."""
    with st.container(horizontal=True, vertical_alignment="center", key="bench head"):
        draw_draft_state(bench)
        draw_steps(bench)
        hand_over = st.container(width="content")
    solved = None
    with shown_errors():
        solved = solve_draft(bench)
        if solved and has_allocation(solved[1]):
            _bar_of(bench, *solved)
            with hand_over:
                draw_hand_over(bench)
    return solved


def _bar_of(bench: Bench, base: Solved, now: Solved) -> None:
    compared = base if compares(bench, base) else None
    figures, moves = st.columns(2, gap="medium")
    with figures:
        _figures(compared, now)
        _sureness(compared, now)
    with moves:
        _bar_moves(compared, now)


def compares(bench: Bench, base: Solved) -> bool:
    """Whether there is something to compare: a scenario with an effect, and a run to hold it to."""
    return bench.has_effect and has_allocation(base)


def _sureness(base: Solved | None, now: Solved) -> None:
    """How sure the figures are, under which terms they came about, and what they are held to."""
    proven = now.result.status is Status.OPTIMAL
    icon = ":green[:material/verified:]" if proven else ":orange[:material/warning:]"
    words = outcome(now.inputs, now.result).first_choice_words
    sure = "Proven optimal." if proven else status_words(now.result)
    told = f"{sure} First choices: {words} · {terms_of(now)}"
    if base:
        told += f" · differences are to “{base.name}”"
    if base and base.result.settings.power != now.result.settings.power:
        told += ". Under another power, dissatisfaction is measured on another scale"
    st.caption(f"{icon} {literal(told)}")


def draw_no_allocation(bench: Bench) -> None:
    """No allocation: say so, and where to find out why."""
    st.warning(
        "**No allocation keeps every rule of this scenario.** Undo a change, loosen the cap on "
        "the worst rank, or find out what stands in the way.",
        icon=":material/block:",
    )
    if any(place.path == "infeasibility" for place in available()):
        kept = bench.draft.kept
        more = {"scenario": kept.id} if kept and bench.draft.is_saved else {}
        navigation.link("infeasibility", "Why is there no allocation?", **more)
        if not more:
            st.caption("Save the scenario first to have its own changes looked at there.")


def _figures(base: Solved | None, now: Solved) -> None:
    """One card a figure; green is better."""
    frame = headlines([base, now]) if base else None
    figures = headline_figures(now)
    with st.container(horizontal=True, gap="small", key="bench figures"):
        for figure in SHOWN:
            change = None
            if frame is not None and figure in frame.index:
                change = frame.loc[figure, f"Δ {now.name}"]
            if figure == "never" and not figures[figure] and not change:
                continue
            better = COLOURS.get(FIGURES[figure][1], STILL)
            moved = change is not None and pd.notna(change) and abs(change) > 1e-9
            st.metric(
                short_label(figure),
                figure_words(figure, figures[figure]),
                signed_words(figure, change) if moved else None,
                delta_color=better if moved else STILL,
                width="content",
            )


def _bar_moves(base: Solved | None, now: Solved) -> None:
    with st.container(key="bench moves", gap="small"):
        if base is None:
            st.caption("Who moves is told here as soon as something differs from the run as it is.")
            return
        moves = told_moves(base, now)
        if moves.empty:
            st.markdown("**Nobody moves**: every worker holds the same job line.")
            return
        st.markdown(counts_words(moves))
        st.html(moves_list(moves, "Who moves"))


def draw_on_demand(bench: Bench, base: Solved, now: Solved) -> None:
    """Charts and tables, each drawn when it is opened."""
    pair = [base, now] if compares(bench, base) else [now]
    charts = st.expander("Charts", icon=":material/bar_chart:", on_change="rerun", key="charts")
    if charts.open:
        with charts:
            _charts(pair)
    if len(pair) > 1 and len(moves := told_moves(base, now)):
        draw_moves_table(moves, "Who moves, as a table", key="what-if", version=bench.key("moves"))
    whole = st.expander(
        "The whole allocation", icon=":material/table_rows:", on_change="rerun", key="whole"
    )
    if whole.open:
        with whole:
            data_table(
                tables.allocation_table(now.placed),
                key="what-if allocation",
                version=bench.key("allocation"),
                noun="worker",
                file_name="scenario-allocation",
                search=["Name", "Job line"],
            )


def _charts(pair: list[Solved]) -> None:
    solves = {one.name: one for one in pair}
    draw_choices(
        overlaid_distributions(
            {one.name: rank_distribution(one.placed, len(one.inputs.workers)) for one in pair},
            dark=is_dark(),
        ),
        solves,
        key="what-if distribution",
        alt="Share of workers within their first choices",
    )
    draw_choices(
        overlaid_bands(
            {
                one.name: bands(one.placed, len(one.inputs.workers), len(one.inputs.job_lines))
                for one in pair
            },
            dark=is_dark(),
        ),
        solves,
        key="what-if bands",
        alt="Workers by choice received",
    )
