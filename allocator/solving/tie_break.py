"""The fair choice among equally good allocations: a lottery drawn from the seed.

1. Every worker draws a lottery number, a hash of the seed and the worker's id.
2. In the order of these numbers each worker takes the job line that it likes best (least score)
   among all that some optimal allocation, agreeing with the earlier workers' choices, gives it.
   Job lines that it likes equally are ordered by a hash of the seed, the worker and the job line.

This is random serial dictatorship (Abdulkadiroğlu and Sönmez 1998) restricted to the optima:
no worker gains from the order of ids, names or rows, and the choice never costs objective. The
outcome depends on the set of optimal allocations and the seed only, not on the solver.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from allocator.solving.residual import Face

NOBODY = -1
"""The mover of a step to or from OUTSIDE: a place that was free, or may become free."""


def lottery_numbers(seed: int, ids: Sequence[str]) -> NDArray[np.uint64]:
    """A number for each id that looks random, the same on every machine: 64 bits of SHA-256."""
    digests = [sha256(f"{seed}\x1f{key}".encode()).digest()[:8] for key in ids]
    numbers: NDArray[np.uint64] = np.array([int.from_bytes(d, "big") for d in digests], np.uint64)
    return numbers


def _mixed(first: NDArray[np.uint64], second: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """One number for each pair of numbers: the finaliser of SplitMix64 (Steele et al. 2014)."""
    z: NDArray[np.uint64] = first + second * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


class TieBreak:
    """Lottery over the optimal face (allowed pairs are tight, bounds are complementary).

    `workers` and `lines` are the pairs that some optimal allocation uses and whose worker is
    not settled yet. Chains of moves are looked for among the same pairs: `options` by worker,
    `wanting` by job line, and `here`, the unsettled workers who are now at each job line.
    """

    def __init__(self, face: Face, assigned: NDArray[np.intp]) -> None:
        self.face = face
        self.assigned = assigned.copy()
        self.outside = face.allowed.shape[1]
        self.filled = np.bincount(assigned, minlength=self.outside)
        self.workers, self.lines = np.nonzero(face.allowed)
        self.settled = np.zeros(len(assigned), dtype=bool)
        self._find_components()
        self.settled = np.bincount(self.workers, minlength=len(assigned)) < 2
        self._find_components()

    @property
    def contested(self) -> NDArray[np.intp]:
        """Workers whom some optimal allocation places elsewhere."""
        return np.flatnonzero(~self.settled)

    def run(
        self,
        scores: NDArray[np.float64],
        mine: NDArray[np.uint64],
        theirs: NDArray[np.uint64],
        stop: Callable[[], bool] = lambda: False,
    ) -> NDArray[np.intp] | None:
        """Job line of each worker after the lottery, shape (workers,); None when stopped.

        `mine` and `theirs` are the lottery numbers of the workers and of the job lines.
        """
        self._index(scores, _mixed(mine[self.workers], theirs[self.lines]))
        contested = self.contested
        order = contested[np.argsort(mine[contested], kind="stable")].tolist()
        interval = 16 + len(order) // 10
        for done, worker in enumerate(order, start=1):
            self._give_best(worker)
            self._settle(worker)
            if done % interval == 0:
                self._find_components()
                if stop():
                    return None
        return self.assigned

    def _index(self, scores: NDArray[np.float64], lots: NDArray[np.uint64]) -> None:
        """Fill `options`, best liked first, `wanting` and `here`."""
        sorting = np.lexsort((lots, scores[self.workers, self.lines], self.workers))
        self.options: defaultdict[int, list[int]] = defaultdict(list)
        self.wanting: defaultdict[int, set[int]] = defaultdict(set)
        self.here: defaultdict[int, set[int]] = defaultdict(set)
        workers, lines = self.workers[sorting].tolist(), self.lines[sorting].tolist()
        for worker, line in zip(workers, lines, strict=True):
            self.options[worker].append(line)
            self.wanting[line].add(worker)
        for worker in self.options:
            self.here[int(self.assigned[worker])].add(worker)

    def _find_components(self) -> None:
        """Strong components of the job lines and OUTSIDE, and the pairs that stay possible.

        A move is part of some exchange exactly when both its ends lie in one component.
        """
        free = np.flatnonzero(self.filled < self.face.upper)
        spare = np.flatnonzero(self.filled > self.face.lower)
        live = ~self.settled[self.workers]
        self.workers, self.lines = self.workers[live], self.lines[live]
        here = self.assigned[self.workers]
        tails = np.concatenate([here, free, np.full(len(spare), self.outside)])
        heads = np.concatenate([self.lines, np.full(len(free), self.outside), spare])
        size = self.outside + 1
        graph = csr_array((np.ones(len(tails), dtype=np.int8), (tails, heads)), shape=(size, size))
        self.component = connected_components(graph, directed=True, connection="strong")[1]
        same = self.component[here] == self.component[self.lines]
        self.workers, self.lines = self.workers[same], self.lines[same]

    def _settle(self, worker: int) -> None:
        """The worker moves no more."""
        self.settled[worker] = True
        self.here[int(self.assigned[worker])].discard(worker)
        for line in self.options[worker]:
            self.wanting[line].discard(worker)

    def _give_best(self, worker: int) -> None:
        """Move the worker to the first of its options that is still possible."""
        here = int(self.assigned[worker])
        for target in self.options[worker]:
            if target == here:
                return
            if self.component[target] == self.component[here]:
                chain = self._chain(target, here)
                if chain is not None:
                    self._move([(worker, target), *chain])
                    return

    def _move(self, moves: list[tuple[int, int]]) -> None:
        """Carry out (worker, job line) moves."""
        for worker, target in moves:
            origin = int(self.assigned[worker])
            self.filled[[origin, target]] += [-1, 1]
            self.here[origin].discard(worker)
            self.here[target].add(worker)
            self.assigned[worker] = target

    def _chain(self, start: int, goal: int) -> list[tuple[int, int]] | None:
        """Moves (worker, job line) that free a place at `start` and fill one at `goal`.

        Breadth first from both ends, the smaller frontier first; None when there is no chain.
        """
        ahead: dict[int, tuple[int, int]] = {start: (NOBODY, start)}
        behind: dict[int, tuple[int, int]] = {goal: (NOBODY, goal)}
        front, back = [start], [goal]
        while front and back:
            forward = len(front) <= len(back)
            mine, other = (ahead, behind) if forward else (behind, ahead)
            fresh: list[int] = []
            for node in front if forward else back:
                for mover, beyond in self._out_of(node) if forward else self._into(node):
                    if beyond not in mine:
                        mine[beyond] = (mover, node)
                        if beyond in other:
                            return _joined(ahead, behind, beyond)
                        fresh.append(beyond)
            front, back = (fresh, back) if forward else (front, fresh)
        return None

    def _out_of(self, node: int) -> Iterator[tuple[int, int]]:
        """(mover, job line or OUTSIDE) of each step out of a node."""
        if node == self.outside:
            spare = np.flatnonzero(self.filled > self.face.lower)
            yield from ((NOBODY, int(line)) for line in spare)
            return
        for worker in self.here[node]:
            yield from ((worker, line) for line in self.options[worker])
        if self.filled[node] < self.face.upper[node]:
            yield NOBODY, self.outside

    def _into(self, node: int) -> Iterator[tuple[int, int]]:
        """(mover, job line or OUTSIDE) of each step into a node."""
        if node == self.outside:
            free = np.flatnonzero(self.filled < self.face.upper)
            yield from ((NOBODY, int(line)) for line in free)
            return
        yield from ((worker, int(self.assigned[worker])) for worker in self.wanting[node])
        if self.filled[node] > self.face.lower[node]:
            yield NOBODY, self.outside


def _joined(
    ahead: dict[int, tuple[int, int]], behind: dict[int, tuple[int, int]], meeting: int
) -> list[tuple[int, int]]:
    """The moves from the start over the node where both searches met to the goal."""
    moves: list[tuple[int, int]] = []
    node = meeting
    while ahead[node][1] != node:
        mover, previous = ahead[node]
        moves.append((mover, node))
        node = previous
    moves.reverse()
    node = meeting
    while behind[node][1] != node:
        mover, following = behind[node]
        moves.append((mover, following))
        node = following
    return [(mover, line) for mover, line in moves if mover != NOBODY]
