"""What may be changed, at what price, and a least change by assignment.

Everything that a fix may change is priced: a pair of an ineligible worker and job line (an
exception), a place above a job line's capacity, a mandatory job line left empty, a worker left
out, a pin lifted. An allocation of the run with these prices is an assignment problem, solved
by scipy; `elastic_model` proves with PuLP that no cheaper change exists.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from allocator.diagnosis.results import FixKind
from allocator.diagnosis.violators import Bools, Ints, Positions
from allocator.models import RunInputs, Settings
from allocator.rules.eligibility import Rule
from allocator.rules.matrices import matrices

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Frozen:
    """What may never move: ids of job lines, workers and (worker, job line) pairs.

    places: capacity stays. pairs: exclusion stays. eligibility: every exclusion of the job line
    stays. mandatory: flag stays. workers: never left out. pins: pin stays. kinds: no fix may
    spend this currency at all.
    """

    places: frozenset[str] = frozenset()
    pairs: frozenset[tuple[str, str]] = frozenset()
    eligibility: frozenset[str] = frozenset()
    mandatory: frozenset[str] = frozenset()
    workers: frozenset[str] = frozenset()
    pins: frozenset[str] = frozenset()
    kinds: frozenset[FixKind] = frozenset()


@dataclass(frozen=True, slots=True)
class Weights:
    """Price of one change of each kind, whole numbers ≥ 1; None forbids the kind."""

    extra_places: int | None = 3
    exceptions: int | None = 2
    mandatory_dropped: int | None = 2
    left_out: int | None = 10
    pins_lifted: int | None = 1

    def __post_init__(self) -> None:
        for name in self.__slots__:
            price = getattr(self, name)
            if price is not None and (not isinstance(price, int) or price < 1):
                raise ValueError(f"the weight of {name} must be a whole number, 1 or more")

    def of(self, kind: FixKind) -> int | None:
        """The price of one change of this kind."""
        price: int | None = getattr(self, kind.value)
        return price

    def changed(self, prices: Mapping[FixKind, int | None]) -> Weights:
        """With other prices for these kinds."""
        return replace(self, **{kind.value: price for kind, price in prices.items()})


CURRENCIES = (
    FixKind.EXTRA_PLACES,
    FixKind.EXCEPTIONS,
    FixKind.MANDATORY,
    FixKind.LEFT_OUT,
    FixKind.PINS,
)


@dataclass(frozen=True, eq=False)
class Ground:
    """A run as arrays of what is open now, and what could be opened. Pins are kept apart."""

    inputs: RunInputs
    settings: Settings
    frozen: Frozen

    @cached_property
    def free(self) -> Bools:
        """Pairs that are allowed when pins are not looked at."""
        return matrices(replace(self.inputs, pins={})).allowed(self.settings)

    @cached_property
    def excepted(self) -> Bools:
        """Pairs that an exception to the eligibility rules would open; the cap and the rules on
        moves still hold."""
        inputs, frozen = self.inputs, self.frozen
        possible = ~self.free
        possible &= matrices(inputs).within_cap(self.settings.worst_rank)
        # An exception to the eligibility rules does not let anybody move who may not.
        possible &= matrices(replace(inputs, pins={})).rules != Rule.MAY_NOT_MOVE
        possible[:, [j.id in frozen.eligibility for j in inputs.job_lines]] = False
        rows, columns = inputs.worker_positions, inputs.job_line_positions
        for worker, job_line in frozen.pairs:
            if worker in rows and job_line in columns:
                possible[rows[worker], columns[job_line]] = False
        return possible

    @cached_property
    def pinned(self) -> Positions:
        """Each worker's pin as a position; −1 not pinned, −2 pinned outside the run."""
        columns = self.inputs.job_line_positions
        pins = self.inputs.pins
        return np.array(
            [columns.get(pins[w.id], -2) if w.id in pins else -1 for w in self.inputs.workers],
            dtype=np.intp,
        )

    def lifts(self, rows: Positions, columns: Positions) -> Bools:
        """Which of these pairs need the worker's pin lifted."""
        pin = self.pinned[rows]
        lifted: Bools = (pin != -1) & (pin != columns)
        return lifted

    @cached_property
    def lower(self) -> Ints:
        """Fewest workers of each job line."""
        return matrices(self.inputs).lower

    @cached_property
    def upper(self) -> Ints:
        """Places of each job line."""
        return matrices(self.inputs).upper


class Prices:
    """The price of every change under some weights; `closed` marks what may not happen."""

    def __init__(self, ground: Ground, weights: Weights) -> None:
        inputs, frozen = ground.inputs, ground.frozen
        self.ground = ground
        self.pair, self.closed = _pair_prices(ground, weights)
        self.extra = _prices(
            weights.extra_places, [j.id in frozen.places for j in inputs.job_lines]
        )
        self.out = _prices(weights.left_out, [w.id in frozen.workers for w in inputs.workers])
        fixed = [j.id in frozen.mandatory for j in inputs.job_lines]
        self.drop = _prices(weights.mandatory_dropped, fixed)

    @cached_property
    def most(self) -> int:
        """More than any allocation's price."""
        dearest = [int(a.max(initial=0)) for a in (self.pair, self.extra, self.out, self.drop)]
        return 1 + sum(dearest) * (len(self.out) + len(self.drop))


def _prices(price: int | None, frozen: list[bool]) -> Ints:
    """The price of a change at each place, −1 where it may not happen."""
    flags = np.array(frozen, dtype=bool)
    return np.where(flags, -1, -1 if price is None else price).astype(np.int64)


def _pair_prices(ground: Ground, weights: Weights) -> tuple[Ints, Bools]:
    price = np.zeros(ground.free.shape, dtype=np.int64)
    closed = ~ground.free
    if weights.exceptions is not None:
        price[ground.excepted] = weights.exceptions
        closed = closed & ~ground.excepted
    columns = np.arange(len(ground.upper))
    for row in np.flatnonzero(ground.pinned != -1):
        elsewhere = columns != ground.pinned[row]
        if weights.pins_lifted is None or ground.inputs.workers[row].id in ground.frozen.pins:
            closed[row, elsewhere] = True
        else:
            price[row, elsewhere] += weights.pins_lifted
    return price, closed


@dataclass(frozen=True, eq=False)
class PricedAllocation:
    """A priced allocation: the job line of each worker (−1 = left out) and its price."""

    place: Positions
    price: int


def least_change(prices: Prices, taste: Ints) -> PricedAllocation | None:
    """An allocation of least price; among those, of least total `taste` (workers, job lines ≥ 0).

    None when nothing that may change makes the run solvable. Columns of the assignment: the
    places, then one column that only that worker may take, for an extra place or being left out.
    """
    unit = 1 + int(taste.max(initial=0)) * len(prices.out)
    pair = np.where(prices.closed, np.inf, prices.pair.astype(float) * unit + taste)
    seats, surcharge = _seats(prices)
    cost = pair[:, seats] + surcharge * float(unit)
    alone, best = _alone(prices, pair, unit)
    own = np.full((len(alone), len(alone)), np.inf)
    np.fill_diagonal(own, alone)
    try:
        rows, columns = linear_sum_assignment(np.hstack([cost, own]))
    except ValueError:  # no assignment avoids what is closed
        return None
    place = best.copy()
    seated = columns < len(seats)
    place[rows[seated]] = seats[columns[seated]]
    return priced(prices, place)


def _seats(prices: Prices) -> tuple[Positions, Ints]:
    """The job line of every place, and what taking it adds to the price.

    A mandatory job line's first place earns what leaving it empty would cost.
    """
    upper, lower = prices.ground.upper, prices.ground.lower
    extra_first = (lower > upper) & (prices.extra >= 0)
    seats = np.repeat(np.arange(len(upper)), np.minimum(upper, len(prices.out)) + extra_first)
    surcharge = np.where(extra_first[seats], prices.extra[seats], 0)
    first = np.r_[True, seats[1:] != seats[:-1]][: len(seats)]
    earns = first & (lower[seats] > 0)
    drop = np.where(prices.drop >= 0, prices.drop, prices.most)
    return seats, surcharge - np.where(earns, drop[seats], 0)


def _alone(prices: Prices, pair: Floats, unit: int) -> tuple[Floats, Positions]:
    """Each worker's cheapest way to need no place, and the job line it means (−1 = left out)."""
    extra = np.where(prices.extra >= 0, prices.extra * float(unit), np.inf)
    widened = pair + extra
    best = widened.argmin(axis=1) if len(extra) else np.zeros(len(pair), dtype=np.intp)
    price = widened.min(axis=1, initial=np.inf)
    out = np.where(prices.out >= 0, prices.out * float(unit), np.inf)
    return np.minimum(price, out), np.where(price <= out, best, -1)


def priced(prices: Prices, place: Positions) -> PricedAllocation | None:
    """The allocation with its price, summed anew; None when it changes what may not change."""
    held = place >= 0
    rows, columns = np.flatnonzero(held), place[held]
    load = np.bincount(columns, minlength=len(prices.extra))
    over = np.maximum(load - prices.ground.upper, 0)
    empty = (prices.ground.lower > 0) & (load == 0)
    if (
        prices.closed[rows, columns].any()
        or (prices.extra[over > 0] < 0).any()
        or (prices.drop[empty] < 0).any()
        or (prices.out[~held] < 0).any()
    ):
        return None
    total = prices.pair[rows, columns].sum() + (over * prices.extra).sum()
    return PricedAllocation(place, int(total + prices.drop[empty].sum() + prices.out[~held].sum()))
