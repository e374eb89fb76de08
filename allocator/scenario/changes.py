"""Every kind of change a scenario may make, one small class each: words, target, effect."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar
from uuid import uuid4

from allocator.models import LeftOut, RunInputs, Weighting
from allocator.rules.naming import (
    job_line_name,
    places,
    reach,
    signed,
    weighting_words,
    worker_name,
)
from allocator.scenario.change import Change, Draft

MOST_PLACES = 2**15 - 1
"""`max_n_workers` is a smallint."""


@dataclass(frozen=True, slots=True)
class PairChange(Change):
    """A change about one worker and one job line."""

    worker: str
    job_line: str

    @property
    def target(self) -> tuple[str, ...]:
        return ("pair", self.worker, self.job_line)

    @property
    def worker_ids(self) -> frozenset[str]:
        return frozenset({self.worker})

    @property
    def job_line_ids(self) -> frozenset[str]:
        return frozenset({self.job_line})

    def _names(self, inputs: RunInputs) -> tuple[str, str]:
        return worker_name(inputs, self.worker), job_line_name(inputs, self.job_line)


@dataclass(frozen=True, slots=True)
class AllowPair(PairChange):
    """Let a worker hold a job line although its eligibility rules say no."""

    kind: ClassVar[str] = "allow pair"

    def words(self, inputs: RunInputs) -> str:
        worker, job_line = self._names(inputs)
        return f"{worker} may hold {job_line}, as an exception to its eligibility rules."

    def make(self, draft: Draft) -> None:
        draft.rulings[self.worker, self.job_line] = True


@dataclass(frozen=True, slots=True)
class BanPair(PairChange):
    """Keep a worker from a job line."""

    kind: ClassVar[str] = "ban pair"

    def words(self, inputs: RunInputs) -> str:
        worker, job_line = self._names(inputs)
        return f"{worker} may not hold {job_line}."

    def make(self, draft: Draft) -> None:
        draft.rulings[self.worker, self.job_line] = False


@dataclass(frozen=True, slots=True)
class Pin(PairChange):
    """A worker must get a job line (its eligibility rules still apply)."""

    kind: ClassVar[str] = "pin"

    @property
    def target(self) -> tuple[str, ...]:
        return ("pin", self.worker)

    def words(self, inputs: RunInputs) -> str:
        worker, job_line = self._names(inputs)
        return f"{worker} must get {job_line}."

    def make(self, draft: Draft) -> None:
        draft.pins[self.worker] = self.job_line


@dataclass(frozen=True, slots=True)
class LiftPin(Change):
    """Free a worker whom an earlier scenario pinned; without a pin it changes nothing."""

    kind: ClassVar[str] = "lift pin"
    worker: str

    @property
    def target(self) -> tuple[str, ...]:
        return ("pin", self.worker)

    @property
    def worker_ids(self) -> frozenset[str]:
        return frozenset({self.worker})

    def words(self, inputs: RunInputs) -> str:
        return f"{worker_name(inputs, self.worker)} is no longer pinned."

    def make(self, draft: Draft) -> None:
        draft.pins.pop(self.worker, None)


@dataclass(frozen=True, slots=True)
class JobLineChange(Change):
    """A change about one job line."""

    job_line: str

    @property
    def job_line_ids(self) -> frozenset[str]:
        return frozenset({self.job_line})


@dataclass(frozen=True, slots=True)
class SetPlaces(JobLineChange):
    """Set how many workers this run may place on a job line, 0 … `MOST_PLACES`.

    Places that earlier completed runs used come on top.
    """

    kind: ClassVar[str] = "set places"
    places: int

    def __post_init__(self) -> None:
        is_whole = isinstance(self.places, int) and not isinstance(self.places, bool)
        if not is_whole or not 0 <= self.places <= MOST_PLACES:
            raise ValueError(
                f"the number of places must be a whole number between 0 and {MOST_PLACES:,}"
            )

    @property
    def target(self) -> tuple[str, ...]:
        return ("places", self.job_line)

    def words(self, inputs: RunInputs) -> str:
        row = next((j for j in inputs.job_lines if j.id == self.job_line), None)
        instead = "" if row is None else f" instead of {row.places}"
        name = job_line_name(inputs, self.job_line)
        return f"{name} has {places(self.places)}{instead}."

    def make(self, draft: Draft) -> None:
        row = draft.job_lines[self.job_line]
        total = self.places + row.used_places
        draft.job_lines[self.job_line] = replace(row, max_n_workers=total)


@dataclass(frozen=True, slots=True)
class SetMandatory(JobLineChange):
    """Say whether a job line must have somebody."""

    kind: ClassVar[str] = "set mandatory"
    mandatory: bool

    @property
    def target(self) -> tuple[str, ...]:
        return ("mandatory", self.job_line)

    def words(self, inputs: RunInputs) -> str:
        name = job_line_name(inputs, self.job_line)
        return f"{name} must have somebody." if self.mandatory else f"{name} may stay empty."

    def make(self, draft: Draft) -> None:
        row = draft.job_lines[self.job_line]
        draft.job_lines[self.job_line] = replace(row, must_have_workers=self.mandatory)


@dataclass(frozen=True, slots=True)
class LeaveOut(Change):
    """Solve without a worker; W shrinks by one, everybody's preferences stay as they are."""

    kind: ClassVar[str] = "leave out"
    worker: str

    @property
    def target(self) -> tuple[str, ...]:
        return ("part", self.worker)

    @property
    def worker_ids(self) -> frozenset[str]:
        return frozenset({self.worker})

    def words(self, inputs: RunInputs) -> str:
        return f"{worker_name(inputs, self.worker)} is left out."

    def make(self, draft: Draft) -> None:
        row = draft.workers.pop(self.worker)
        because = f"Left out in the scenario “{draft.scenario}”"
        reason = f"{because}: {self.reason}" if self.reason else because
        draft.left_out.append(LeftOut("worker", row.id, row.name, reason))


SMALLEST_WEIGHTING, LARGEST_WEIGHTING = -(2**15), 2**15 - 1
"""`weighting` is a smallint."""


def _check_weighting(value: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("a weighting must be a whole number")
    if not SMALLEST_WEIGHTING <= value <= LARGEST_WEIGHTING:
        raise ValueError("a weighting must lie between -32768 and 32767")


@dataclass(frozen=True, slots=True)
class WeightingChange(Change):
    """A change about one existing weighting."""

    weighting: str

    @property
    def target(self) -> tuple[str, ...]:
        return ("weighting", self.weighting)

    @property
    def weighting_ids(self) -> frozenset[str]:
        return frozenset({self.weighting})


@dataclass(frozen=True, slots=True)
class SetWeighting(WeightingChange):
    """Give an existing weighting another value."""

    kind: ClassVar[str] = "set weighting"
    value: int

    def __post_init__(self) -> None:
        _check_weighting(self.value)

    def words(self, inputs: RunInputs) -> str:
        return f"{weighting_words(inputs, self.weighting)} becomes {signed(self.value)}."

    def make(self, draft: Draft) -> None:
        row = draft.weightings[self.weighting]
        draft.weightings[self.weighting] = replace(row, weighting=self.value)


@dataclass(frozen=True, slots=True)
class SwitchOffWeighting(WeightingChange):
    """Ignore an existing weighting."""

    kind: ClassVar[str] = "switch off weighting"

    def words(self, inputs: RunInputs) -> str:
        return f"{weighting_words(inputs, self.weighting)} is switched off."

    def make(self, draft: Draft) -> None:
        del draft.weightings[self.weighting]


@dataclass(frozen=True, slots=True)
class AddWeighting(Change):
    """Add a weighting; `job_line` None reaches every job line, no tags and no workers everybody.

    `weighting` is the new one's id, made up here.
    """

    kind: ClassVar[str] = "add weighting"
    value: int
    job_line: str | None = None
    tags: frozenset[str] = frozenset()
    workers: frozenset[str] = frozenset()
    weighting: str = field(default_factory=lambda: str(uuid4()))

    def __post_init__(self) -> None:
        _check_weighting(self.value)
        object.__setattr__(self, "tags", frozenset(self.tags))
        object.__setattr__(self, "workers", frozenset(self.workers))

    @property
    def target(self) -> tuple[str, ...]:
        return ("weighting", self.weighting)

    @property
    def worker_ids(self) -> frozenset[str]:
        return self.workers

    @property
    def job_line_ids(self) -> frozenset[str]:
        return frozenset() if self.job_line is None else frozenset({self.job_line})

    def words(self, inputs: RunInputs) -> str:
        whom = reach(inputs, self._row())
        return f"A new weighting of {signed(self.value)} for {whom}."

    def make(self, draft: Draft) -> None:
        draft.weightings[self.weighting] = self._row()

    def _row(self) -> Weighting:
        return Weighting(self.weighting, self.value, self.job_line, self.tags, self.workers)


KINDS: dict[str, type[Change]] = {
    cls.kind: cls
    for cls in (
        SetWeighting,
        AddWeighting,
        SwitchOffWeighting,
        AllowPair,
        BanPair,
        Pin,
        LiftPin,
        SetPlaces,
        SetMandatory,
        LeaveOut,
    )
}
"""Every change by the word that names it in files and audit rows."""
