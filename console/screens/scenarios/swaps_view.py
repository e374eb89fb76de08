"""A swap round: wishes by form or list, and the exchanges that grant the most of them."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from allocator.demo.demo_data import REPAIR_BATCH, TO_REPAIR
from allocator.demo.files import WISHES, demo_lists
from allocator.errors import UsageError
from allocator.repair.lists import read_wishes
from allocator.repair.swaps import SetAside, SwapRound
from allocator.result import Status
from allocator.rules.naming import job_line_name, worker_name
from allocator.scenario.changes import SetBaseline
from console.screens.scenarios.baseline_view import draw_baseline, draw_rows
from console.screens.scenarios.bench import VIEWS, Bench, watch_job
from console.screens.scenarios.point_view import draw_chains, draw_shifts_table, draw_ways_on
from console.state import repairs
from console.ui import messages, session
from console.ui.data_table import data_table
from console.ui.messages import shown_errors

INTRO = (
    "After publication doctors say which job lines they would take instead of their own. The round "
    "finds the exchanges, in circles of any length, that grant the most wishes: nobody moves who "
    "did not ask to, nobody gets what they rank below their own, no rule is broken, and each job "
    "line keeps its number of doctors."
)
CSV_HELP = (
    "The doctor and what they would take, under the heading `worker,job line`; further job lines "
    "in further columns or rows. Workers by internal id or name. While a row is wrong, nothing of "
    "the list is taken. Wishes stay in this tab until the round is opened as a scenario."
)
_WISHES = "swap wishes"
Wishes = dict[str, tuple[str, ...]]


def draw_swaps(bench: Bench) -> None:
    """The baseline, the wishes, and what the round brings."""
    st.markdown(INTRO)
    base = draw_baseline(bench)
    if base is None:
        return
    listed = _listed(bench)
    by_form: Wishes = session.remembered(_WISHES, bench.run_id, {})
    with shown_errors():
        _form(bench, base, by_form)
    wishes = joined(listed, by_form)
    if not wishes:
        st.info("No wishes yet. Add them one by one, or upload a list.")
        return
    held = dict(base.placements)
    data_table(
        wishes_table(bench, held, wishes),
        key=f"wishes {bench.run_id}",
        version=f"{bench.version} {hash(tuple(sorted(wishes.items())))}",
        noun="doctor",
        file_name="wishes",
        search=["Doctor", "Has", "Would take"],
    )
    _round(bench, base, wishes)


def joined(first: Mapping[str, tuple[str, ...]], more: Mapping[str, tuple[str, ...]]) -> Wishes:
    """Both, each job line of a worker once."""
    both = dict(first)
    for worker, lines in more.items():
        both[worker] = tuple(dict.fromkeys((*both.get(worker, ()), *lines)))
    return both


def _listed(bench: Bench) -> Wishes:
    """The wishes of the uploaded list; none while a row of it is wrong."""
    st.header("Wishes", anchor=False)
    st.caption(CSV_HELP)
    if bench.run_id in (TO_REPAIR, REPAIR_BATCH):
        st.download_button(
            "Download twelve wishes to try it with",
            lambda: demo_lists()[WISHES],
            file_name=WISHES,
            mime="text/csv",
            icon=":material/download:",
            type="tertiary",
            on_click="ignore",
            key="demo wishes",
        )
    file = st.file_uploader("List of wishes", type="csv", key=f"wishes file {bench.run_id}")
    if file is None:
        return {}
    try:
        return read_wishes(file.getvalue(), bench.as_read)
    except UsageError as error:
        with shown_errors():
            draw_rows(error)
    return {}


def _form(bench: Bench, base: SetBaseline, by_form: Wishes) -> None:
    """One doctor's wish; those added so far can be taken back."""
    inputs = bench.as_read
    held = {w: j for w, j in base.placements if w in inputs.worker_positions}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        worker = st.selectbox(
            "Doctor",
            sorted(held, key=lambda one: worker_name(inputs, one).casefold()),
            index=None,
            format_func=lambda one: (
                f"{worker_name(inputs, one)} · has {job_line_name(inputs, held[one])}"
            ),
            placeholder="Choose a doctor",
            width=420,
            key=f"wish of {bench.run_id} {len(by_form)}",
        )
        lines = st.multiselect(
            "Would take instead",
            [line.id for line in inputs.job_lines if worker is None or line.id != held[worker]],
            format_func=lambda line: job_line_name(inputs, line),
            placeholder="Choose one or more job lines",
            width=420,
            key=f"wished {bench.run_id} {len(by_form)} {worker}",
        )
        if st.button(
            "Add the wish",
            icon=":material/add:",
            disabled=worker is None or not lines,
            key="add wish",
        ):
            assert worker is not None
            added = joined(by_form, {worker: tuple(lines)})
            session.remember(_WISHES, added, bench.run_id)
            st.rerun()
        if by_form:
            st.button(
                "Take back what was added here",
                icon=":material/undo:",
                on_click=session.signed_in(session.forget),
                args=(_WISHES, bench.run_id),
                key="forget wishes",
            )


def wishes_table(bench: Bench, held: Mapping[str, str], wishes: Wishes) -> pd.DataFrame:
    """A row for each doctor with a wish."""
    inputs = bench.as_read
    rows = [
        (
            worker_name(inputs, worker),
            job_line_name(inputs, held[worker]) if worker in held else "Nothing",
            "; ".join(job_line_name(inputs, line) for line in lines),
        )
        for worker, lines in wishes.items()
    ]
    return pd.DataFrame(sorted(rows), columns=["Doctor", "Has", "Would take"])


def _round(bench: Bench, base: SetBaseline, wishes: Wishes) -> None:
    job = repairs.swaps_of(bench.reading, bench.scenario, wishes)
    snapshot = job.snapshot() if job else None
    if job is None or snapshot is None or (not snapshot.is_running and not snapshot.result):
        if snapshot and snapshot.error:
            messages.show_error(snapshot.error)
        elif snapshot:
            st.info("The round was stopped.")
        if st.button(
            "Find the best exchanges", type="primary", icon=":material/swap_horiz:",
            key="find exchanges",
        ):  # fmt: skip
            repairs.begin_swaps(bench.reading, bench.scenario, base, wishes, bench.operator)
            st.rerun()
        return
    if snapshot.is_running:
        watch_job(job)
    elif isinstance(snapshot.result, SwapRound):
        _outcome(bench, snapshot.result)


def _outcome(bench: Bench, found: SwapRound) -> None:
    st.header("The round", anchor=False)
    if found.result.status is Status.INFEASIBLE:
        st.error(
            "**The allocation that the round begins with breaks a rule of the run.** Somebody "
            "cannot keep what they had. Repair the year first.",
            icon=":material/block:",
        )
        return
    if found.cycles:
        _granted(bench, found)
    else:
        st.info("No wish can be granted without somebody losing.")
    if found.set_aside:
        st.markdown("**Set aside**: wishes that cannot be granted, whatever the others want.")
        data_table(
            set_aside_table(found.set_aside),
            key=f"set aside {bench.run_id}",
            version=f"{bench.version} {len(found.set_aside)}",
            noun="row",
            file_name="set-aside",
        )


def _granted(bench: Bench, found: SwapRound) -> None:
    proof = found.result.certificate
    get = "doctor gets" if found.gainers == 1 else "doctors get"
    if proof is not None and proof.verified:
        sure = (
            ":green[:material/verified:] Proven to be the most; the proof was checked "
            "independently, with every rule."
        )
    else:
        sure = ":orange[:material/warning:] Not proven to be the most."
    st.markdown(f"**{found.gainers} {get} what they wished for.** {sure}")
    draw_chains(found.cycles, "Circle")
    draw_shifts_table(found.moved, key="swaps", version=bench.key("swaps"))
    draw_ways_on(bench, found.scenario, "swap-round", VIEWS[-1], key="swaps")


def set_aside_table(rows: tuple[SetAside, ...]) -> pd.DataFrame:
    """Wishes that cannot be granted, and why."""
    told = [(one.name, one.job_line_name, one.why) for one in rows]
    return pd.DataFrame(told, columns=["Doctor", "Wished for", "Why not"])
