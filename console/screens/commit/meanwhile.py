"""What a confirmation was given for, and what happened to it in the meantime."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import pandas as pd
import streamlit as st

from allocator.models import AllocatorRun, Settings
from allocator.report.parts import settings_words
from allocator.rules.moments import local_time
from allocator.rules.naming import job_line_name, worker_name
from allocator.solved import Solved
from console.state import solving
from console.ui import navigation
from console.ui.data_table import plain_table
from console.ui.figures import counted, facts_row
from console.ui.messages import literal

NOTHING_WRITTEN = "**Nothing was written.** What you confirmed is no longer this run's allocation."
NOT_PLACED = "Not placed"


@dataclass(frozen=True, slots=True)
class SeenSolve:
    """The solve that a form was drawn for: small, because each open tab keeps one."""

    identity: str
    solved_by: str
    solved_at: datetime | None
    settings: Settings
    scenario: str
    fingerprint: str
    job_lines: Mapping[str, str]

    @staticmethod
    def of(solved: Solved) -> SeenSolve:
        """What the page shows of a solve."""
        return SeenSolve(
            solved.identity,
            solved.solved_by,
            solved.solved_at,
            solved.result.settings,
            solved.name,
            solved.result.fingerprint,
            {a.worker_mapping: a.job_line for a in solved.result.allocations},
        )


def draw_gone(run: AllocatorRun) -> None:
    """There is nothing to commit any more: somebody is solving, or solved without an outcome."""
    snapshot = solving.latest(run.id)
    if snapshot is None:
        why = "The console was started anew since."
    else:
        who = literal(snapshot.started_by or "Somebody")
        when = literal(local_time(run, snapshot.started_at))
        what = "is solving" if snapshot.is_running else "solved"
        why = f"{who} {what} it again (started {when})."
    st.warning(f"{NOTHING_WRITTEN} {why}", icon=":material/block:")
    navigation.link("solve", "Look at the solve")


def draw_replaced(seen: SeenSolve, now: Solved) -> None:
    """Who solved what meanwhile, and how it differs from what was confirmed."""
    run, present = now.inputs.run, SeenSolve.of(now)
    st.warning(
        f"{NOTHING_WRITTEN} {literal(now.solved_by or 'Somebody')} solved it again meanwhile. "
        "Below is the present allocation; confirm it anew if it is the one to commit.",
        icon=":material/block:",
    )
    with st.container(border=True, key="solved meanwhile"):
        left, right = st.columns(2, gap="large")
        with left:
            st.markdown("**What you confirmed**")
            _about(run, seen, present)
        with right:
            st.markdown("**What is there now**")
            _about(run, present, seen)
        if unworded := _other_settings(seen.settings, present.settings):
            st.markdown(f"Other settings that differ: {', '.join(unworded)}.")
        if seen.fingerprint != present.fingerprint:
            st.markdown("The two were solved on different data: rows of the run changed between.")
        _moves(now, seen, present)


def _about(run: AllocatorRun, one: SeenSolve, other: SeenSolve) -> None:
    when = local_time(run, one.solved_at) if one.solved_at else ""
    facts_row([("Solved by", one.solved_by), ("Solved", when), ("Scenario", one.scenario)])
    theirs = dict(settings_words(other.settings))
    for label, value in settings_words(one.settings):
        if theirs.get(label) != value:
            st.markdown(f"{literal(label)}: **{literal(value)}**")


def _other_settings(one: Settings, other: Settings) -> list[str]:
    """Settings that differ without any of the words above telling so."""
    if settings_words(one) != settings_words(other):
        return []
    before, after = one.as_dict(), other.as_dict()
    return [name.replace("_", " ") for name in before if before[name] != after[name]]


def _moves(now: Solved, seen: SeenSolve, present: SeenSolve) -> None:
    both = (seen.job_lines, present.job_lines)
    rows = [
        (worker_name(now.inputs, worker), *(_line(now, lines, worker) for lines in both))
        for worker in {*seen.job_lines, *present.job_lines}
        if seen.job_lines.get(worker) != present.job_lines.get(worker)
    ]
    if not rows:
        st.markdown("Every worker holds the same job line in both.")
        return
    st.markdown(f"**{counted(len(rows), 'worker')}** placed differently:")
    frame = pd.DataFrame(sorted(rows), columns=["Worker", "In what you confirmed", "Now"])
    plain_table(frame, key="placed differently", file_name="placed-differently")


def _line(now: Solved, held: Mapping[str, str], worker: str) -> str:
    return job_line_name(now.inputs, held[worker]) if worker in held else NOT_PLACED
