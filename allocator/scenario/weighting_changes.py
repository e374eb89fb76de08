"""Changes to the organisation's weightings."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar
from uuid import uuid4

from allocator.models import RunInputs, Weighting
from allocator.rules.naming import reach, signed, weighting_words
from allocator.scenario.change import Change, Draft

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
