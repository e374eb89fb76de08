"""The organisation's weightings as a table to edit, and a form for new ones."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from allocator.review import review_weightings
from allocator.review.restrictions import effect_words
from allocator.scenario import Scenario
from allocator.scenario.change import Change
from allocator.scenario.changes import AddWeighting, SetWeighting, SwitchOffWeighting
from allocator.scenario.weighting_changes import LARGEST_WEIGHTING, SMALLEST_WEIGHTING
from console.screens.scenarios.bench import Bench
from console.screens.scenarios.change_list import add_button, choose_job_line, reason_input
from console.state import scenario_drafts, trials
from console.ui.tables import SIGN, SIGN_HELP

VALUE, ON, SAYS = "Weighting (positive = less wanted)", "On", "Says"
SHOWN = ["Whom", "Job line", VALUE, ON, SAYS]


def draw_weighting_editor(bench: Bench) -> None:
    """The table of weightings and the form for a new one."""
    with st.expander("Weightings", icon=":material/balance:", key="fold weightings"):
        st.caption(f"{SIGN} Edits stay in the scenario; the coordinators' table is not touched.")
        _table(bench)
        st.markdown("**Add a weighting**")
        _add(bench)


def weightings_table(bench: Bench) -> pd.DataFrame:
    """The weightings as the scenario has them, those switched off included.

    Index: the weighting's id. Columns: `SHOWN`.
    """
    off = {c.weighting for c in bench.scenario.changes if isinstance(c, SwitchOffWeighting)}
    kept = tuple(c for c in bench.scenario.changes if not isinstance(c, SwitchOffWeighting))
    only = tuple(c for c in kept if isinstance(c, SetWeighting | AddWeighting))
    inputs = trials.variant(bench.reading, Scenario("weightings", changes=only)).inputs
    told = review_weightings(inputs).set_index("weighting_id")
    order = [row.id for row in inputs.weightings]
    frame = told.loc[order, ["whom", "where", "weighting"]]
    frame.columns = SHOWN[:3]
    frame[ON] = [weighting not in off for weighting in frame.index]
    frame[SAYS] = [
        effect_words(int(value)) if is_on else "Switched off"
        for value, is_on in zip(frame[VALUE], frame[ON], strict=True)
    ]
    return frame


def _table(bench: Bench) -> None:
    frame = weightings_table(bench)
    if frame.empty:
        st.caption("The organisation has given no weightings for this run.")
        return
    edited = st.data_editor(
        frame,
        hide_index=True,
        disabled=["Whom", "Job line", SAYS],
        column_order=[VALUE, ON, SAYS, "Whom", "Job line"],
        column_config={
            VALUE: st.column_config.NumberColumn(
                "Weighting",
                help=SIGN_HELP,
                min_value=SMALLEST_WEIGHTING,
                max_value=LARGEST_WEIGHTING,
                step=1,
                format="%+d",
                required=True,
            ),
            ON: st.column_config.CheckboxColumn("On", help="Off = ignored in this scenario"),
        },
        key=bench.key("weightings"),
    )
    scenario = with_edits(bench, frame, edited)
    if scenario != bench.scenario:
        scenario_drafts.change(bench.run_id, scenario, anew=True)
        st.rerun()


def with_edits(bench: Bench, before: pd.DataFrame, after: pd.DataFrame) -> Scenario:
    """The scenario with the rows that were edited; a value set back undoes its change."""
    scenario = bench.scenario
    original = {row.id: row.weighting for row in bench.as_read.weightings}
    for weighting, old, new in zip(
        before.index, before.itertuples(index=False), after.itertuples(index=False), strict=True
    ):
        if pd.isna(new[2]) or (int(new[2]), bool(new[3])) == (old[2], old[3]):
            continue
        scenario = _edited(
            scenario, weighting, int(new[2]), bool(new[3]), original.get(weighting), bench.operator
        )
    return scenario


def _edited(
    scenario: Scenario, weighting: str, value: int, is_on: bool, original: int | None, author: str
) -> Scenario:
    added = next(
        (c for c in scenario.changes if isinstance(c, AddWeighting) and c.weighting == weighting),
        None,
    )
    scenario = _without(scenario, weighting)
    change: Change | None = None
    if added is not None:
        if is_on:
            change = AddWeighting(
                value, added.job_line, added.tags, added.workers, weighting,
                reason=added.reason, author=author,
            )  # fmt: skip
    elif not is_on:
        change = SwitchOffWeighting(weighting, author=author)
    elif value != original:
        change = SetWeighting(weighting, value, author=author)
    return scenario if change is None else scenario.then(change)


def _without(scenario: Scenario, weighting: str) -> Scenario:
    target = ("weighting", weighting)
    for index in reversed(range(len(scenario.changes))):
        if scenario.changes[index].target == target:
            scenario = scenario.without(index)
    return scenario


def _add(bench: Bench) -> None:
    inputs = bench.as_read
    value = st.number_input(
        VALUE, SMALLEST_WEIGHTING, LARGEST_WEIGHTING, 1, 1, key=bench.key("new weighting")
    )
    st.caption(f"{value:+d}: {effect_words(value).lower()}. {SIGN}")
    left, right = st.columns(2)
    with left:
        line = choose_job_line(bench, "new weighting job line")
        st.caption("Without a job line it reaches every job line.")
    tags = right.multiselect(
        "Holders of",
        [tag.id for tag in inputs.tags],
        format_func={tag.id: tag.name for tag in inputs.tags}.__getitem__,
        placeholder="Any qualification",
        key=bench.key("new weighting tags"),
    )
    names = {worker.id: f"{worker.name} · {worker.internal_id}" for worker in inputs.workers}
    workers = st.multiselect(
        "Workers",
        sorted(names, key=lambda worker: names[worker].casefold()),
        format_func=names.__getitem__,
        placeholder="Everybody, unless named here or by qualification",
        key=bench.key("new weighting workers"),
    )
    reason = reason_input(bench, "new weighting reason")
    change = AddWeighting(
        value, line, frozenset(tags), frozenset(workers), reason=reason, author=bench.operator
    )
    add_button(bench, "Add weighting", "add weighting", change if value else None)
