"""The log of every solve that was tried on a run, so that nobody can fish for a result."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from allocator.database.records import LoggedSolve
from allocator.measures.outcome import outcome_of_audit
from allocator.models import AllocatorRun
from allocator.report.parts import POLICIES
from allocator.result import Status
from allocator.rules.moments import local_time
from console.ui.data_table import data_table

OUTCOMES = {
    Status.OPTIMAL.value: "Proven optimal",
    Status.FEASIBLE.value: "Stopped at the time limit, not proven optimal",
    Status.CANCELLED.value: "Stopped by hand, not proven optimal",
    Status.INFEASIBLE.value: "No allocation possible",
    Status.INVALID_DATA.value: "Data errors",
}
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
        noun="solve",
        file_name="solves",
        search=["Who", "Outcome", "Scenario"],
        height=height,
    )


def _outcome(solve: LoggedSolve) -> str:
    if solve.status == Status.CANCELLED and solve.counts.get("certified"):
        return DRAW_INTERRUPTED
    return OUTCOMES.get(solve.status, solve.status)


def log_frame(
    run: AllocatorRun, solves: Sequence[LoggedSolve], fingerprint: str = "", same: str = ""
) -> pd.DataFrame:
    """The solves in words, the latest first."""
    aims = {policy.value: words for policy, words in POLICIES.items()}
    rows = [
        {
            "When": local_time(run, solve.solved_at),
            "Who": solve.operator,
            "Seed": solve.seed,
            "Outcome": _outcome(solve),
            "Scenario": solve.scenario or "None",
            "Data": same if solve.fingerprint == fingerprint else "Other data",
            "First choices": outcome_of_audit(solve.counts).get("first_choices"),
            "Unranked": solve.counts.get("unranked"),
            "Total dissatisfaction": solve.objective,
            "Aim": aims.get(str(solve.settings.get("policy")), ""),
            "Organisation's weight (alpha)": solve.settings.get("alpha"),
            "Power": solve.settings.get("power"),
        }
        for solve in reversed(solves)
    ]
    frame = pd.DataFrame(rows)
    return frame if fingerprint else frame.drop(columns="Data", errors="ignore")
