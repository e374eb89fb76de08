"""Data errors stand before any trial: those that stop the run, and those to be accepted."""

from __future__ import annotations

from typing import Literal

import pandas as pd
import streamlit as st

from allocator.measures import bands, outcome, rank_distribution, status_words
from allocator.measures.comparison import FIGURES, headline_figures, headlines, movers
from allocator.measures.terms import terms_of
from allocator.models import RunInputs
from allocator.result import Status
from allocator.solved import Solved
from console.charts import overlaid_bands, overlaid_distributions
from console.places import available
from console.screens.scenarios.bench import Bench, has_allocation, solved_or_wait
from console.screens.scenarios.change_list import draw_problems
from console.screens.scenarios.dials import figure_words, short_label, signed_words
from console.state import solving
from console.ui import navigation, session, tables
from console.ui.data_table import data_table
from console.ui.messages import literal
from console.ui.notes import draw_issues
from console.ui.tables import counted, draw, is_dark

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
        return
    st.caption(
        "Happy with it? Results and Commit then show this scenario's allocation. Nothing is "
        "written yet; the commit's audit row will list the changes."
    )
    if st.button("Take to Results and Commit", icon=":material/arrow_forward:", key="hand over"):
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
        draw_hand_over(bench)
    else:
        draw_no_allocation(bench)
    return now


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
    frame = headlines([base, now]) if base else None
    figures = headline_figures(now)
    with st.container(horizontal=True, gap="small"):
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
                help=FIGURES[figure][0],
                border=True,
                width="content",
            )
    if base:
        st.caption(f"Differences are to “{literal(base.name)}”.")
        if base.result.settings.power != now.result.settings.power:
            st.caption("Under another power, dissatisfaction is measured on another scale.")
    words = outcome(now.inputs, now.result).first_choice_words
    st.caption(f"First choices: {words} · {literal(terms_of(now))}")


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
