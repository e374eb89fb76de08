"""The frontier of a repair as data: points, and the lines that prove them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from allocator.errors import UsageError
from allocator.models import RunInputs, Settings


@dataclass(frozen=True, slots=True)
class RepairProgress:
    """How far the search for a frontier is: `done` of `total` stretches between its ends that are
    known by now."""

    done: int
    total: int
    step: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A proof: in every allocation `of_total`·total + `of_moves`·moves ≥ `value`, by the prices of
    the job lines."""

    of_total: float
    of_moves: float
    value: float
    prices: Mapping[str, float]

    def least_total(self, moves: int) -> float:
        """What the total cannot fall below with so many moves."""
        if not self.of_total:
            return -np.inf
        return (self.value - self.of_moves * moves) / self.of_total


@dataclass(frozen=True, slots=True)
class Point:
    """The least `total` with at most so many `moves`, and who holds what in one such allocation.

    `bound`: no allocation with so many moves is below it. `proven`: nor below the total; the
    whole-number solver says so where the bound, which prices prove, does not reach the total.
    At a `breakpoint` any price of a move between `prices` makes it the best allocation of all.
    """

    moves: int
    total: float
    bound: float
    proven: bool
    breakpoint: bool
    placements: Mapping[str, str]
    prices: tuple[float, float] | None = None


@dataclass(frozen=True, eq=False)
class Frontier:
    """The points by number of moves, each with a smaller total than the one before, and the lines
    that prove them. `complete` is false when time ran out: some points are then not proven.

    `forced` are the workers of the baseline who cannot keep what they had.
    """

    inputs: RunInputs
    settings: Settings
    points: tuple[Point, ...]
    lines: tuple[Line, ...]
    forced: tuple[str, ...]
    complete: bool
    seconds: float

    def at(self, moves: int) -> Point:
        """The best point with at most so many moves. Raises UsageError when there is none."""
        found = [point for point in self.points if point.moves <= moves]
        if not found:
            least = self.points[0].moves
            raise UsageError(f"No allocation has fewer than {least} moves.")
        return found[-1]
