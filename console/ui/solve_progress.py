"""A solve while it runs, and how it ended, redrawn every second in every tab."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from allocator.database.records import LoggedSolve, Work
from allocator.explanation.fairness import cap_words
from allocator.jobs import JobSnapshot, JobState
from allocator.measures import status_words
from allocator.measures.bands import amount
from allocator.measures.outcome import (
    FIRST_CHOICES,
    NOT_RANKED,
    WEIGHTING_POINTS,
    WORST_RANK,
    outcome_of_audit,
)
from allocator.measures.terms import ENDINGS, aim_name
from allocator.models import AllocatorRun
from allocator.result import Phase, Progress, Status
from allocator.rules.moments import local_clock, local_time
from allocator.solved import Solved
from console.charts import progress_chart
from console.state import seeds, solving
from console.ui import messages, navigation, session
from console.ui.data_table import data_table, plain_table
from console.ui.messages import literal
from console.ui.scoreboard import draw_scoreboard
from console.ui.tables import draw, facts_row, is_dark

PHASES = {
    Phase.FORMULATE: "Putting preferences and rules together",
    Phase.START: "Looking for a good first allocation",
    Phase.MASTER: "Finding the best allocation with the solver",
    Phase.PRICING: "Testing its answer against every possible placement",
    Phase.TIE_BREAK: "Drawing lots among equally good allocations",
    Phase.CHECK: "Checking every rule independently",
    Phase.DONE: "Finished",
}


def watched_solve(run: AllocatorRun) -> None:
    """Show the run's solve, and keep looking: whatever any tab starts or ends appears here."""
    snapshot = solving.latest(run.id)
    _watch(run, _stage(snapshot))
    # Not in the fragment: what it lists would close when that is drawn again.
    if found := solving.solved(run.id):
        draw_scoreboard(found, key="solved")


@st.fragment(run_every=1.0)
@session.signed_in
def _watch(run: AllocatorRun, stage_of_page: str) -> None:
    snapshot = solving.latest(run.id)
    if _stage(snapshot) != stage_of_page:
        st.rerun()  # the rest of the page depends on it
    if snapshot is None:
        return
    if snapshot.is_running:
        _draw_running(run, snapshot)
    else:
        _draw_ended(run, snapshot)


def _stage(snapshot: JobSnapshot | None) -> str:
    """Tells one solve, and its stage, from another."""
    return f"{snapshot.started_at} {snapshot.state}" if snapshot else ""


def _draw_running(run: AllocatorRun, snapshot: JobSnapshot) -> None:
    progress = snapshot.progress
    phase = progress.phase if progress else Phase.FORMULATE
    order = list(PHASES)
    step = order.index(phase) + 1
    with st.container(border=True):
        words = "Stopping …" if snapshot.cancelling else f"{PHASES[phase]} …"
        st.progress(step / len(order), f"Step {step} of {len(order)}: {words}")
        limit = f" of {snapshot.request.settings.time_limit:g} s"
        facts_row([("Elapsed", f"{snapshot.elapsed:.0f} s{limit}"), *_totals(progress)])
        st.caption(_who(run, snapshot, "Started"))
        st.button(
            "Stop this solve",
            icon=":material/stop_circle:",
            disabled=snapshot.cancelling,
            on_click=_cancel,
            args=(run.id,),
            help="The best allocation so far is kept to be looked at; it cannot be committed.",
        )
        _draw_course(snapshot)


@session.signed_in
def _cancel(run_id: str) -> None:
    solving.stop_solve(run_id)


def _totals(progress: Progress | None) -> list[tuple[str, str]]:
    """Best total, bound and the gap between them, as far as they are known."""
    if progress is None or progress.incumbent is None:
        return [("Best total so far", "None yet")]
    facts = [("Best total so far", amount(progress.incumbent))]
    if progress.bound is not None and progress.gap is not None:
        share = progress.gap / abs(progress.incumbent) if progress.incumbent else 0.0
        facts.append(("No allocation is below", amount(progress.bound)))
        facts.append(("Gap", f"{amount(progress.gap)} ({share:.2%})"))
    return facts


def _draw_ended(run: AllocatorRun, snapshot: JobSnapshot) -> None:
    ended = snapshot.result
    messages.draw_unlogged(seeds.unlogged(run.id))
    if snapshot.error is not None:
        messages.show_error(snapshot.error)
        st.caption(_who(run, snapshot, "Tried"))
        return
    if not isinstance(ended, Solved):
        st.warning("The solve was stopped before it found an allocation.", icon=":material/info:")
        return
    with st.container(border=True):
        _draw_outcome(snapshot, ended)
        st.caption(_who(run, snapshot, "Solved"))
        with st.expander("How the solve went"):
            facts_row([("Took", f"{snapshot.elapsed:.1f} s"), *_totals(snapshot.progress)])
            st.caption(f"Solver: {literal(ended.result.effort.words(ended.result.solver))}")
            _draw_course(snapshot)


def _draw_outcome(snapshot: JobSnapshot, solved: Solved) -> None:
    result = solved.result
    words = literal(status_words(result))
    if result.status is Status.INFEASIBLE:
        st.error(f"**{literal(result.message) or words}**", icon=":material/block:")
        if cap := cap_words(solved.inputs, result.settings):
            st.markdown(literal(cap))
        st.markdown("The next page finds out which rules stand in each other's way.")
        navigation.link("infeasibility", "Find out why")
    elif not result.allocations:
        st.warning(f"**{words}** Solve again with a longer time limit.", icon=":material/info:")
    else:
        tell = st.success if result.status is Status.OPTIMAL else st.warning
        icon = ":material/verified:" if result.status is Status.OPTIMAL else ":material/info:"
        count = len(result.allocations)
        tell(f"**{count:,} workers placed.** {words}", icon=icon)
        if result.scenario:
            st.markdown(f"With the changes of the scenario **{literal(result.scenario)}**.")
    if snapshot.state is JobState.CANCELLED:
        st.caption("This solve was stopped by hand.")


def _who(run: AllocatorRun, snapshot: JobSnapshot, verb: str) -> str:
    by = f" by {literal(snapshot.started_by)}" if snapshot.started_by else ""
    return f"{verb}{by} at {local_clock(run, snapshot.started_at)} ({literal(run.timezone)})"


def _draw_course(snapshot: JobSnapshot) -> None:
    """Chart of best total and bound, and the log, the latest on top."""
    if any(event.incumbent is not None for event in snapshot.history):
        chart = progress_chart(snapshot.history, dark=is_dark())
        alt = "Best total found and proven bound over time; they meet when nothing is better."
        draw(chart, key=f"progress {snapshot.started_at}", alt=alt)
    steps = [(event.elapsed, PHASES[event.phase], _detail(event)) for event in snapshot.history]
    log = pd.DataFrame(steps, columns=["Seconds", "Step", "What happened"])
    log = log.drop_duplicates(["Step", "What happened"]).iloc[::-1]
    plain_table(
        log,
        height="auto" if len(log) < 9 else 320,
        column_config={"Seconds": st.column_config.NumberColumn(format="%.2f", width="small")},
        key=f"log {snapshot.started_at}",
        file_name="solve-log",
    )


def _detail(event: Progress) -> str:
    """The event's message, with the size of the model where it is known."""
    if event.phase is Phase.MASTER and event.variables:
        return (
            f"{event.message}: {event.variables:,} possible placements, "
            f"{event.constraints:,} rules, {event.iterations:,} steps"
        )
    return event.message


DRAW_INTERRUPTED = "Stopped by hand: proven, but lots were not drawn"


def draw_solves(
    run: AllocatorRun,
    solves: Sequence[LoggedSolve],
    *,
    fingerprint: str,
    same: str,
    key: str,
    height: int = 520,
) -> None:
    """The table, the latest first. Solves on the data with this `fingerprint` are marked `same`;
    an empty fingerprint leaves that column out."""
    data_table(
        log_frame(run, solves, fingerprint, same),
        key=key,
        version=str(len(solves)),
        noun="record",
        file_name="solves",
        search=["Who", "Work", "Outcome", "Scenario"],
        height=height,
    )


WORK = {
    Work.SOLVE.value: "Solve",
    Work.TRIAL.value: "Trial of scenarios",
    Work.SWEEP.value: "Sweep",
    Work.HONESTY.value: "Other lists",
    Work.DIAGNOSIS.value: "Diagnosis",
    Work.REPAIR.value: "Repair",
    Work.SWAP.value: "Swap round",
}


def _outcome(solve: LoggedSolve) -> str:
    if solve.status == Status.CANCELLED and solve.counts.get("certified"):
        return DRAW_INTERRUPTED
    if not solve.status:
        return "Many solves, not told one by one"
    return ENDINGS.get(solve.status, solve.status)


def log_frame(
    run: AllocatorRun, solves: Sequence[LoggedSolve], fingerprint: str = "", same: str = ""
) -> pd.DataFrame:
    """The solves in words, the latest first."""
    rows = []
    for solve in reversed(solves):
        got = outcome_of_audit(solve.counts)
        rows.append(
            {
                "When": local_time(run, solve.solved_at),
                "Who": solve.operator,
                "Work": WORK.get(solve.work, solve.work),
                "Outcome": _outcome(solve),
                FIRST_CHOICES: got.get("first_choices"),
                NOT_RANKED: got.get("unranked"),
                WORST_RANK: got.get("worst_score"),
                WEIGHTING_POINTS: got.get("weighting_points"),
                "Scenario": solve.scenario or "None",
                "Aim": aim_name(solve.settings),
                "Alpha": solve.settings.get("alpha"),
                "Power": solve.settings.get("power"),
                "Seed": solve.seed,
                "Data": same if solve.fingerprint == fingerprint else "Other data",
            }
        )
    frame = pd.DataFrame(rows)
    return frame if fingerprint else frame.drop(columns="Data", errors="ignore")
