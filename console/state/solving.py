"""What there is to show of a run: the allocation of its last solve here, or what was committed.

A solve is started here (or by an HTTP trigger) and seen by every page, tab and operator.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, datetime

import pandas as pd

from allocator.database.records import Work, committed, stored_placements
from allocator.jobs import Job, JobKind, JobSnapshot, OnProgress
from allocator.models import AllocatorRun, RunInputs, Settings
from allocator.result import Receipt, Status
from allocator.scenario import Scenario
from allocator.scenario.file import changes_from
from allocator.service import require_valid
from allocator.solved import Solved
from console.state import backend, readings, seeds
from console.state.store import BYTES_A_PLACEMENT, weight_of_inputs


@dataclass(frozen=True, slots=True)
class SolveOrder:
    """What a solve of a run was asked for."""

    settings: Settings
    scenario: Scenario | None = None


def solve_in_background(
    as_read: RunInputs,
    settings: Settings,
    operator: str,
    *,
    acknowledged: bool = False,
    scenario: Scenario | None = None,
    refuse_running: bool = False,
) -> Job:
    """Solve a run, or a scenario of it, in the background; its result is a `Solved`.

    Gives the running job when there is one for the run, whoever asked for it; with
    `refuse_running` AlreadyRunning is raised. Raises InvalidData before anything is started, and
    UsageError when the scenario cannot be applied.
    """
    inputs = scenario.apply(as_read) if scenario else as_read
    require_valid(inputs, settings, acknowledged=acknowledged)
    return begin_solve(
        inputs,
        settings,
        operator,
        as_read=as_read,
        scenario=scenario,
        acknowledged=acknowledged,
        refuse_running=refuse_running,
    )


def begin_solve(
    inputs: RunInputs,
    settings: Settings,
    operator: str,
    *,
    as_read: RunInputs,
    scenario: Scenario | None = None,
    acknowledged: bool,
    refuse_running: bool,
) -> Job:
    """The job of `solve_in_background`, whose solve itself finds out about data errors."""
    service = backend.service()

    def work(on_progress: OnProgress, cancel: threading.Event) -> Solved:
        result = service.solve(
            inputs,
            settings,
            operator=operator,
            acknowledged=acknowledged,
            on_progress=on_progress,
            cancel=cancel,
            on_logged=seeds.logged(as_read.run.id, settings.seed, operator, Work.SOLVE),
        )
        return Solved(inputs, result, as_read, scenario, operator, datetime.now(UTC))

    return backend.jobs().start(
        JobKind.SOLVE,
        as_read.run.id,
        work,
        request=SolveOrder(settings, scenario),
        started_by=operator,
        refuse_running=refuse_running,
        keep=waits_for_commit,
    )


def waits_for_commit(result: object) -> bool:
    """Whether a solve's result is an allocation that somebody may commit."""
    return (
        isinstance(result, Solved)
        and result.result.is_checked
        and result.status is not Status.CANCELLED
    )


def latest(run_id: str) -> JobSnapshot | None:
    """The run's solve that is under way, or else its last one."""
    job = backend.jobs().get(JobKind.SOLVE, run_id)
    return job.snapshot() if job else None


def last_settings(run_id: str) -> Settings:
    """Those that the run was last solved with, else the usual ones."""
    solve = latest(run_id)
    return solve.request.settings if solve else Settings()


def last_scenario(run_id: str) -> Scenario | None:
    """The scenario that the run was last solved with; None when it was solved as it is."""
    solve = latest(run_id)
    return solve.request.scenario if solve else None


def stop_solve(run_id: str) -> None:
    """Ask the run's solve to stop with the best allocation that it has."""
    if job := backend.jobs().get(JobKind.SOLVE, run_id):
        job.cancel()


def solved(run_id: str) -> Solved | None:
    """The allocation that the run's last solve found, None when it found none (yet)."""
    snapshot = latest(run_id)
    result = snapshot.result if snapshot and not snapshot.is_running else None
    return result if isinstance(result, Solved) and result.result.is_checked else None


def let_go(run: AllocatorRun) -> None:
    """A completed run's solve has nothing to wait for any more: the database has the outcome."""
    if not run.is_pending:
        backend.jobs().forget(JobKind.SOLVE, run.id)


@dataclass(frozen=True, slots=True, eq=False)
class StoredOutcome:
    """A completed run as the database has it. `receipt` is None when another program completed
    it; `solved` is None when the data has changed since, so that only the rows can be shown."""

    receipt: Receipt | None
    placed: pd.DataFrame
    solved: Solved | None
    weight: int


def stored(run: AllocatorRun) -> StoredOutcome:
    """A completed run's receipt and rows. Raises DatabaseError."""
    reading = readings.reading_of(run)
    key = ("committed", run.id, reading.version)
    return backend.store().made(key, lambda: _read_outcome(reading))


def _read_outcome(reading: readings.RunReading) -> StoredOutcome:
    service, inputs = backend.service(), reading.inputs
    rows = service.allocations(inputs.run.id)
    receipt = service.receipt(inputs.run.id)
    found = committed(inputs, receipt, rows) if receipt else None
    whole = None
    if found and receipt:
        scenario = _audited(receipt, found[1].settings)
        whole = Solved(*found, inputs, scenario, receipt.operator, receipt.committed_at)
    changed = bool(whole and whole.inputs is not inputs)
    weight = len(rows) * BYTES_A_PLACEMENT + changed * weight_of_inputs(inputs)
    return StoredOutcome(receipt, stored_placements(inputs, rows), whole, weight)


def _audited(receipt: Receipt, settings: Settings) -> Scenario | None:
    """The scenario that a receipt keeps, None when the run was committed as it is."""
    if not receipt.scenario.get("name") and not receipt.scenario.get("changes"):
        return None
    changes = changes_from(list(receipt.scenario.get("changes") or []))
    name, author = (str(receipt.scenario.get(key) or "") for key in ("name", "author"))
    run, fingerprint = receipt.allocator_py_run, receipt.fingerprint
    return Scenario(name, settings, changes, author, run, fingerprint)
