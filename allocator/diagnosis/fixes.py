"""Fixes: the least change in each currency, as changes of a what-if scenario."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from allocator.diagnosis.causes import count_independent, unfillable_job_lines
from allocator.diagnosis.elastic import (
    CURRENCIES,
    Frozen,
    Ground,
    PricedAllocation,
    Prices,
    Weights,
    least_change,
)
from allocator.diagnosis.elastic_model import proves_least
from allocator.diagnosis.results import Fix, FixKind
from allocator.diagnosis.violators import Ints
from allocator.models import RunInputs, Settings
from allocator.rules.matrices import Matrices, matrices
from allocator.scenario.change import Change
from allocator.scenario.changes import AllowPair, LeaveOut, LiftPin, SetMandatory, SetPlaces

TASTES = 200
"""Steps of dissatisfaction that decide among equally cheap fixes."""


@dataclass(frozen=True, slots=True)
class ChangeCounts:
    """How many changes of each kind a fix makes."""

    by_kind: dict[FixKind, int]

    def of(self, kind: FixKind) -> int:
        """How many changes of this kind."""
        return self.by_kind[kind]

    def weight(self, weights: Weights) -> int:
        """The changes priced one by one; kinds without a price count nothing."""
        return sum((weights.of(kind) or 0) * n for kind, n in self.by_kind.items())


def kinds_to_try(inputs: RunInputs, settings: Settings, frozen: Frozen) -> tuple[FixKind, ...]:
    """The currencies that this run has and that are not frozen."""
    kinds = [
        FixKind.EXTRA_PLACES,
        FixKind.EXCEPTIONS,
        FixKind.MANDATORY,
        FixKind.LEFT_OUT,
        *([FixKind.PINS] if inputs.pins else []),
        FixKind.MIX,
        *([FixKind.WORST_RANK] if settings.worst_rank is not None else []),
    ]
    return tuple(kind for kind in kinds if kind not in frozen.kinds)


@dataclass(frozen=True, eq=False)
class _Candidate:
    """A fix that is not yet proven to be the least, and what the proof needs."""

    fix: Fix
    prices: Prices
    allocation: PricedAllocation

    def spends(self, kind: FixKind) -> bool:
        """Whether any change is of this kind."""
        return any(_kind_of(change) is kind for change in self.fix.changes)


class FixFinder:
    """Finds the least change of each kind for one run.

    `tick` is called between rounds of the proof and may raise to abandon the search.
    """

    def __init__(
        self,
        inputs: RunInputs,
        settings: Settings,
        frozen: Frozen,
        mix: Weights,
        tick: Callable[[int], None] | None = None,
    ) -> None:
        self.inputs = inputs
        self.settings = settings
        self.frozen = frozen
        self.tick = tick
        self.mix = mix.changed({kind: None for kind in CURRENCIES if kind in frozen.kinds})
        self.ground = Ground(inputs, settings, frozen)
        self.taste = tastes(matrices(inputs), settings)

    def find(self, kind: FixKind) -> Fix | None:
        """The least change of this kind, not verified yet; None when there is none.

        When the currency alone cannot make the run solvable, other changes are added: as little
        of them as possible, weighed as in the mix.
        """
        if kind is FixKind.WORST_RANK:
            return self._raised_cap()
        if kind is FixKind.MIX:
            candidate = self._least(kind, self.mix, is_pure=False)
        else:
            nothing: dict[FixKind, int | None] = dict.fromkeys(CURRENCIES)
            alone = self.mix.changed({**nothing, kind: 1})
            candidate = self._least(kind, alone, is_pure=True) or self._with_others(kind)
        if candidate is None:
            return None
        is_least = proves_least(candidate.prices, candidate.allocation, self.tick)
        return replace(candidate.fix, is_least=is_least)

    def _with_others(self, kind: FixKind) -> _Candidate | None:
        # One change of another kind weighs more than all of this kind together.
        dearer = len(self.inputs.workers) + len(self.inputs.job_lines) + 1
        others = {other: self.mix.of(other) for other in CURRENCIES}
        weights = {other: price and price * dearer for other, price in others.items()}
        chosen = self.mix.changed({**weights, kind: 1})
        found = self._least(kind, chosen, is_pure=False)
        if found is not None and kind is FixKind.MANDATORY and not found.spends(kind):
            found = self._flags_before_exceptions(chosen)
        return found if found is not None and found.spends(kind) else None

    def _flags_before_exceptions(self, weights: Weights) -> _Candidate | None:
        """Drop the flags that cannot be met, where exceptions would have met them on the way."""
        unfillable = unfillable_job_lines(matrices(self.inputs), self.settings)
        shut = frozenset(self.inputs.job_lines[column].id for column in unfillable)
        frozen = replace(self.frozen, eligibility=self.frozen.eligibility | shut)
        ground = Ground(self.inputs, self.settings, frozen)
        return self._least(FixKind.MANDATORY, weights, is_pure=False, ground=ground)

    def _least(
        self, kind: FixKind, weights: Weights, is_pure: bool, ground: Ground | None = None
    ) -> _Candidate | None:
        prices = Prices(ground or self.ground, weights)
        change = least_change(prices, self.taste)
        if change is None:
            return None
        changes = self._changes(change)
        counts = self._counts(changes)
        weight = counts.weight(self.mix)
        fix = Fix(
            kind=kind,
            changes=changes,
            words=tuple(row.words(self.inputs) for row in changes),
            cost=weight if kind is FixKind.MIX else sum(counts.by_kind.values()),
            weight=weight,
            is_pure=is_pure,
            is_least=False,
            settings=self.settings,
        )
        return _Candidate(fix, prices, change)

    def _changes(self, change: PricedAllocation) -> tuple[Change, ...]:
        """What the priced allocation changes, as a scenario says it."""
        ground, inputs = self.ground, self.inputs
        held = np.flatnonzero(change.place >= 0)
        columns = change.place[held]
        load = np.bincount(columns, minlength=len(inputs.job_lines))
        worker = [w.id for w in inputs.workers]
        line = [j.id for j in inputs.job_lines]
        over = np.flatnonzero(load > ground.upper)
        empty = np.flatnonzero((ground.lower > 0) & (load == 0))
        excepted = ground.excepted[held, columns]
        lifted = ground.lifts(held, columns)
        return (
            *(SetPlaces(job_line=line[j], places=int(load[j])) for j in over),
            *(LiftPin(worker=worker[w]) for w in held[lifted]),
            *(
                AllowPair(worker=worker[w], job_line=line[j])
                for w, j in zip(held[excepted], columns[excepted], strict=True)
            ),
            *(SetMandatory(job_line=line[j], mandatory=False) for j in empty),
            *(LeaveOut(worker=worker[w]) for w in np.flatnonzero(change.place < 0)),
        )

    def _counts(self, changes: tuple[Change, ...]) -> ChangeCounts:
        counts = dict.fromkeys(CURRENCIES, 0)
        for change in changes:
            step = 1
            if isinstance(change, SetPlaces):
                step = change.places - self.inputs.job_line(change.job_line).places
            counts[_kind_of(change)] += step
        return ChangeCounts(counts)

    def _raised_cap(self) -> Fix | None:
        """The lowest cap on the worst rank that is to blame for nothing; the mix does the rest."""
        cap, raised = self.settings.worst_rank, lowest_blameless_cap(self.inputs, self.settings)
        if cap is None or raised is None:
            return None
        settings = replace(self.settings, worst_rank=raised)
        finder = FixFinder(self.inputs, settings, self.frozen, self.mix, self.tick)
        rest = finder.find(FixKind.MIX)
        if rest is None:
            return None
        words = f"The cap on the worst rank is {raised:g} instead of {cap:g}."
        return replace(
            rest,
            kind=FixKind.WORST_RANK,
            words=(words, *rest.words),
            cost=1 + sum(self._counts(rest.changes).by_kind.values()),
            weight=1 + rest.weight,
            is_pure=not rest.changes,
        )


def lowest_blameless_cap(inputs: RunInputs, settings: Settings) -> float | None:
    """The lowest cap with no more causes than without a cap, by bisection; None: it is no cause."""
    arrays = matrices(inputs)

    def how_many(cap: float) -> int:
        allowed = arrays.eligible & arrays.within_cap(cap)
        return count_independent(allowed, arrays.lower, arrays.upper)

    cap = settings.worst_rank
    if cap is None or how_many(cap) == how_many(np.inf):
        return None
    fewest = how_many(np.inf)
    caps = np.unique(arrays.scores[arrays.eligible & ~arrays.within_cap(cap)])
    low, high = 0, len(caps) - 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if how_many(caps[middle]) == fewest else (middle + 1, high)
    return float(caps[low])


def why_not(kind: FixKind, frozen: Frozen) -> str:
    """Why a kind of fix is not offered."""
    given = "" if frozen == Frozen() else ", given what may never move"
    if kind is FixKind.MIX:
        return f"No mix of changes makes the run solvable{given}."
    return f"{SUBJECTS[kind]} would not help here{given}."


SUBJECTS = {
    FixKind.EXTRA_PLACES: "More places",
    FixKind.EXCEPTIONS: "Eligibility exceptions",
    FixKind.MANDATORY: "Dropping mandatory flags",
    FixKind.LEFT_OUT: "Leaving workers out",
    FixKind.PINS: "Lifting pins",
    FixKind.WORST_RANK: "Raising the cap on the worst rank",
}


def tastes(arrays: Matrices, settings: Settings) -> Ints:
    """Each pair's dissatisfaction in `TASTES` steps, (workers, job lines)."""
    costs = arrays.costs(settings).values
    if not costs.size:
        return costs
    spread = max(1, int(costs.max() - costs.min()))
    steps: Ints = ((costs - costs.min()) * TASTES) // spread
    return steps


_KINDS: dict[type[Change], FixKind] = {
    SetPlaces: FixKind.EXTRA_PLACES,
    AllowPair: FixKind.EXCEPTIONS,
    SetMandatory: FixKind.MANDATORY,
    LeaveOut: FixKind.LEFT_OUT,
    LiftPin: FixKind.PINS,
}


def _kind_of(change: Change) -> FixKind:
    return _KINDS[type(change)]
