"""The independent check of a frontier: every rule, every figure and every line, from the inputs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from allocator.repair.points import Frontier, Line, Point
from allocator.solving.checker import TOLERANCE, Proof, same
from allocator.solving.checker_facts import Facts


def frontier_faults(found: Frontier) -> list[str]:
    """What is wrong with a frontier, in words; empty when all of it holds."""
    facts = Facts(found.inputs, found.settings)
    proof, costs, moved = Proof(facts), facts.costs(), facts.moved()
    faults = [fault for point in found.points for fault in _point(proof, costs, moved, point)]
    faults += [
        f"a line at {line.of_moves:g} a move proves less than it says"
        for line in found.lines
        if not _holds(proof, costs, moved, line)
    ]
    return [*faults, *_ends(found), *_bounds(found)]


def _point(proof: Proof, costs: np.ndarray, moved: np.ndarray, point: Point) -> Iterator[str]:
    facts, name = proof.facts, f"the point with {point.moves} moves"
    known = point.placements.keys() == facts.row.keys()
    if not known or not facts.column.keys() >= set(point.placements.values()):
        yield f"{name} does not place every worker once, on a job line of the run"
        return
    rows = [facts.row[worker] for worker in point.placements]
    columns = [facts.column[line] for line in point.placements.values()]
    filled = np.bincount(columns, minlength=len(facts.column))
    if not proof.allowed[rows, columns].all():
        yield f"{name} has a placement that is not allowed"
    if (filled > proof.most).any() or (filled < proof.least).any():
        yield f"{name} fills a job line with too many or too few"
    made = int(moved[rows, columns].sum())
    if made != point.moves and (point.proven or made > point.moves):
        yield f"{name} has another number of moves"
    if not same(point.total, float(costs[rows, columns].sum())):
        yield f"{name} has another total"


def _holds(proof: Proof, costs: np.ndarray, moved: np.ndarray, line: Line) -> bool:
    weighted = line.of_total * costs + line.of_moves * moved
    value = float(proof.bound_of(weighted, proof.price_of(line.prices)))
    return bool(value >= line.value - TOLERANCE * max(1.0, abs(line.value)))


def _ends(found: Frontier) -> Iterator[str]:
    """No allocation has fewer moves than the first point, none a smaller total than the last."""
    fewest = max((line.value for line in found.lines if not line.of_total), default=-np.inf)
    least = max((line.value for line in found.lines if not line.of_moves), default=-np.inf)
    if not fewest > found.points[0].moves - 0.5:
        yield "nothing proves the fewest moves"
    if not same(least, found.points[-1].total):
        yield "nothing proves the least total"
    for before, after in pairwise(found.points):
        # What is not proven yet may be no better than the point before, but never worse.
        better = before.total > after.total or (not after.proven and before.total == after.total)
        if not (before.moves < after.moves and better):
            yield f"the point with {after.moves} moves is no better than the one before"


def _bounds(found: Frontier) -> Iterator[str]:
    """What a point says that it cannot be below follows from a line."""
    for point in found.points:
        proven = max(line.least_total(point.moves) for line in found.lines)
        above = point.bound > proven + TOLERANCE * max(1.0, abs(proven))
        if above or point.bound > point.total + TOLERANCE * max(1.0, abs(point.total)):
            yield f"nothing proves the bound of the point with {point.moves} moves"
        if point.breakpoint and not same(point.bound, point.total):
            yield f"the breakpoint with {point.moves} moves is not proven"
