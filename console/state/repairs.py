"""Frontiers of moves, best gains and swap rounds, worked out in the background.

Whoever asks for the same on the same reading finds the same job. Nothing is written but the log of
seeds (see `seeds`).
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from allocator.database.records import Work
from allocator.errors import SolveCancelled
from allocator.jobs import Job, JobKind, OnProgress
from allocator.models import Policy, Settings
from allocator.repair.points import RepairProgress
from allocator.result import Phase, Progress, Status
from allocator.scenario import Scenario
from allocator.scenario.changes import SetBaseline
from console.state import backend, seeds, trials
from console.state.readings import RunReading

Wishes = Mapping[str, tuple[str, ...]]
"""Worker → job lines that it would take instead of its own."""

SECONDS_WAITED = 2.0
"""What is done within this time needs no progress."""
STEPS = {
    "fewest moves": "Finding the fewest moves",
    "least total": "Finding the least total",
    "breakpoints": "Pricing the moves between",
    "between breakpoints": "Deciding what no price decides",
    "check": "Checking every point",
}


def frontier_of(reading: RunReading, scenario: Scenario, operator: str) -> Job:
    """The job whose result is the scenario's `Frontier`, waited for a moment.

    Raises UsageError for contradictions.
    """
    on = trials.variant(reading, scenario).inputs
    settings, subject = scenario.settings, subject_of(reading, scenario)

    def work(on_progress: OnProgress, cancel: threading.Event) -> Any:
        from allocator.repair.frontier import frontier

        began = time.perf_counter()
        seeds.log_tried(on, settings, operator, Work.REPAIR)

        def report(progress: RepairProgress | Progress) -> None:
            on_progress(_step(progress, time.perf_counter() - began))

        return frontier(on, settings, on_progress=report, cancel=cancel)

    found = backend.jobs().get(JobKind.FRONTIER, subject)
    if found is None:
        _stop_others(JobKind.FRONTIER, reading.run_id, operator)
        found = _begun(JobKind.FRONTIER, subject, work, operator)
    return found


def forget_frontier(reading: RunReading, scenario: Scenario) -> None:
    """Drop a search that ended without one, so that `frontier_of` begins anew."""
    backend.jobs().forget(JobKind.FRONTIER, subject_of(reading, scenario))


def gains_of(reading: RunReading, scenario: Scenario) -> Job | None:
    """The job whose result are the scenario's `Gains`, None when nobody asked for them."""
    return backend.jobs().get(JobKind.GAINS, subject_of(reading, scenario))


def begin_gains(reading: RunReading, scenario: Scenario, operator: str) -> Job:
    """Work out the best gains in which nobody is worse off. Raises UsageError."""
    on = trials.variant(reading, scenario).inputs

    def work(on_progress: OnProgress, cancel: threading.Event) -> Any:
        from allocator.repair.gains import gains

        seeds.log_tried(on, scenario.settings, operator, Work.REPAIR)
        return gains(reading.inputs, scenario, on_progress=on_progress, cancel=cancel)

    return _begun(JobKind.GAINS, subject_of(reading, scenario), work, operator)


def swaps_of(reading: RunReading, scenario: Scenario, wishes: Wishes) -> Job | None:
    """The job whose result is the `SwapRound`, None when nobody asked for it."""
    return backend.jobs().get(JobKind.SWAPS, _round(reading, scenario, wishes))


def begin_swaps(
    reading: RunReading, scenario: Scenario, baseline: SetBaseline, wishes: Wishes, operator: str
) -> Job:
    """Find the best exchanges for the wishes; of the scenario only the settings matter."""
    settings = scenario.settings

    def work(on_progress: OnProgress, cancel: threading.Event) -> Any:
        from allocator.repair.swaps import swap_round

        seeds.log_tried(reading.inputs, settings, operator, Work.SWAP)
        found = swap_round(
            reading.inputs, baseline, wishes, settings, on_progress=on_progress, cancel=cancel
        )
        return None if found.result.status is Status.CANCELLED else found

    subject = _round(reading, scenario, wishes)
    return _begun(JobKind.SWAPS, subject, work, operator)


def subject_of(reading: RunReading, scenario: Scenario, more: str = "") -> str:
    """One for a reading, what the scenario changes, and those of its settings that matter."""
    plain: Settings = replace(scenario.settings, policy=Policy.LEAST_TOTAL, move_price=0.0)
    changes = tuple(replace(change, reason="", author="") for change in scenario.changes)
    content = Scenario("of a repair", plain, changes).to_json()
    digest = hashlib.sha256(f"{content}{more}".encode()).hexdigest()[:24]
    return f"{reading.run_id} {reading.version} {digest}"


def _round(reading: RunReading, scenario: Scenario, wishes: Wishes) -> str:
    held = tuple(change for change in scenario.changes if isinstance(change, SetBaseline))
    told = repr(sorted((worker, sorted(lines)) for worker, lines in wishes.items()))
    return subject_of(reading, replace(scenario, changes=held), told)


def _begun(
    kind: JobKind, subject: str, work: Callable[[OnProgress, threading.Event], Any], operator: str
) -> Job:
    def stoppable(on_progress: OnProgress, cancel: threading.Event) -> Any:
        try:
            return work(on_progress, cancel)
        except SolveCancelled:
            if not cancel.is_set():
                raise
            return None

    job = backend.jobs().start(kind, subject, stoppable, started_by=operator)
    job.wait(SECONDS_WAITED)
    return job


def _stop_others(kind: JobKind, run_id: str, operator: str) -> None:
    """What the operator has changed meanwhile is not worked out to its end."""
    for one in backend.jobs().snapshots(kind):
        mine = one.started_by == operator and one.subject.startswith(run_id)
        if one.is_running and mine and (job := backend.jobs().get(kind, one.subject)):
            job.cancel()


def _step(progress: RepairProgress | Progress, elapsed: float) -> Progress:
    if isinstance(progress, Progress):
        return replace(progress, elapsed=elapsed)
    words = STEPS.get(progress.step, progress.step.capitalize())
    return Progress(
        Phase.MASTER, elapsed, words, variables=progress.total, iterations=progress.done
    )
