"""Doctors moved against total dissatisfaction: every allocation that is best for its moves.

1. The ends: the fewest moves, and with these the least total; the least total, and with it the
   fewest moves.
2. The breakpoints between them: at the price of a move that makes two neighbours equally good the
   PuLP master either proves that nothing lies below their line, or brings a point below it.
3. Between breakpoints no price helps. There the master gets a row for the number of moves and is
   solved in whole numbers, over the pairs that the line's prices leave possible.

Each line is a proof: a·total + b·moves is at least its value in every allocation (Cohon:
Multiobjective Programming and Planning, 1978, chapter 6).
"""

from __future__ import annotations

import threading
import time
from bisect import insort
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import gcd

import numpy as np
from numpy.typing import NDArray

from allocator.errors import CheckFailed, InvalidData, SolveCancelled, UsageError
from allocator.models import Policy, RunInputs, Settings
from allocator.repair.between import Between, Pairs
from allocator.repair.points import Frontier, Line, Point, RepairProgress
from allocator.repair.proof import frontier_faults
from allocator.rules.matrices import matrices, most_cost
from allocator.rules.ranks import read_by
from allocator.solving.master import Master
from allocator.solving.residual import NO_ARC, Face
from allocator.solving.starting import Start, best_allocation

OnProgress = Callable[[RepairProgress], None]
OUT_OF_TIME = "The search ended before it was known what each number of moves costs."


def frontier(
    inputs: RunInputs,
    settings: Settings,
    *,
    on_progress: OnProgress | None = None,
    cancel: threading.Event | None = None,
) -> Frontier:
    """The frontier of a run with a baseline, under the least total at these settings.

    Policy and price of a move are not looked at. Raises UsageError without a baseline, InvalidData,
    Infeasible when there is no allocation, SolveCancelled when cancelled, or out of time before the
    breakpoints are known, CheckFailed when the independent check rejects the outcome.
    """
    if not inputs.baseline:
        raise UsageError(
            "There is nothing to repair: nobody says who held what before.",
            remedy="Give the scenario a baseline.",
        )
    if inputs.blocking_issues:
        raise InvalidData(inputs.blocking_issues)
    plain = replace(settings, policy=Policy.LEAST_TOTAL, move_price=0.0)
    return _Search(read_by(inputs, plain), plain, on_progress, cancel).run()


@dataclass(slots=True, order=True)
class _Found:
    """An allocation on the way: sorted by its moves. `prices` are optimal at the weights."""

    moves: int
    total: int
    assigned: NDArray[np.intp] = field(compare=False)
    weights: tuple[int, int] = field(compare=False)
    prices: NDArray[np.int64] = field(compare=False)


@dataclass(eq=False)
class _Search:
    inputs: RunInputs
    settings: Settings
    on_progress: OnProgress | None
    cancel: threading.Event | None

    def __post_init__(self) -> None:
        self.began = time.perf_counter()
        arrays = matrices(self.inputs)
        self.arrays, self.moved = arrays, arrays.moved
        # Under the least total costs may be cut that the fewest moves still need.
        self.costs = arrays.costs(replace(self.settings, policy=Policy.FEWEST_MOVES))
        self.face = Face(arrays.allowed(self.settings), arrays.lower, arrays.upper)
        self.rows = np.arange(len(self.inputs.workers))
        self.lines: list[tuple[tuple[int, int], int, NDArray[np.int64]]] = []
        self.complete = True

    def run(self) -> Frontier:
        first, last = self._fewest_moves(), self._least_total()
        corners = [first] if first.moves == last.moves else [first, last]
        between = dict(self._breakpoints(corners))
        found = Frontier(
            self.inputs,
            self.settings,
            tuple(self._points(corners, between)),
            tuple(self._told(*line) for line in self.lines),
            self._forced(),
            self.complete,
            time.perf_counter() - self.began,
        )
        self._report(1, 1, "check")
        faults = frontier_faults(found)
        if faults and self.costs.exact:
            raise CheckFailed(f"The independent check failed: {'; '.join(faults[:5])}.")
        if faults:
            raise UsageError(
                "The costs differ too much to tell neighbouring points apart.",
                remedy="Lower the power, or choose a whole one.",
            )
        return found

    # -- the ends -------------------------------------------------------------------------

    def _fewest_moves(self) -> _Found:
        self._report(0, 1, "fewest moves")
        counts = self.moved.astype(np.int64)
        _, prices = self._decided(counts, self.face)
        fewest = self.face.bound(counts, prices)
        self.lines.append(((0, 1), fewest, prices))
        least = self.face.narrowed(counts, prices)
        assigned, prices = self._decided(self.costs.values, least)
        return _Found(fewest, self._total(assigned), assigned, (0, 1), prices)

    def _least_total(self) -> _Found:
        self._report(0, 1, "least total")
        values = self.costs.values
        _, prices = self._decided(values, self.face)
        best = self.face.bound(values, prices)
        self.lines.append(((1, 0), best, prices))
        least = self.face.narrowed(values, prices)
        assigned, _ = self._decided(self.moved.astype(np.int64), least)
        moves = int(self.moved[self.rows, assigned].sum())
        return _Found(moves, best, assigned, (1, 0), prices)

    def _decided(
        self, values: NDArray[np.int64], face: Face, start: Start | None = None
    ) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
        """The best allocation of a face as the PuLP master decides, and prices that prove it."""
        start = start or best_allocation(values, face, self._stop)
        self._go_on()
        assert start is not None
        master = Master(values, face, start)
        done = master.run(
            self.settings.solver,
            self._seconds_left,
            self._stop,
            lambda _problem: lambda _count: None,
            lambda: None,
        )
        if not done:
            raise SolveCancelled(OUT_OF_TIME)
        return master.assigned, master.prices

    # -- breakpoints ----------------------------------------------------------------------

    def _breakpoints(self, corners: list[_Found]) -> Iterator[tuple[int, int]]:
        """Find all corners between the first two; yields (moves of a corner, number of the line
        that proves the stretch to the next)."""
        todo = list(pairwise(corners))
        while todo:
            left, right = todo.pop()
            self._report(len(corners) - 1 - len(todo), len(corners), "breakpoints")
            # A corner found at some price is proven by it; the first one is so by its next line.
            if right.moves - left.moves == 1 and left is not corners[0]:
                continue
            found = self._below(left, right)
            if found is None:
                yield left.moves, len(self.lines) - 1
            else:
                insort(corners, found)
                todo += [(left, found), (found, right)]

    def _below(self, left: _Found, right: _Found) -> _Found | None:
        """A corner below the line of two, or None and one more line."""
        a, b = right.moves - left.moves, left.total - right.total
        a, b = a // gcd(a, b), b // gcd(a, b)
        if a * int(np.abs(self.costs.values).max(initial=0)) + b >= most_cost(*self.moved.shape):
            a, b = 1, b // a
        values = a * self.costs.values + b * self.moved
        assigned, prices = self._decided(values, self.face, self._start(left, right, a, b))
        value = self.face.bound(values, prices)
        self.lines.append(((a, b), value, prices))
        moves = int(self.moved[self.rows, assigned].sum())
        ends = min(a * end.total + b * end.moves for end in (left, right))
        if value < ends and left.moves < moves < right.moves:
            return _Found(moves, self._total(assigned), assigned, (a, b), prices)
        return None

    def _start(self, left: _Found, right: _Found, a: int, b: int) -> Start:
        """Where to set out from: the prices between those of both ends."""
        (a_left, b_left), (a_right, b_right) = left.weights, right.weights
        low = right.prices / max(a_right, 1)
        mean = low
        if a_left:
            price, least, most = b / a, b_right / a_right, b_left / a_left
            share = (price - least) / (most - least) if most > least else 0.5
            mean = low + min(1.0, max(0.0, share)) * (left.prices / a_left - low)
        return Start(right.assigned, np.rint(a * mean).astype(np.int64))

    # -- between them ---------------------------------------------------------------------

    def _points(self, corners: list[_Found], between: Mapping[int, int]) -> Iterator[Point]:
        slopes = [
            (left.total - right.total) / (right.moves - left.moves)
            for left, right in pairwise(corners)
        ]
        unit = self.costs.unit
        for number, corner in enumerate(corners):
            dearest = slopes[number - 1] if number else np.inf
            cheapest = slopes[number] if number < len(slopes) else 0.0
            ends = (cheapest * unit, dearest * unit) if cheapest < dearest else None
            yield self._point(corner.moves, corner.total, corner.assigned, None, ends)
            if number < len(slopes) and corner.moves in between:
                line = self.lines[between[corner.moves]]
                yield from self._gap(corner, corners[number + 1], line)

    def _gap(
        self,
        left: _Found,
        right: _Found,
        line: tuple[tuple[int, int], int, NDArray[np.int64]],
    ) -> Iterator[Point]:
        """The points between two corners: fewer moves than the right one's, less than the left's
        total."""
        (a, b), value, _ = line
        best, assigned = left.total, left.assigned
        between = Between(
            self.inputs,
            self.settings.seed,
            self.costs.values,
            self.moved,
            self.face,
            self._seconds_left,
            self._stop,
        )
        possible = self._possible(line, a * (best - 1) + b * (right.moves - 1) - value)
        for moves in range(left.moves + 1, right.moves):
            self._report(moves, right.moves, "between breakpoints")
            pairs = possible.within(a * (best - 1) + b * moves - value)
            if not pairs.cover(len(self.rows)):
                continue
            if self._stop():
                self.complete = False
                yield self._point(moves, best, assigned, -(-(value - b * moves) // a), None)
                continue
            found, bound = between.below(pairs, moves, assigned)
            if bound >= best:
                continue
            if found is not None:
                best, assigned = self._total(found), found
            self.complete &= bound == best
            yield self._point(moves, best, assigned, bound, None)

    def _possible(self, line: tuple[tuple[int, int], int, NDArray[np.int64]], room: int) -> Pairs:
        """The pairs that an allocation not further than `room` above the line may have."""
        (a, b), _, prices = line
        reduced = np.where(
            self.face.allowed, a * self.costs.values + b * self.moved + prices, NO_ARC
        )
        reduced -= reduced.min(axis=1, keepdims=True)
        workers, lines = np.nonzero((reduced <= room) & self.face.allowed)
        return Pairs(workers, lines, reduced[workers, lines])

    # -- telling --------------------------------------------------------------------------

    def _point(
        self,
        moves: int,
        total: int,
        assigned: NDArray[np.intp],
        bound: int | None,
        prices: tuple[float, float] | None,
    ) -> Point:
        """`bound` None: the total itself, at a corner."""
        held = zip(self.inputs.workers, assigned, strict=True)
        placements = {worker.id: self.inputs.job_lines[int(j)].id for worker, j in held}
        weights = (((a, b), value) for (a, b), value, _ in self.lines if a)
        by_prices = max((value - b * moves) / a for (a, b), value in weights)
        unit, slack = self.costs.unit, self.costs.slack
        told = total * unit
        if not self.costs.exact:
            told = float(self.arrays.coefficients(self.settings, self.rows, assigned).sum())
        return Point(
            moves,
            told,
            min(by_prices, total) * unit - slack,
            bound is None or bound == total,
            bound is None,
            placements,
            prices,
        )

    def _told(self, weights: tuple[int, int], value: int, prices: NDArray[np.int64]) -> Line:
        """A line in points of dissatisfaction and moves, with the weight of one of them at 1."""
        a, b = weights
        unit = self.costs.unit if a else 1.0
        of_one = a or b
        ids = [line.id for line in self.inputs.job_lines]
        told = dict(zip(ids, (prices * unit / of_one).tolist(), strict=True))
        if not a:
            return Line(0.0, 1.0, value / b, told)
        return Line(1.0, b * unit / a, value * unit / a - self.costs.slack, told)

    def _forced(self) -> tuple[str, ...]:
        held, columns = self.inputs.baseline.placements, self.inputs.job_line_positions
        return tuple(
            worker.id
            for row, worker in enumerate(self.inputs.workers)
            if worker.id in held
            and not (
                held[worker.id] in columns and self.face.allowed[row, columns[held[worker.id]]]
            )
        )

    def _total(self, assigned: NDArray[np.intp]) -> int:
        return int(self.costs.values[self.rows, assigned].sum())

    def _seconds_left(self) -> float:
        return self.settings.time_limit - (time.perf_counter() - self.began)

    def _stop(self) -> bool:
        return (self.cancel is not None and self.cancel.is_set()) or self._seconds_left() <= 0

    def _go_on(self) -> None:
        if self._stop():
            raise SolveCancelled(OUT_OF_TIME)

    def _report(self, done: int, total: int, step: str) -> None:
        if self.on_progress is not None:
            self.on_progress(RepairProgress(done, total, step))
