"""The changes of a scenario in words, each with its price, undone one by one."""

from __future__ import annotations

import streamlit as st

from allocator.errors import NotExplained
from allocator.explanation import placement_options
from allocator.rules.eligibility import rule_for
from allocator.scenario import Scenario
from allocator.scenario.changes import Pin
from allocator.solved import Solved
from console.screens.scenarios.bench import Bench, has_allocation
from console.state import scenario_drafts, trials
from console.ui import session
from console.ui.messages import literal
from console.ui.notes import because
from console.ui.tables import counted


def draw_problems(bench: Bench) -> bool:
    """Say plainly what keeps the scenario from being solved; gives whether anything does."""
    found = trials.problems(bench.reading, bench.scenario)
    if found:
        lines = "\n".join(f"- {literal(problem)}" for problem in found)
        st.error(
            f"**The scenario cannot be solved.** Undo one of these changes.\n\n{lines}",
            icon=":material/block:",
        )
    return bool(found)


def draw_change_list(bench: Bench, now: Solved | None) -> None:
    """Every change with its reason, author, price and a button that undoes it."""
    st.header(f"Changes ({len(bench.scenario.changes)})", anchor=False)
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
