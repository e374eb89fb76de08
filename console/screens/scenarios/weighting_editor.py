"""The organisation's weightings as a table to edit, those that say the same as one row."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from allocator.review import review_weightings
from allocator.review.restrictions import effect_words
from allocator.scenario import Scenario
from allocator.scenario.change import Change
from allocator.scenario.changes import AddWeighting, SetWeighting, SwitchOffWeighting
from allocator.scenario.weighting_changes import LARGEST_WEIGHTING, SMALLEST_WEIGHTING
from console.screens.scenarios.bench import Bench
from console.state import scenario_drafts, trials
from console.ui.tables import SIGN, SIGN_HELP

VALUE, ON, SAYS = "Weighting (positive = less wanted)", "On", "Says"
SHOWN = ["Whom", "Job line", VALUE, ON, SAYS]


def draw_weighting_editor(bench: Bench) -> None:
    """The weightings beside the outcome; those that say the same of the same workers are one row,
    and an edit of that row is one of all of them."""
    st.header("Weightings", anchor=False)
    st.caption(f"{SIGN} Edits stay in the scenario; the coordinators' table is not touched.")
    frame = weightings_table(bench)
    if frame.empty:
        st.caption("The organisation has given no weightings for this run.")
        return
    groups = grouped(frame)
    if len(groups) < len(frame) and st.toggle(
        f"Each of the {len(frame)} weightings in a row of its own",
        key=f"single weightings {bench.run_id}",
    ):
        groups = [((weighting,), row) for weighting, row in frame.iterrows()]
    _table(bench, groups)


Group = tuple[tuple[str, ...], pd.Series]
"""The ids of weightings, and the row that shows them."""


def grouped(frame: pd.DataFrame) -> list[Group]:
    """The rows of `weightings_table` that differ in their job lines only, as one."""
    groups: list[Group] = []
    for _, rows in frame.groupby(["Whom", VALUE, ON], sort=False):
        row = rows.iloc[0].copy()
        if len(rows) > 1:
            row["Job line"] = f"{len(rows)} job lines: {'; '.join(rows['Job line'])}"
        groups.append((tuple(rows.index), row))
    return groups


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


def _table(bench: Bench, groups: Sequence[Group]) -> None:
    frame = pd.DataFrame([row for _, row in groups]).reset_index(drop=True)
    edited = st.data_editor(
        frame,
        hide_index=True,
        disabled=["Whom", "Job line", SAYS],
        column_order=[VALUE, ON, "Whom", "Job line", SAYS],
        column_config={
            VALUE: st.column_config.NumberColumn(
                "Weighting",
                help=SIGN_HELP,
                min_value=SMALLEST_WEIGHTING,
                max_value=LARGEST_WEIGHTING,
                step=1,
                format="%+d",
                required=True,
                width=80,
            ),
            ON: st.column_config.CheckboxColumn(
                "On", help="Off = ignored in this scenario", width=50
            ),
            "Whom": st.column_config.TextColumn(width=170),
            "Job line": st.column_config.TextColumn(width=340),
        },
        key=bench.key(f"weightings {len(groups)}"),
    )
    scenario = with_edits(bench, groups, edited)
    if scenario != bench.scenario:
        scenario_drafts.change(bench.run_id, scenario, anew=True)
        st.rerun()


def with_edits(bench: Bench, groups: Sequence[Group], after: pd.DataFrame) -> Scenario:
    """The scenario with the rows that were edited; a value set back undoes its change."""
    scenario = bench.scenario
    original = {row.id: row.weighting for row in bench.as_read.weightings}
    for (weightings, old), (_, new) in zip(groups, after.iterrows(), strict=True):
        if pd.isna(new[VALUE]) or (new[VALUE], new[ON]) == (old[VALUE], old[ON]):
            continue
        value, is_on = int(new[VALUE]), bool(new[ON])
        for weighting in weightings:
            scenario = _edited(
                scenario, weighting, value, is_on, original.get(weighting), bench.operator
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
