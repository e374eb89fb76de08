"""What a scenario's change is: the base class, and the draft that changes are made to.

A change names workers (mapping ids), job lines and weightings by id; `words` turns it into a
sentence with names. Nothing here touches the database.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from allocator.models import (
    Baseline,
    JobLine,
    LeftOut,
    Notice,
    OtherPlacement,
    RunInputs,
    Weighting,
    Worker,
)


@dataclass(eq=False)
class Draft:
    """A run's inputs as mutable tables, while a scenario's changes are made to them."""

    workers: dict[str, Worker]
    job_lines: dict[str, JobLine]
    weightings: dict[str, Weighting]
    pins: dict[str, str]
    rulings: dict[tuple[str, str], bool]
    left_out: list[LeftOut]
    notices: list[Notice]
    other_placements: tuple[OtherPlacement, ...]
    baseline: Baseline
    scenario: str = ""

    @classmethod
    def of(cls, inputs: RunInputs, scenario: str) -> Draft:
        """A copy of `inputs` for the scenario with this name."""
        return cls(
            {w.id: w for w in inputs.workers},
            {j.id: j for j in inputs.job_lines},
            {w.id: w for w in inputs.weightings},
            dict(inputs.pins),
            dict(inputs.rulings),
            list(inputs.left_out),
            list(inputs.notices),
            inputs.other_placements,
            inputs.baseline,
            scenario,
        )

    def finish(self, inputs: RunInputs) -> RunInputs:
        """New inputs with the draft's tables; rows stay sorted as they were."""
        return replace(
            inputs,
            workers=tuple(self.workers.values()),
            job_lines=tuple(self.job_lines.values()),
            weightings=tuple(self.weightings.values()),
            pins=self.pins,
            rulings=self.rulings,
            left_out=tuple(self.left_out),
            notices=tuple(self.notices),
            baseline=self.baseline,
            scenario=self.scenario,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of a scenario, with its reason and author."""

    kind: ClassVar[str] = ""
    reason: str = ""
    author: str = ""

    @property
    def target(self) -> tuple[str, ...]:
        """What the change is about; two changes with one target say different things about it."""
        raise NotImplementedError

    @property
    def worker_ids(self) -> frozenset[str]:
        """Workers that must take part in the run."""
        return frozenset()

    @property
    def job_line_ids(self) -> frozenset[str]:
        """Job lines that must take part in the run."""
        return frozenset()

    @property
    def weighting_ids(self) -> frozenset[str]:
        """Weightings that the run must have."""
        return frozenset()

    def words(self, inputs: RunInputs) -> str:
        """The change as a sentence with names."""
        raise NotImplementedError

    def make(self, draft: Draft) -> None:
        """Make the change to a draft in which everything it names exists."""
        raise NotImplementedError

    def same_effect(self, other: Change) -> bool:
        """Whether the two changes differ in reason and author only."""
        return replace(self, reason="", author="") == replace(other, reason="", author="")
