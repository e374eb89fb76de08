"""Diagnoses of a run: made in the background, seen by every page, tab and operator."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from allocator.diagnosis import Diagnosis, Fix, Frozen, diagnose
from allocator.jobs import Job, JobKind, JobSnapshot
from allocator.models import RunInputs, Settings
from allocator.scenario import Scenario
from allocator.scenario.change import Change
from console.state import backend

NOTHING_FROZEN = Frozen()


@dataclass(frozen=True, slots=True)
class Question:
    """What a diagnosis is about: a run as read, or a scenario of it, and what may never move."""

    run_id: str
    fingerprint: str
    settings: Settings
    changes: tuple[Change, ...] = ()
    name: str = ""
    scenario_id: str = ""
    frozen: Frozen = NOTHING_FROZEN

    @property
    def subject(self) -> str:
        """The subject of the background job."""
        return f"{self.run_id} {self.scenario_id}".strip()

    def asks_the_same(self, other: Question) -> bool:
        """Whether nothing but the time of reading and the frozen marks may differ."""
        return (self.fingerprint, self.settings, self.changes) == (
            other.fingerprint,
            other.settings,
            other.changes,
        )

    @property
    def scenario(self) -> Scenario:
        """The scenario to diagnose; without changes it is the run as it is."""
        return Scenario(
            self.name, self.settings, self.changes, run=self.run_id, fingerprint=self.fingerprint
        )

    def inputs(self, as_read: RunInputs) -> RunInputs:
        """The inputs to diagnose. Raises UsageError when the scenario cannot be applied."""
        return self.scenario.apply(as_read) if self.changes else as_read

    def with_fix(self, fix: Fix) -> Scenario:
        """The fix as a scenario of the run: on top of the scenario that was diagnosed, if any."""
        name = f"{self.name}: {fix.title.lower()}" if self.name else fix.title
        return replace(self.scenario, name=name, settings=fix.settings).then(*fix.changes)


def diagnose_in_background(question: Question, as_read: RunInputs, operator: str) -> Job:
    """Diagnose; gives the running job when there is one for the same run or scenario.

    Raises UsageError when the scenario cannot be applied any more.
    """
    inputs = question.inputs(as_read)

    def work(on_progress: Callable[[Any], None], cancel: threading.Event) -> Diagnosis:
        return diagnose(
            inputs,
            question.settings,
            frozen=question.frozen,
            on_progress=on_progress,
            cancel=cancel,
        )

    return backend.jobs().start(
        JobKind.DIAGNOSIS, question.subject, work, request=question, started_by=operator
    )


def stop_diagnosis(question: Question) -> None:
    """Ask the diagnosis to stop with what it has found."""
    if job := backend.jobs().get(JobKind.DIAGNOSIS, question.subject):
        job.cancel()


def latest_diagnosis(question: Question) -> JobSnapshot | None:
    """The diagnosis of this run or scenario that is under way or was last made; its request says
    what it was asked. None when there is none, or only of other data or settings."""
    job = backend.jobs().get(JobKind.DIAGNOSIS, question.subject)
    snapshot = job.snapshot() if job else None
    if snapshot is None:
        return None
    fits = snapshot.is_running or snapshot.request.asks_the_same(question)
    return snapshot if fits else None


def last_frozen(question: Question) -> Frozen:
    """What was marked as fixed when this run or scenario was last diagnosed."""
    job = backend.jobs().get(JobKind.DIAGNOSIS, question.subject)
    return job.request.frozen if job else NOTHING_FROZEN
