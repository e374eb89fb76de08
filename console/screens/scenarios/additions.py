"""Forms that add changes: pins, eligibility, job lines, workers left out."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from allocator.rules.eligibility import rule_for
from allocator.rules.naming import job_line_name, places, worker_name
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
from console.screens.scenarios.bench import Bench
from console.state import drafts, trials
from console.ui.messages import literal

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
    for label, (icon, draw) in folds.items():
        with st.expander(label, icon=icon, key=f"fold {label}"):
            draw(bench)


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
        drafts.add(bench.run_id, *made)
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
