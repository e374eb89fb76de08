"""The residual graph of an allocation: exact prices, chains of moves, what is still free.

Nodes are the job lines and, last, OUTSIDE. The arc j → k costs what it costs the objective to
move the worker of j who loses least to k. Arc j → OUTSIDE (cost 0): j has a free place, so a
chain may end there. Arc OUTSIDE → j (cost 0): j may lose a worker, so a chain may start there.
An allocation is optimal exactly when no cycle has a negative cost, and shortest distances are
then optimal dual prices (Ahuja, Magnanti, Orlin: Network Flows, 1993, theorems 9.1 and 9.3).
All arithmetic is on whole numbers: nothing is rounded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

NO_ARC = 2**60
"""Cost of a move that is not allowed; every real distance is far smaller."""
THIN_SHARE = 0.05
"""With fewer of the pairs allowed it is faster to go through those alone."""
HALF_ARC = NO_ARC // 2
"""Below it is every real distance, above it one over a move that is not allowed."""
NODES = 128
"""Nodes that chains are continued over at once, the nearest first."""
BLOCK = 2**22
"""Pairs handled at once, so that memory stays bounded."""


@dataclass(frozen=True, eq=False)
class Face:
    """The allocations under consideration: allowed pairs (workers, job lines) and the fewest
    and most workers of each job line."""

    allowed: NDArray[np.bool_]
    lower: NDArray[np.int64]
    upper: NDArray[np.int64]

    def holds(self, assigned: NDArray[np.intp]) -> bool:
        """Whether an allocation (job line of each worker) is one of these."""
        filled = np.bincount(assigned, minlength=len(self.upper))
        within = (filled >= self.lower).all() and (filled <= self.upper).all()
        return bool(within and self.allowed[np.arange(len(assigned)), assigned].all())

    def bound(self, costs: NDArray[np.int64], prices: NDArray[np.int64]) -> int:
        """What no allocation can cost less than, by weak duality, whatever the prices are.

        Every worker must have an allowed pair. Prices beyond what whole numbers can add up are
        cut, which is as true.
        """
        n_workers = len(costs)
        upper = np.minimum(self.upper, n_workers)
        most = 2**61 // int(n_workers + upper.sum() + 1)
        prices = np.clip(prices, -most, most)
        cheapest = np.where(self.allowed, costs + prices, NO_ARC).min(axis=1)
        filled = np.where(prices > 0, prices * upper, prices * self.lower)
        return int(cheapest.sum() - filled.sum())

    def narrowed(self, costs: NDArray[np.int64], prices: NDArray[np.int64]) -> Face:
        """The optimal face: complementary slackness with optimal prices leaves just the optima."""
        priced = np.where(self.allowed, costs + prices, NO_ARC)
        tight = priced == priced.min(axis=1, keepdims=True)
        return Face(
            self.allowed & tight,
            np.where(prices > 0, self.upper, self.lower),
            np.where(prices < 0, self.lower, self.upper),
        )


@dataclass(eq=False)
class Residual:
    """Residual graph of `assigned` (job line of each worker, shape (workers,))."""

    costs: NDArray[np.int64]
    face: Face
    assigned: NDArray[np.intp]

    def __post_init__(self) -> None:
        self.n_job_lines = self.costs.shape[1]
        self.outside = self.n_job_lines
        self.is_thin = np.count_nonzero(self.face.allowed) < THIN_SHARE * self.face.allowed.size
        self.arcs = np.full((self.outside + 1,) * 2, NO_ARC, dtype=np.int64)
        self._fill(np.arange(self.n_job_lines))

    @property
    def filled(self) -> NDArray[np.int64]:
        """Workers now at each job line."""
        return np.bincount(self.assigned, minlength=self.n_job_lines).astype(np.int64)

    @property
    def total(self) -> int:
        """The allocation's cost."""
        return int(self.costs[np.arange(len(self.assigned)), self.assigned].sum())

    def _fill(self, lines: NDArray[np.intp]) -> None:
        """Compute the arcs that leave these job lines, and those to and from OUTSIDE."""
        self._turned: NDArray[np.int64] | None = None
        self.arcs[lines, : self.outside] = NO_ARC
        movers = np.flatnonzero(np.isin(self.assigned, lines))
        if self.is_thin:
            self._fill_thinly(movers)
        else:
            self._fill_densely(movers)
        filled = self.filled
        self.arcs[:-1, self.outside] = np.where(filled < self.face.upper, 0, NO_ARC)
        self.arcs[self.outside, :-1] = np.where(filled > self.face.lower, 0, NO_ARC)
        np.fill_diagonal(self.arcs, NO_ARC)

    def _fill_thinly(self, movers: NDArray[np.intp]) -> None:
        """Compute the arcs of these workers' job lines one pair at a time."""
        rows, targets = np.nonzero(self.face.allowed[movers])
        workers = movers[rows]
        origins = self.assigned[workers]
        changes = self.costs[workers, targets] - self.costs[workers, origins]
        np.minimum.at(self.arcs, (origins, targets), changes)

    def _fill_densely(self, movers: NDArray[np.intp]) -> None:
        """Compute the arcs of these workers' job lines a whole row at a time."""
        movers = movers[np.argsort(self.assigned[movers], kind="stable")]
        block = max(1, BLOCK // max(1, self.n_job_lines))
        for start in range(0, len(movers), block):
            rows = movers[start : start + block]
            origin = self.assigned[rows]
            moves = self.costs[rows] - self.costs[rows, origin][:, None]
            moves[~self.face.allowed[rows]] = NO_ARC
            first = np.flatnonzero(np.diff(origin, prepend=-1))
            best = np.minimum.reduceat(moves, first, axis=0)
            here = self.arcs[origin[first], : self.outside]
            self.arcs[origin[first], : self.outside] = np.minimum(here, best)

    def mover(self, origin: int, target: int, barred: int = -1) -> int:
        """The worker of `origin` who loses least by moving to `target`; the first of equals."""
        workers = np.flatnonzero(self.assigned == origin)
        workers = workers[self.face.allowed[workers, target] & (workers != barred)]
        change = self.costs[workers, target] - self.costs[workers, origin]
        return int(workers[int(np.argmin(change))])

    def move_along(self, path: list[int]) -> list[tuple[int, int, int]]:
        """Move one worker along each arc of the path; returns (worker, from, to) of each."""
        moves = [
            (self.mover(origin, target), origin, target)
            for origin, target in pairwise(path)
            if self.outside not in (origin, target)
        ]
        for worker, _, target in moves:
            self.assigned[worker] = target
        touched = np.array([node for node in path if node != self.outside], dtype=np.intp)
        self._fill(np.unique(touched))
        return moves

    def optimise(
        self,
        stop: Callable[[], bool] = lambda: False,
        near: NDArray[np.int64] | None = None,
    ) -> tuple[NDArray[np.int64] | None, int]:
        """Cancel negative cycles until none is left; returns (prices, cycles cancelled).

        The prices (job lines,) depend on the costs and the face only, not on which optimal
        allocation is at hand: distances in the residual graph are marginal costs. With prices
        `near` to begin with they stay close to these instead, and are found sooner. They are
        None when `stop()` became true first.
        """
        cancelled = 0
        begin = np.zeros(self.outside + 1, dtype=np.int64)
        if near is not None:
            begin[:-1] = near
        while not stop():
            distance, cycle = self._distances(begin)
            if cycle is None:
                return distance[:-1] - distance[-1], cancelled
            self.move_along(cycle)
            cancelled += 1
        return None, cancelled

    def _distances(self, begin: NDArray[np.int64]) -> tuple[NDArray[np.int64], list[int] | None]:
        """Bellman–Ford from every node to its cheapest target, which costs `begin` to end at;
        a negative cycle if there is one."""
        n = self.outside + 1
        distance = begin.copy()
        following = np.full(n, -1, dtype=np.intp)
        for step in range(n + 1):
            through = self.arcs + distance
            best = through.argmin(axis=1)
            value = through[np.arange(n), best]
            better = value < distance
            if not better.any():
                return distance, None
            distance[better] = value[better]
            following[better] = best[better]
            if step % 8 == 7 or step == n:
                cycle = _cycle(following)
                if cycle:
                    return distance, cycle
        raise AssertionError("Bellman–Ford neither settled nor closed a cycle")

    def distances_to(
        self, target: int, barred: int = -1, *, outward: bool = False
    ) -> tuple[NDArray[np.int64], list[int]]:
        """Cheapest chain from every node to `target`: (distance, next node); optimal graphs only.

        `outward`: from `target` to every node, and the node before. `barred` is a worker who may
        not move in the chain. Unreachable nodes are at NO_ARC.
        """
        if barred >= 0:
            arcs = self._without(barred)
            into = arcs if outward else arcs.T
        else:
            into = self.arcs if outward else self._into
        distance = np.full(self.outside + 1, NO_ARC, dtype=np.int64)
        following = np.full(self.outside + 1, -1, dtype=np.intp)
        distance[target] = 0
        waiting = np.zeros(self.outside + 1, dtype=np.bool_)
        waiting[target] = True
        while len(nearer := np.flatnonzero(waiting)):  # a chain gets shorter only over such a node
            if len(nearer) > NODES:
                nearer = nearer[np.argpartition(distance[nearer], NODES)[:NODES]]
            waiting[nearer] = False
            through = into[nearer] + distance[nearer, None]
            best = through.argmin(axis=0)
            value = through[best, np.arange(len(best))]
            better = (value < distance) & (value < HALF_ARC)
            distance[better] = value[better]
            following[better] = nearer[best[better]]
            waiting |= better
        return distance, following.tolist()

    @property
    def _into(self) -> NDArray[np.int64]:
        """The arcs by their end, so that those into one node lie together; `arcs` must not be
        written to afterwards but by a move."""
        if self._turned is None:
            self._turned = np.ascontiguousarray(self.arcs.T)
        return self._turned

    def _without(self, barred: int) -> NDArray[np.int64]:
        """The arcs when one worker stays put."""
        origin = int(self.assigned[barred])
        arcs = self.arcs.copy()
        arcs[origin, : self.outside] = NO_ARC
        others = np.flatnonzero(self.assigned == origin)
        others = others[others != barred]
        if len(others):
            moves = self.costs[others] - self.costs[others, origin][:, None]
            moves[~self.face.allowed[others]] = NO_ARC
            arcs[origin, : self.outside] = moves.min(axis=0)
            arcs[origin, origin] = NO_ARC
        return arcs


def _cycle(following: NDArray[np.intp]) -> list[int] | None:
    """A cycle [a, …, a] in the graph node → following[node], None when there is none."""
    colour = np.zeros(len(following), dtype=np.intp)
    for start in range(len(following)):
        node, path = start, []
        while node >= 0 and colour[node] == 0:
            colour[node] = start + 1
            path.append(node)
            node = int(following[node])
        if node >= 0 and colour[node] == start + 1:
            cycle = path[path.index(node) :]
            return [*cycle, node]
    return None
