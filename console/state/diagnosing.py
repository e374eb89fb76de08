"""Diagnoses of a run: made in the background, seen by every page, tab and operator."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from allocator.diagnosis import Diagnosis, Fix, Frozen, diagnose
from allocator.jobs import Job, JobSnapshot
from allocator.models import RunInputs, Settings
from allocator.scenario import Scenario
from allocator.scenario.change import Change
from console.state import backend, solving

NOTHING_FROZEN = Frozen()


@dataclass(frozen=True, slots=True)
class Question:
    """What a diagnosis is about: a run as read, or a scenario of it, and what may never move."""

    as_read: RunInputs
    settings: Settings
    changes: tuple[Change, ...] = ()
    name: str = ""
    scenario_id: str = ""
    frozen: Frozen = NOTHING_FROZEN

    @property
    def key(self) -> str:
        """The key of the background job."""
        return f"diagnosis {self.as_read.run.id} {self.scenario_id}".strip()

    def asks_the_same(self, other: Question) -> bool:
        """Whether nothing but the time of reading and the frozen marks may differ."""
        return (self.as_read.fingerprint, self.settings, self.changes) == (
            other.as_read.fingerprint,
            other.settings,
            other.changes,
        )

    def inputs(self) -> RunInputs:
        """The inputs to diagnose. Raises UsageError when the scenario cannot be applied."""
        if not self.changes:
            return self.as_read
        return Scenario(self.name, self.settings, self.changes).apply(self.as_read)

    def with_fix(self, fix: Fix) -> Scenario:
        """The fix as a scenario of the run: on top of the scenario that was diagnosed, if any."""
        name = f"{self.name}: {fix.title.lower()}" if self.name else fix.title
        run, fingerprint = self.as_read.run.id, self.as_read.fingerprint
        base = Scenario(name, fix.settings, self.changes, run=run, fingerprint=fingerprint)
        return base.then(*fix.changes)


_questions: WeakKeyDictionary[Job, Question] = WeakKeyDictionary()


def start(question: Question, operator: str) -> Job:
    """Diagnose in the background; gives the running job when there is one for the same run.

    Raises UsageError when the scenario cannot be applied any more.
    """
    inputs = question.inputs()

    def work(on_progress: Callable[[Any], None], cancel: threading.Event) -> Diagnosis:
        return diagnose(
            inputs,
            question.settings,
            frozen=question.frozen,
            on_progress=on_progress,
            cancel=cancel,
        )

    job = backend.jobs().submit(
        question.key, work, started_by=operator, inputs=inputs, settings=question.settings
    )
    _questions.setdefault(job, question)  # somebody else's when theirs was under way already
    return job


def cancel(question: Question) -> None:
    """Ask the diagnosis to stop with what it has found."""
    if job := backend.jobs().get(question.key):
        job.cancel()


def latest(question: Question) -> tuple[Question, JobSnapshot] | None:
    """The diagnosis of this run or scenario that is under way or was last made, and what it was
    asked; None when there is none, or only of other data or settings."""
    job = backend.jobs().get(question.key)
    asked = _questions.get(job) if job else None
    if job is None or asked is None:
        return None
    snapshot = job.snapshot()
    if not snapshot.is_running and not asked.asks_the_same(question):
        return None
    return asked, snapshot


def last_frozen(question: Question) -> Frozen:
    """What was marked as fixed when this run or scenario was last diagnosed."""
    job = backend.jobs().get(question.key)
    asked = _questions.get(job) if job else None
    return asked.frozen if asked else NOTHING_FROZEN


def settings_for(run_id: str) -> Settings:
    """The settings that the run was last solved with, else the usual ones."""
    solve = solving.latest(run_id)
    return solve.settings if solve and solve.settings else Settings()
