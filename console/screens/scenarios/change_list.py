"""The changes of a scenario in words, undone one by one, and the forms that add one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd
import streamlit as st

from allocator.errors import NotExplained
from allocator.explanation import placement_options
from allocator.measures import mask_small_counts
from allocator.measures.bands import GROUPINGS
from allocator.measures.comparison import EVERYBODY, group_costs
from allocator.report.sections import MASKED
from allocator.rules.eligibility import rule_for
from allocator.rules.naming import job_line_name, places, worker_name
from allocator.scenario import Scenario
from allocator.scenario.change import Change
from allocator.scenario.changes import (
    AllowPair,
    BanPair,
    LeaveOut,
    LiftPin,
    Pin,
    SetMandatory,
    SetPlaces,
)
from allocator.solved import Solved
from console.charts.scenarios import group_cost_chart
from console.screens.scenarios.bench import Bench, has_allocation
from console.state import scenario_drafts, trials
from console.ui import session
from console.ui.data_table import data_table
from console.ui.messages import literal
from console.ui.notes import because
from console.ui.tables import counted, draw, is_dark


def draw_problems(bench: Bench) -> bool:
    """Say plainly what keeps the scenario from being solved; gives whether anything does."""
    found = trials.problems(bench.as_read, bench.scenario)
    if found:
        lines = "\n".join(f"- {literal(problem)}" for problem in found)
        st.error(
            f"**The scenario cannot be solved.** Undo one of these changes.\n\n{lines}",
            icon=":material/block:",
        )
    return bool(found)


def draw_change_list(bench: Bench, now: Solved | None) -> None:
    """Every change with its reason, author, price and a button that undoes it."""
    st.subheader(f"Changes ({len(bench.scenario.changes)})", anchor=False)
    if not bench.scenario.changes:
        st.caption("None yet: only the settings above differ from the run as it is.")
        return
    words = bench.scenario.words(bench.as_read)
    for index, (change, sentence) in enumerate(zip(bench.scenario.changes, words, strict=True)):
        with st.container(border=True):
            with st.container(horizontal=True, vertical_alignment="top"):
                st.markdown(f"**{literal(sentence)}**  \n{because(change)}", width="stretch")
                st.button(
                    "Undo",
                    icon=":material/undo:",
                    on_click=_undo,
                    args=(bench.run_id, bench.scenario, index),
                    key=bench.key(f"undo {index}"),
                )
            if isinstance(change, Pin) and now is not None:
                _pin_notes(bench, index, change, now)


@session.signed_in
def _undo(run_id: str, scenario: Scenario, index: int) -> None:
    scenario_drafts.change(run_id, scenario.without(index), anew=True)


def _pin_notes(bench: Bench, index: int, pin: Pin, now: Solved) -> None:
    """What the pin costs and whom it displaces: exact, by the chain of moves that it causes."""
    worker, line = now.inputs.worker(pin.worker), now.inputs.job_line(pin.job_line)
    rule = rule_for(
        trials.variant(bench.reading, bench.scenario.without(index)).inputs, worker, line
    )
    if not rule.eligible:
        st.markdown(
            f":red-badge[:material/block: Not eligible] {literal(worker.name)} may not hold this "
            f"job line ({literal(rule.words)}), so no allocation exists. Allow the pair, too, if "
            "that is meant.",
        )
        return
    if has_allocation(now):
        _price(bench, bench.scenario.without(index), pin)


def _price(bench: Bench, without: Scenario, pin: Pin) -> None:
    """What the pin costs against the same scenario without it, and the moves that it causes."""
    if not trials.is_quick(bench.reading, 1) and trials.known(bench.reading, without) is None:
        st.caption(f"Pins are priced in runs of up to {trials.MOST_AT_ONCE} workers.")
        return
    before = trials.solve_trial(bench.reading, without, bench.operator)
    if not has_allocation(before):
        st.caption("Without it there is no allocation to compare with.")
        return
    try:
        options = placement_options(before.inputs, before.result, pin.worker)
    except NotExplained:
        st.caption("Its price is not known: the allocation without it is not proven best.")
        return
    row = options[options["job_line"] == pin.job_line].iloc[0]
    moves = row["moves"]
    if not len(moves):
        st.caption("Costs nothing: the worker gets this job line anyway.")
        return
    others = len(moves) - 1
    whom = f"moves {counted(others, 'other worker')}" if others else "moves nobody else"
    st.markdown(f":small[**Price {row['price']:+.4g}** on the total; {whom}.]")
    with st.popover("Who moves", type="tertiary"):
        st.markdown("\n".join(f"- {literal(move.words)}" for move in moves))


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


NOBODY = "Choose a worker"
NOWHERE = "Choose a job line"
LONGEST_REASON = 200


def draw_additions(bench: Bench) -> None:
    """One fold for each kind of change."""
    folds: dict[str, tuple[str, Callable[[Bench], None]]] = {
        "Place a worker (pin)": (":material/keep:", _pin),
        "Allow or ban a pair": (":material/rule:", _pair),
        "Places of a job line": (":material/event_seat:", _job_line),
        "Leave a worker out": (":material/person_off:", _leave_out),
    }
    for label, (icon, draw_fold) in folds.items():
        with st.expander(label, icon=icon, key=f"fold {label}"):
            draw_fold(bench)


def choose_worker(bench: Bench, key: str) -> str | None:
    """A worker's id, by name and internal id."""
    words = {w.id: f"{w.name} · {w.internal_id}" for w in bench.as_read.workers}
    ids = sorted(words, key=lambda worker: words[worker].casefold())
    return st.selectbox(
        "Worker",
        ids,
        index=None,
        format_func=lambda worker: words.get(worker, ""),
        placeholder=NOBODY,
        key=bench.key(key),
    )


def choose_job_line(bench: Bench, key: str) -> str | None:
    """A job line's id, in the coordinator's order."""
    lines = sorted(bench.as_read.job_lines, key=lambda line: (line.sort_order, line.name))
    return st.selectbox(
        "Job line",
        [line.id for line in lines],
        index=None,
        format_func=lambda line: job_line_name(bench.as_read, line),
        placeholder=NOWHERE,
        key=bench.key(key),
    )


def reason_input(bench: Bench, key: str) -> str:
    """Why the change is made."""
    text = st.text_input(
        "Reason",
        max_chars=LONGEST_REASON,
        placeholder="Goes into the audit row with your name",
        key=bench.key(key),
    )
    return (text or "").strip()


def add_button(bench: Bench, label: str, key: str, *changes: Change | None) -> None:
    """A button that adds the changes; it rests while one of them is None."""
    made = [change for change in changes if change is not None]
    if st.button(
        label,
        icon=":material/add:",
        disabled=not made or len(made) < len(changes),
        key=bench.key(key),
    ):
        scenario_drafts.add(bench.run_id, *made)
        st.rerun()


def _pin(bench: Bench) -> None:
    st.caption("The worker must get the job line; everybody else is placed around it.")
    worker, line = choose_worker(bench, "pin worker"), choose_job_line(bench, "pin job line")
    note = {"reason": reason_input(bench, "pin reason"), "author": bench.operator}
    pin = Pin(worker, line, **note) if worker and line else None
    changes: list[Change | None] = [pin]
    if worker and line and (why := _why_not(bench, worker, line)):
        st.warning(literal(why), icon=":material/block:")
        if st.checkbox("Make an exception: allow the pair, too", key=bench.key("pin exception")):
            changes.insert(0, AllowPair(worker, line, **note))
    add_button(bench, "Add pin", "add pin", *changes)


def _pair(bench: Bench) -> None:
    worker, line = choose_worker(bench, "pair worker"), choose_job_line(bench, "pair job line")
    if worker and line:
        why_not = _why_not(bench, worker, line)
        st.caption(literal(why_not or f"{_name(bench, worker)} may hold this job line now."))
    kind = st.segmented_control(
        "What should hold",
        ["May hold it", "May not hold it"],
        default="May hold it",
        required=True,
        key=bench.key("pair kind"),
    )
    note = {"reason": reason_input(bench, "pair reason"), "author": bench.operator}
    made = AllowPair if kind == "May hold it" else BanPair
    change = made(worker, line, **note) if worker and line else None
    add_button(bench, "Add rule for the pair", "add pair", change)


def _job_line(bench: Bench) -> None:
    line = choose_job_line(bench, "places job line")
    row = bench.as_read.job_line(line) if line else None
    if row:
        must = "must have somebody" if row.must_have_workers else "may stay empty"
        st.caption(f"Now: {places(row.places)}, {must}.")
    count = st.number_input(
        "Places", 0, 9999, row.places if row else 1, 1, key=bench.key(f"places {line}")
    )
    mandatory = st.checkbox(
        "Must have somebody",
        row.must_have_workers if row else False,
        key=bench.key(f"mandatory {line}"),
    )
    note = {"reason": reason_input(bench, "places reason"), "author": bench.operator}
    changes: list[Change | None] = []
    if row and count != row.places:
        changes.append(SetPlaces(row.id, int(count), **note))
    if row and mandatory != row.must_have_workers:
        changes.append(SetMandatory(row.id, mandatory, **note))
    add_button(bench, "Change the job line", "add places", *(changes or [None]))


def _leave_out(bench: Bench) -> None:
    st.caption("The run is solved without the worker. Nothing is written about the worker.")
    worker = choose_worker(bench, "out worker")
    note = {"reason": reason_input(bench, "out reason"), "author": bench.operator}
    add_button(bench, "Leave out", "add out", LeaveOut(worker, **note) if worker else None)


def _name(bench: Bench, worker: str) -> str:
    return worker_name(bench.as_read, worker)


def _why_not(bench: Bench, worker: str, line: str) -> str:
    """Why the worker may not hold the job line in the scenario, its pin aside; empty if it may."""
    scenario, inputs = bench.scenario.then(LiftPin(worker)), bench.as_read
    if not trials.problems(bench.as_read, scenario):
        inputs = trials.variant(bench.reading, scenario).inputs
    try:
        rule = rule_for(inputs, inputs.worker(worker), inputs.job_line(line))
    except KeyError:
        return f"{_name(bench, worker)} is left out of this scenario."
    if rule.eligible:
        return ""
    why = rule.words[0].lower() + rule.words[1:]
    return f"{_name(bench, worker)} may not hold {job_line_name(inputs, line)}: {why}."
