"""Is it fair: the profile of ranks, the worst-off, groups, and how far from the fairest."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from allocator.explanation import extremes
from allocator.measures import (
    Headline,
    alike_words,
    by_group,
    headline,
    mask_small_counts,
    rank_distribution,
    worst_off,
)
from allocator.measures.bands import GROUPINGS, NOT_PLACED, band_labels
from allocator.models import Settings
from allocator.report import labelled
from allocator.report.parts import LABELS
from allocator.report.sections import MASKED
from allocator.scenario import Scenario
from console.charts import rank_distribution_chart
from console.screens.why.doctor import open_worker
from console.state import scenario_store
from console.ui import navigation, session
from console.ui.about import ShownAllocation
from console.ui.data_table import data_table, download_buttons
from console.ui.messages import literal
from console.ui.scoreboard import draw_doctors, draw_scoreboard, draw_selectable, of_choice
from console.ui.tables import counted, facts_row, is_dark


def draw_fair(source: ShownAllocation) -> None:
    """The whole part."""
    placed = source.placed
    head = headline(source.inputs, source.result)
    draw_scoreboard(source.solved, key="fair")
    if words := alike_words(head.ranks_apart):
        st.caption(words)
    _extremes(source, head)
    st.markdown("## Who got which choice")
    distribution = rank_distribution(placed, len(source.inputs.workers))
    chosen = draw_selectable(
        rank_distribution_chart(distribution, dark=is_dark()),
        key=f"why profile {source.version}",
        alt="Workers by the choice that they received, with the running share",
    )
    if chosen:
        st.markdown(f"**{literal(chosen)}**")
        draw_doctors(of_choice(chosen, placed, distribution), key="why choice")
    else:
        st.caption("Click a bar for the doctors behind it.")
    _worst_off(source, placed)
    _groups(source, placed)


def _extremes(source: ShownAllocation, head: Headline) -> None:
    best = extremes(source.inputs, source.result.settings)
    st.markdown("## How far from the fairest possible")
    st.caption(
        "Both limits are exact: no allocation that keeps the rules does better. They are about "
        "workers who ranked something. A job line that such a worker did not rank counts as the "
        "mean of the ranks left open; one of several tied firsts is a first choice."
    )
    left, right = st.columns(2)
    worst, got = head.outcome.worst_score, head.outcome.first_choices
    with left, st.container(border=True):
        if best.worst_score is None or worst is None:
            st.markdown("Nobody ranked a job line of this run.")
            return
        _limit(
            "Worst rank that anybody must bear",
            f"{best.worst_score:g}",
            f"{worst:g} ({counted(head.outcome.n_worst, 'worker')})",
            f"{worst - best.worst_score:g} more" if worst > best.worst_score else "",
        )
        _open_button(source, f"Nobody beyond rank {best.worst_score:g}", best.for_worst_off)
    with right, st.container(border=True):
        _limit(
            "Largest possible number of first choices",
            f"{best.first_choices:,}",
            f"{got:,}",
            f"{best.first_choices - got:,} fewer" if got < best.first_choices else "",
        )
        _open_button(source, "As many first choices as possible", best.for_first_choices)


def _limit(title: str, best: str, here: str, short: str) -> None:
    st.markdown(f"**{title}**")
    facts_row([("Best possible", best), ("This allocation", here)])
    st.caption(f"{short} than the best possible." if short else "This allocation reaches it.")


def _open_button(source: ShownAllocation, name: str, settings: Settings) -> None:
    if st.button(
        "Open as a scenario",
        icon=":material/alt_route:",
        key=source.key(f"why open {name}"),
        help="Saves it beside the run's other scenarios; the run itself is not touched.",
    ):
        navigation.go("scenarios", scenario=scenario_id(source, name, settings))


def scenario_id(source: ShownAllocation, name: str, settings: Settings) -> str:
    """The stored scenario with these settings and the present changes; saved when it is new."""
    run_id = source.run.id
    changes = source.solved.scenario.changes if source.solved.scenario else ()
    for kept in scenario_store.shelf(run_id).readable:
        stored = kept.scenario
        if stored and (stored.settings, stored.changes) == (settings, changes):
            return kept.id
    operator = session.require_operator()
    scenario = Scenario(name, settings, changes, operator, run_id, source.inputs.fingerprint)
    return scenario_store.save_anew(run_id, scenario, operator).id


def _worst_off(source: ShownAllocation, placed: pd.DataFrame) -> None:
    st.markdown("## The worst-off")
    worst = worst_off(placed)
    chosen = data_table(
        worst,
        key=source.key("why worst"),
        version=source.version,
        noun="worker",
        file_name="worst-off",
        columns=["name", "internal_id", "job_line_name", "rank", "score", "n_ranked"],
        id_column="worker",
    )
    if chosen is None:
        st.caption("Select a worker to see why.")
        return
    name = source.inputs.worker(chosen).name
    if st.button(f"Why was {literal(name)} placed there?", key=source.key("why why worst")):
        open_worker(chosen)


def _groups(source: ShownAllocation, placed: pd.DataFrame) -> None:
    st.markdown("## By group")
    grouping = st.segmented_control(
        "Group by",
        list(GROUPINGS),
        default=next(iter(GROUPINGS)),
        required=True,
        format_func=GROUPINGS.__getitem__,
        key=source.key("why grouping"),
        label_visibility="collapsed",
    )
    frame = by_group(source.inputs, placed, grouping)
    counts = [*band_labels(), NOT_PLACED]
    masked = mask_small_counts(frame, counts, "workers")
    if len(placed) == len(source.inputs.workers):
        frame, masked = (f.drop(columns=[NOT_PLACED]) for f in (frame, masked))
    shown = labelled(frame)
    shown = shown.set_index(shown.columns[0])
    # A static table: it has no download but the masked one below.
    st.table(shown.style.format("{:.2f}", subset=[LABELS["mean_rank"]], na_rep="–"))
    st.caption(f"On screen for your eyes only. In the file: {MASKED}")
    download_buttons(lambda: labelled(masked), "by-group", source.key("why groups"))
