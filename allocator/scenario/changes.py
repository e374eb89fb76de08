"""Every kind of change a scenario may make, one small class each: words, target, effect."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from allocator.models import HAS_A_PLACE, LeftOut, NoticeKind, RunInputs
from allocator.rules.naming import job_line_name, places, worker_name
from allocator.rules.ranks import NEVER, in_run
from allocator.scenario.baseline_changes import (
    Hold,
    ImproveOnly,
    KeepNumbers,
    SetBaseline,
    SwapWish,
)
from allocator.scenario.change import Change, Draft
from allocator.scenario.weighting_changes import AddWeighting, SetWeighting, SwitchOffWeighting

__all__ = [
    "KINDS",
    "AddWeighting",
    "AllowPair",
    "BanPair",
    "Change",
    "Hold",
    "ImproveOnly",
    "KeepNumbers",
    "LeaveOut",
    "LiftPin",
    "NeverMeansIneligible",
    "Pin",
    "RespectOtherPlacements",
    "SetBaseline",
    "SetMandatory",
    "SetPlaces",
    "SetWeighting",
    "SwapWish",
    "SwitchOffWeighting",
]


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


@dataclass(frozen=True, slots=True)
class NeverMeansIneligible(Change):
    """Nobody gets a job line of the own bucket *never*, unless another change allows the pair."""

    kind: ClassVar[str] = "never means ineligible"

    @property
    def target(self) -> tuple[str, ...]:
        return ("never",)

    def words(self, inputs: RunInputs) -> str:
        return "Nobody gets a job line that they put into the bucket “never”."

    def make(self, draft: Draft) -> None:
        for worker in draft.workers.values():
            for job_line, bucket in worker.preferences.buckets.items():
                if bucket == NEVER and job_line in draft.job_lines:
                    draft.rulings.setdefault((worker.id, job_line), False)


@dataclass(frozen=True, slots=True)
class RespectOtherPlacements(Change):
    """Placements of other applications count as those of earlier completed runs do: their workers
    are left out, their places used, and full job lines leave the run."""

    kind: ClassVar[str] = "respect other placements"

    @property
    def target(self) -> tuple[str, ...]:
        return ("other placements",)

    def words(self, inputs: RunInputs) -> str:
        count = len(inputs.other_placements)
        words = "The placement" if count == 1 else f"All {count:,} placements"
        return f"{words} that other applications made {'is' if count == 1 else 'are'} taken out."

    def make(self, draft: Draft) -> None:
        for placed in draft.other_placements:
            line = draft.job_lines.get(placed.job_line)
            if line is not None:
                draft.job_lines[line.id] = replace(line, used_places=line.used_places + 1)
            if draft.workers.pop(placed.worker, None) is not None:
                reason = (
                    f"{HAS_A_PLACE} on {placed.job_line_name} by another application "
                    f"({placed.state} {placed.at})"
                )
                out = LeftOut("worker", placed.worker, placed.worker_name, reason)
                draft.left_out.append(out)
        for line in list(draft.job_lines.values()):
            if line.used_places and not line.places:
                del draft.job_lines[line.id]
                reason = "Other placements took all its places"
                draft.left_out.append(LeftOut("job line", line.id, line.name, reason))
        here = draft.job_lines.keys()
        for worker in draft.workers.values():
            chosen = in_run(worker.preferences, here)
            draft.workers[worker.id] = replace(worker, preferences=chosen)
        draft.notices = [n for n in draft.notices if n.kind is not NoticeKind.PLACED_ELSEWHERE]


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
        NeverMeansIneligible,
        RespectOtherPlacements,
        SetBaseline,
        Hold,
        ImproveOnly,
        SwapWish,
        KeepNumbers,
    )
}
"""Every change by the word that names it in files and audit rows."""
