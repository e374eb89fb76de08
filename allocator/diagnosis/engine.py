"""Diagnose a run: quick checks, causes, the best partial allocation, proven fixes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from allocator.diagnosis.causes import Findings, best_partial, find_causes, verified
from allocator.diagnosis.elastic import Frozen, Weights
from allocator.diagnosis.fixes import FixFinder, kinds_to_try, why_not
from allocator.diagnosis.pre_checks import pre_checks
from allocator.diagnosis.results import TITLES, Diagnosis, DiagnosisProgress, Fix, FixKind
from allocator.errors import InvalidData
from allocator.models import RunInputs, Settings
from allocator.rules.matrices import matrices
from allocator.rules.ranks import read_by

OnDiagnosis = Callable[[DiagnosisProgress], None]
EVERY = 0.2
"""Seconds between reports within a step."""


def diagnose(
    inputs: RunInputs,
    settings: Settings | None = None,
    *,
    frozen: Frozen | None = None,
    mix: Weights | None = None,
    on_progress: OnDiagnosis | None = None,
    cancel: threading.Event | None = None,
) -> Diagnosis:
    """Why the run has no allocation, and the least changes that are proven to help.

    `frozen` may never move; `mix` prices the changes of the weighted mix. A run that has an
    allocation gives `feasible` True and nothing else. When `cancel` is set, what was found so
    far comes back, marked. Raises InvalidData when the run has data errors that block it.
    """
    if inputs.blocking_issues:
        raise InvalidData(inputs.blocking_issues)
    chosen = settings or Settings()
    inputs = read_by(inputs, chosen)
    work = _Diagnosing(inputs, chosen, frozen or Frozen(), mix or Weights(), on_progress, cancel)
    return work.run()


class _Cancelled(Exception):
    """The operator cancelled."""


@dataclass
class _Diagnosing:
    """One diagnosis under way."""

    inputs: RunInputs
    settings: Settings
    frozen: Frozen
    mix: Weights
    on_progress: OnDiagnosis | None
    cancel: threading.Event | None
    started: float = field(default_factory=time.perf_counter)
    reported: float = 0.0
    step: tuple[str, int] = ("pre-checks", 0)
    timings: dict[str, float] = field(default_factory=dict)

    def run(self) -> Diagnosis:
        """All steps; a cancelled diagnosis keeps the steps that were finished."""
        kinds = kinds_to_try(self.inputs, self.settings, self.frozen)
        self.total = 3 + len(kinds)
        found = Diagnosis(None, self.settings)
        try:
            self._begin("pre-checks", 0)
            found = replace(found, pre_checks=pre_checks(self.inputs, self.settings))
            self._begin("causes", 1)
            found = self._with_causes(found)
            if found.feasible:
                return self._finish(found)
            self._begin("best partial allocation", 2, found.blocks[0].explanation)
            found = replace(found, partial=best_partial(self.inputs, self.settings))
            finder = FixFinder(self.inputs, self.settings, self.frozen, self.mix, self._round)
            for number, kind in enumerate(kinds):
                self._begin(f"fixes: {TITLES[kind].lower()}", 3 + number)
                found = self._with_fix(found, finder, kind)
        except _Cancelled:
            found = replace(found, cancelled=True)
        return self._finish(replace(found, fixes=_ranked(found.fixes)))

    def _with_causes(self, found: Diagnosis) -> Diagnosis:
        findings: Findings = find_causes(matrices(self.inputs), self.settings, self._member)
        return replace(
            found,
            feasible=not findings.causes,
            causes=findings.causes,
            blocks=findings.blocks,
            n_independent=findings.n_independent,
            others_overlap=findings.others_overlap,
        )

    def _with_fix(self, found: Diagnosis, finder: FixFinder, kind: FixKind) -> Diagnosis:
        fix = finder.find(kind)
        self._tick()
        if fix is None:
            return replace(found, unavailable=(*found.unavailable, why_not(kind, self.frozen)))
        for position, other in enumerate(found.fixes):
            if (other.changes, other.settings) == (fix.changes, fix.settings):
                same = replace(other, also=(*other.also, kind))
                fixes = (*found.fixes[:position], same, *found.fixes[position + 1 :])
                return replace(found, fixes=fixes)
        if fix.leaves_out == len(self.inputs.workers):
            note = f"{TITLES[kind]}: nothing helps but leaving everybody out."
            return replace(found, unavailable=(*found.unavailable, note))
        fix = verified(fix, self.inputs, self.cancel)
        self._tick()
        if not fix.verified:
            note = (
                f"{TITLES[kind]}: the changes found did not lead to a checked allocation in time."
            )
            return replace(found, unavailable=(*found.unavailable, note))
        return replace(found, fixes=(*found.fixes, fix))

    def _begin(self, step: str, number: int, message: str = "") -> None:
        self._close_step()
        self.step = (step, number)
        self.step_started = time.perf_counter()
        self._tick(message, force=True)

    def _tick(self, message: str = "", force: bool = False) -> None:
        """Stop when cancelled; report progress, not too often."""
        if self.cancel is not None and self.cancel.is_set():
            raise _Cancelled
        now = time.perf_counter() - self.started
        if self.on_progress is None or not (force or now - self.reported > EVERY):
            return
        self.reported = now
        step, number = self.step
        self.on_progress(DiagnosisProgress(step, number, self.total, now, message))

    def _member(self, count: int) -> None:
        self._tick(f"{count} workers or mandatory job lines looked at")

    def _round(self, count: int) -> None:
        self._tick(f"round {count + 1} of the proof that nothing cheaper helps")

    def _close_step(self) -> None:
        if hasattr(self, "step_started"):
            self.timings[self.step[0]] = time.perf_counter() - self.step_started

    def _finish(self, found: Diagnosis) -> Diagnosis:
        self._close_step()
        elapsed = time.perf_counter() - self.started
        if self.on_progress is not None:
            done = self.step[1] if found.cancelled else self.total
            word = "cancelled" if found.cancelled else "done"
            self.on_progress(DiagnosisProgress(word, done, self.total, elapsed))
        return replace(found, timings={**self.timings, "total": elapsed})


def _ranked(fixes: tuple[Fix, ...]) -> tuple[Fix, ...]:
    """Least weight first; then pure ones, then those that satisfy workers better."""
    return tuple(sorted(fixes, key=_rank))


def _rank(fix: Fix) -> tuple[int, bool, float]:
    mean = fix.outcome.mean_score if fix.outcome else None
    return fix.weight, not fix.is_pure, float("inf") if mean is None else mean
