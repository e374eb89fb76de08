"""Solves of a run: started here, seen by every page, tab and operator of this process."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

from allocator.jobs import Job, JobSnapshot, OnProgress
from allocator.models import RunInputs, Settings, SolveResult
from allocator.service import require_valid
from console.state import backend


@dataclass(frozen=True, slots=True, eq=False)
class Solved:
    """An allocation to look at, and to commit while its run is pending.

    `inputs` are what was solved; `as_read` is the same before the scenario's changes, which
    `scenario` holds as the audit row keeps them (empty without one).
    """

    inputs: RunInputs
    result: SolveResult
    as_read: RunInputs
    scenario: Mapping[str, Any] = field(default_factory=dict)
    solved_by: str = ""
    solved_at: datetime | None = None


_origins: WeakKeyDictionary[Job, tuple[RunInputs, Mapping[str, Any]]] = WeakKeyDictionary()


def start(
    inputs: RunInputs,
    settings: Settings,
    operator: str,
    *,
    acknowledged: bool = False,
    as_read: RunInputs | None = None,
    scenario: Mapping[str, Any] | None = None,
) -> Job:
    """Solve in the background under the run's id; gives the running job when there is one.

    With a scenario, `inputs` are the changed ones, `as_read` those before it, and `scenario`
    its changes as the audit row keeps them. Raises InvalidData before anything is started.
    """
    require_valid(inputs, settings, acknowledged=acknowledged)
    service = backend.service()

    def solve(
        inputs: RunInputs,
        settings: Settings,
        *,
        on_progress: OnProgress | None = None,
        cancel: threading.Event | None = None,
    ) -> SolveResult:
        return service.solve(
            inputs,
            settings,
            operator=operator,
            acknowledged=acknowledged,
            on_progress=on_progress,
            cancel=cancel,
        )

    job = backend.jobs().start(inputs.run.id, inputs, settings, solve=solve, started_by=operator)
    if job.inputs is inputs:  # else somebody's solve was under way already
        _origins[job] = (as_read or inputs, scenario or {})
    return job


def latest(run_id: str) -> JobSnapshot | None:
    """The run's solve that is under way, or else its last one."""
    job = backend.jobs().get(run_id)
    return job.snapshot() if job else None


def cancel(run_id: str) -> None:
    """Ask the run's solve to stop with the best allocation that it has."""
    if job := backend.jobs().get(run_id):
        job.cancel()


def solved(run_id: str) -> Solved | None:
    """The allocation that the run's last solve found, None when it found none (yet)."""
    job = backend.jobs().get(run_id)
    snapshot = job.snapshot() if job else None
    if job is None or snapshot is None or snapshot.is_running or snapshot.inputs is None:
        return None
    result = snapshot.result
    if not isinstance(result, SolveResult) or not result.is_checked:
        return None
    as_read, scenario = _origins.get(job, (snapshot.inputs, {}))
    return Solved(
        snapshot.inputs, result, as_read, scenario, snapshot.started_by, snapshot.finished_at
    )
