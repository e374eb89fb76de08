"""Who held what before: choose it for the scenario in hand, see what is new since, and say who may
move."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import streamlit as st

from allocator.database.overview import RunOverview
from allocator.errors import UsageError
from allocator.models import RunInputs
from allocator.repair.lists import read_placements
from allocator.rules.moments import local_time
from allocator.rules.naming import job_line_name, listed, worker_name
from allocator.scenario.baseline_changes import MoveRule
from allocator.scenario.changes import Hold, ImproveOnly, KeepNumbers, SetBaseline, SwapWish
from console.screens.scenarios.bench import VIEWS, Bench, has_allocation, show_view, solved_or_wait
from console.state import backend, readings, scenario_drafts, scenario_store
from console.ui import session
from console.ui.messages import literal, shown_errors
from console.ui.tables import counted

COMPLETED, SAVED, LIST = "A completed run", "A saved scenario", "A list (CSV)"
_FROM = "baseline from scenario"
MOST_LISTED = 50
CSV_HELP = (
    "One placement a row under the heading `worker,job line`. Workers by internal id or name, "
    "job lines by name. While a row is wrong, nothing of the list is taken."
)


def baseline_of(bench: Bench) -> SetBaseline | None:
    """The baseline of the scenario in hand."""
    return next((c for c in bench.scenario.changes if isinstance(c, SetBaseline)), None)


def siblings(bench: Bench) -> list[RunOverview]:
    """The batches of the run's allocation run, itself among them, the latest completed first."""
    mine = bench.as_read.run.allocation_run
    found = [one for one in readings.overviews(as_it_was=True) if one.run.allocation_run == mine]
    return sorted(found, key=lambda one: str(one.run.completed_at or ""), reverse=True)


def draw_baseline(bench: Bench) -> SetBaseline | None:
    """What the scenario begins with, or the choice of it; None while there is none."""
    st.header("Begin with", anchor=False)
    base = baseline_of(bench)
    if base is None:
        with shown_errors():
            _choice(bench)
        return None
    told = base.source or "an earlier allocation"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f":material/history: **{counted(len(base.placements), 'placement')}** from "
            f"{literal(told)}",
            width="stretch",
        )
        st.button(
            "Choose another", icon=":material/undo:", on_click=_drop, args=(bench,),
            key="drop baseline",
        )  # fmt: skip
    return base


@session.signed_in
def _drop(bench: Bench) -> None:
    # What follows from it says nothing without it.
    gone = SetBaseline | MoveRule | SwapWish | KeepNumbers
    kept = tuple(change for change in bench.scenario.changes if not isinstance(change, gone))
    scenario_drafts.change(bench.run_id, replace(bench.scenario, changes=kept), anew=True)


def _choice(bench: Bench) -> None:
    st.markdown("Whose allocation was published? Everybody is compared with what they had there.")
    how = st.segmented_control(
        "Begin with", (COMPLETED, SAVED, LIST), default=COMPLETED, required=True,
        label_visibility="collapsed", key=f"baseline kind {bench.run_id}",
    )  # fmt: skip
    {COMPLETED: _completed, SAVED: _saved, LIST: _list}[how or COMPLETED](bench)


def _completed(bench: Bench) -> None:
    offered = {one.run.id: one for one in siblings(bench) if not one.run.is_pending}
    if not offered:
        st.info("No batch of this year is completed yet. Begin with a saved scenario or a list.")
        return

    def words(run_id: str) -> str:
        run = offered[run_id].run
        when = local_time(run, run.completed_at) if run.completed_at else ""
        this = ", this run" if run_id == bench.run_id else ""
        return f"Batch {offered[run_id].batch} of {offered[run_id].batches}, completed {when}{this}"

    chosen = st.selectbox("Completed run", list(offered), format_func=words, key="baseline run")
    if st.button("Begin with it", type="primary", key="take baseline") and chosen:
        found = backend.service().baseline(bench.as_read.run, offered[chosen].run)
        _take(bench, found.placements, found.source)


def _saved(bench: Bench) -> None:
    offered = {k.id: k for k in scenario_store.shelf(bench.run_id).readable}
    if not offered:
        st.info("No scenario of this run is saved yet.")
        return
    chosen = st.selectbox(
        "Saved scenario", list(offered), format_func=lambda kept: offered[kept].name,
        key="baseline scenario",
    )  # fmt: skip
    if st.button("Begin with its allocation", type="primary", key="take baseline"):
        session.remember(_FROM, chosen, bench.run_id)
    kept = offered.get(session.remembered(_FROM, bench.run_id) or "")
    if kept is None or kept.scenario is None:
        return
    solved = solved_or_wait(bench, [kept.scenario])
    if solved is None:
        return
    session.forget(_FROM, bench.run_id)
    if not has_allocation(solved[0]):
        st.warning(f"“{literal(kept.name)}” has no allocation to begin with.")
        return
    held = [(a.worker_mapping, a.job_line) for a in solved[0].result.allocations]
    _take(bench, held, f"the scenario “{kept.name}”")


def _list(bench: Bench) -> None:
    st.caption(CSV_HELP)
    file = st.file_uploader("List of placements", type="csv", key=bench.key("baseline file"))
    if file is None:
        return
    try:
        placements = read_placements(file.getvalue(), bench.as_read)
    except UsageError as error:
        draw_rows(error)
        return
    _take(bench, placements, f"the list {file.name}")


def draw_rows(error: UsageError) -> None:
    """Why a list was refused: every wrong row, and that nothing was taken."""
    rows = list(error.facts.get("problems", ()))
    if not rows:
        raise error
    told = [f"- {literal(row)}" for row in rows[:MOST_LISTED]]
    if len(rows) > MOST_LISTED:
        told.append(f"- … and {len(rows) - MOST_LISTED:,} more")
    head = f"**{counted(len(rows), 'row')} of the list cannot be used, so nothing was taken.**"
    st.error("\n".join([head, "", *told]), icon=":material/block:")


def _take(bench: Bench, placements: Iterable[tuple[str, str]], source: str) -> None:
    scenario = bench.scenario.then(SetBaseline(tuple(placements), source, author=bench.operator))
    if scenario.name.startswith(scenario_drafts.NEW):
        name = scenario_store.shelf(bench.run_id).free_name("Repair")
        scenario = replace(scenario, name=name)
    scenario_drafts.change(bench.run_id, scenario, anew=True)
    st.rerun()


def draw_news(bench: Bench, base: SetBaseline, inputs: RunInputs) -> None:
    """What is new since: who and what takes no part any more, and who had nothing."""
    held = dict(base.placements)
    names = {row.id: f"{row.name} ({row.reason})" for row in bench.as_read.left_out}
    here, lines = inputs.worker_positions, inputs.job_line_positions
    gone = [names.get(w) or worker_name(inputs, w) for w in held if w not in here]
    closed = {j for w, j in held.items() if j not in lines}
    closed_names = [names.get(j) or job_line_name(inputs, j) for j in sorted(closed)]
    new = [worker_name(inputs, w.id) for w in inputs.workers if w.id not in held]
    told = []
    for words, noun, who in (
        ("Take no part any more", "worker", gone),
        ("Job lines that take no part any more", "job line", closed_names),
        ("Had no place", "worker", new),
    ):
        if who:
            told.append(f"- {words}: {literal(listed(who, noun))}")
    st.markdown(
        "\n".join(["**New since then**", "", *(told or ["- Nobody left and nobody came."])])
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            "Withdrawals, corrected lists and new job lines come from the database (“Refresh from "
            "database” above). What it does not say yet, such as a job line that closes, is a "
            "change of the scenario.",
            width="stretch",
        )
        st.button(
            "Add such a change", icon=":material/add:", on_click=_to_changes, args=(bench.run_id,),
            key="repair to changes",
        )  # fmt: skip


@session.signed_in
def _to_changes(run_id: str) -> None:
    show_view(run_id, VIEWS[0])


def draw_move_rules(bench: Bench, base: SetBaseline) -> None:
    """Who may not move, and who may move only to gain; each acts at once."""
    left, right = st.columns(2)
    with left:
        _rule(bench, base, Hold, "May not move at all")
    with right:
        _rule(bench, base, ImproveOnly, "May move only to something they rank better")


def _rule(bench: Bench, base: SetBaseline, kind: type[MoveRule], label: str) -> None:
    mine = [c for c in bench.scenario.changes if type(c) is kind and c.worker_ids]
    named: frozenset[str] = frozenset().union(*(c.worker_ids for c in mine))
    here, held = bench.as_read.worker_positions, dict(base.placements)
    names = {w: worker_name(bench.as_read, w) for w in {*held, *named} if w in here or w in named}
    chosen = st.multiselect(
        label,
        sorted(names, key=lambda worker: names[worker].casefold()),
        sorted(named),
        format_func=lambda worker: names.get(worker, ""),
        placeholder="Nobody is named",
        key=bench.key(f"rule {kind.kind}"),
    )
    if frozenset(chosen) == named:
        return
    others = tuple(change for change in bench.scenario.changes if change not in mine)
    scenario = replace(bench.scenario, changes=others)
    if chosen:
        scenario = scenario.then(kind(frozenset(chosen), author=bench.operator))
    scenario_drafts.change(bench.run_id, scenario)
    st.rerun()
