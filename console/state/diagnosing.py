"""Diagnoses and quick checks of a run: made in the background, seen by every page and operator."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from allocator.database.records import Draft, Work
from allocator.diagnosis import Diagnosis, Fix, FixKind, Frozen, diagnose, pre_checks
from allocator.errors import AllocatorError
from allocator.jobs import Job, JobKind, JobSnapshot
from allocator.measures.outcome import first_choices_possible
from allocator.models import RunInputs, Settings
from allocator.scenario import Scenario
from allocator.scenario.change import Change
from console.state import backend, drafts, seeds

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
        seeds.log_tried(inputs, question.settings, operator, Work.DIAGNOSIS)
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


def last_frozen(question: Question, operator: str) -> Frozen:
    """What the operator has marked as fixed for this run or scenario; without marks of their own
    (see `drafts`), those with which it was last diagnosed."""
    kept = kept_marks(question, operator)
    if kept is not None:
        return _frozen_from(kept.content)
    job = backend.jobs().get(JobKind.DIAGNOSIS, question.subject)
    return job.request.frozen if job else NOTHING_FROZEN


def kept_marks(question: Question, operator: str) -> Draft | None:
    """The operator's own marks for this run or scenario, as they are kept."""
    return drafts.keeper().find(operator, question.run_id, drafts.MARKS, question.scenario_id)


def keep_marks(question: Question, operator: str, frozen: Frozen) -> None:
    """Keep what the operator marks as fixed, until other marks take its place."""
    content = {
        name: sorted(list(one) if isinstance(one, tuple) else str(one) for one in chosen)
        for name, chosen in ((name, getattr(frozen, name)) for name in Frozen.__slots__)
    }
    drafts.keeper().keep(operator, question.run_id, drafts.MARKS, question.scenario_id, content)


def _frozen_from(content: Mapping[str, Any]) -> Frozen:
    """Nothing fixed where this version cannot read it."""
    try:
        marks: dict[str, frozenset[Any]] = {
            name: frozenset(map(str, content.get(name, ())))
            for name in Frozen.__slots__
            if name not in ("pairs", "kinds")
        }
        kinds = frozenset(FixKind(kind) for kind in content.get("kinds", ()))
        pairs = frozenset((str(worker), str(line)) for worker, line in content.get("pairs", ()))
    except (TypeError, ValueError):
        return NOTHING_FROZEN
    return Frozen(**marks, kinds=kinds, pairs=pairs)


KEPT_SECONDS = 120.0
MOST_KEPT = 500


@dataclass(frozen=True, slots=True)
class DataCheck:
    """How many data errors a run has, and how many of them stop it; `failed` = not readable.
    `obstacles`: why it has no allocation, in words, as far as quick checks tell; empty when they
    found an allocation. None: the data errors come first."""

    issues: int
    blocking: int
    checked_at: datetime
    failed: bool = False
    obstacles: tuple[str, ...] | None = None


class Checks:
    """What is known of the waiting runs. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[str, tuple[float, DataCheck]] = {}
        self._wanted: list[str] = []
        self._read: dict[str, tuple[RunInputs, datetime]] = {}
        self._working = False

    def found(self, run_id: str) -> DataCheck | None:
        """The latest finding, None when nobody has looked yet."""
        with self._lock:
            entry = self._found.get(run_id)
            return entry[1] if entry else None

    def want(self, run_ids: Iterable[str]) -> None:
        """Look at these runs in the background where nobody did in the last two minutes."""
        with self._lock:
            oldest = time.monotonic() - KEPT_SECONDS
            for run_id in run_ids:
                entry = self._found.get(run_id)
                if run_id not in self._wanted and (entry is None or entry[0] < oldest):
                    self._wanted.append(run_id)
        self._begin()

    def look_at(self, inputs: RunInputs, when: datetime) -> None:
        """Look at a run as it was read at `when`, in the background, unless that was done."""
        run_id = inputs.run.id
        with self._lock:
            entry, waiting = self._found.get(run_id), self._read.get(run_id)
            if (entry and entry[1].checked_at >= when) or (waiting and waiting[1] >= when):
                return
            self._read[run_id] = inputs, when
            if run_id not in self._wanted:
                self._wanted.append(run_id)
        self._begin()

    def _begin(self) -> None:
        with self._lock:
            if self._working or not self._wanted:
                return
            self._working = True
        threading.Thread(target=self._work, name="data checks", daemon=True).start()

    def keep(self, run_id: str, found: DataCheck) -> None:
        """Take a finding."""
        with self._lock:
            self._found[run_id] = (time.monotonic(), found)
            while len(self._found) > MOST_KEPT:
                del self._found[next(iter(self._found))]

    def forget(self) -> None:
        """Look at everything again when it is asked for the next time."""
        with self._lock:
            self._found = {run_id: (float("-inf"), f) for run_id, (_, f) in self._found.items()}

    def _work(self) -> None:
        while (run_id := self._next()) is not None:
            try:
                with self._lock:
                    read = self._read.pop(run_id, None)
                if read is None:
                    when = datetime.now(UTC)
                    read = backend.service().hydrate(run_id), when
                found = finding(*read)
            except AllocatorError:
                found = DataCheck(0, 0, datetime.now(UTC), failed=True)
            except Exception:
                with self._lock:
                    self._working = False
                raise
            self.keep(run_id, found)

    def _next(self) -> str | None:
        with self._lock:
            if not self._wanted:
                self._working = False
                return None
            return self._wanted.pop(0)


def finding(inputs: RunInputs, when: datetime) -> DataCheck:
    """What is wrong with a run as it was read, and whether it can be solved at all."""
    blocking = len(inputs.blocking_issues)
    why = None if blocking else obstacles(inputs)
    return DataCheck(len(inputs.issues), blocking, when, obstacles=why)


NO_ALLOCATION = (
    "No allocation keeps every rule: the job lines that are open to some workers have too few "
    "places for all of them."
)


def obstacles(inputs: RunInputs) -> tuple[str, ...]:
    """Why the run has no allocation, in words; empty when it has one. Exact, and quick."""
    failed = tuple(check.words for check in pre_checks(inputs) if not check.passed)
    if failed or not inputs.workers:
        return failed
    return () if first_choices_possible(inputs) is not None else (NO_ALLOCATION,)


@lru_cache(maxsize=1)
def the_checks() -> Checks:
    """The findings of this process."""
    return Checks()
