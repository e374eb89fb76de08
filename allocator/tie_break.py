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

from collections.abc import Sequence
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from allocator.residual import Face


def lottery_numbers(seed: int, ids: Sequence[str]) -> NDArray[np.uint64]:
    """A number for each id that looks random, the same on every machine: 64 bits of SHA-256."""
    digests = [sha256(f"{seed}\x1f{key}".encode()).digest()[:8] for key in ids]
    return np.frombuffer(b"".join(digests), dtype=">u8").astype(np.uint64)


def _mixed(first: NDArray[np.uint64], second: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """One number for each pair of numbers: the finaliser of SplitMix64 (Steele et al. 2014)."""
    z = first + second * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


class TieBreak:
    """Lottery over the optimal face (allowed pairs are tight, bounds are complementary)."""

    def __init__(self, face: Face, assigned: NDArray[np.intp]) -> None:
        self.face = face
        self.assigned: list[int] = assigned.tolist()
        self.outside = face.allowed.shape[1]
        self.settled = np.zeros(len(assigned), dtype=bool)
        self.filled = np.bincount(assigned, minlength=self.outside)
        self.workers, self.lines = np.nonzero(face.allowed)
        self.component = self._components()
        self._drop_forced_pairs()

    def _components(self) -> NDArray[np.int32]:
        """Strong component of each job line and OUTSIDE: moves within one are possible."""
        free = np.flatnonzero(self.filled < self.face.upper)
        spare = np.flatnonzero(self.filled > self.face.lower)
        live = ~self.settled[self.workers]
        tails = np.concatenate(
            [self._place(self.workers[live]), free, np.full(len(spare), self.outside)]
        )
        heads = np.concatenate([self.lines[live], np.full(len(free), self.outside), spare])
        size = self.outside + 1
        graph = csr_array((np.ones(len(tails), dtype=np.int8), (tails, heads)), shape=(size, size))
        _, labels = connected_components(graph, directed=True, connection="strong")
        return labels

    def _drop_forced_pairs(self) -> None:
        """Keep the tight pairs that some optimal allocation uses and that are not the present."""
        here = self._place(self.workers)
        same = self.component[here] == self.component[self.lines]
        self.workers, self.lines = self.workers[same], self.lines[same]
        self.wanting: dict[int, set[int]] = {}
        for worker, line in zip(self.workers.tolist(), self.lines.tolist(), strict=True):
            self.wanting.setdefault(line, set()).add(worker)

    def _place(self, workers: NDArray[np.intp]) -> NDArray[np.intp]:
        """Present job lines of these workers."""
        return np.array(self.assigned, dtype=np.intp)[workers]

    @property
    def contested(self) -> list[int]:
        """Workers whom some optimal allocation places elsewhere."""
        counts = np.bincount(self.workers, minlength=len(self.assigned))
        return [int(w) for w in np.flatnonzero(counts > 1)]

    def run(
        self,
        scores: NDArray[np.float64],
        seed: int,
        worker_ids: Sequence[str],
        job_line_ids: Sequence[str],
    ) -> NDArray[np.intp]:
        """Job line of each worker after the lottery, shape (workers,)."""
        mine, theirs = lottery_numbers(seed, worker_ids), lottery_numbers(seed, job_line_ids)
        contested = set(self.contested)
        order = [w for w in np.argsort(mine, kind="stable").tolist() if w in contested]
        options = self._options(scores, _mixed(mine[self.workers], theirs[self.lines]))
        self.settled[:] = True
        self.settled[order] = False
        for done, worker in enumerate(order):
            if done % 16 == 15:
                self.component = self._components()
            self._give_best(worker, options[worker])
            self._settle(worker, options[worker])
        return np.array(self.assigned, dtype=np.intp)

    def _options(
        self, scores: NDArray[np.float64], lots: NDArray[np.uint64]
    ) -> dict[int, list[int]]:
        """Worker → the job lines that some optimal allocation gives it, best liked first."""
        sorting = np.lexsort((lots, scores[self.workers, self.lines], self.workers))
        workers, lines = self.workers[sorting], self.lines[sorting]
        first = np.flatnonzero(np.diff(workers, prepend=-1))
        owners, groups = workers[first].tolist(), np.split(lines, first[1:])
        return {w: group.tolist() for w, group in zip(owners, groups, strict=True)}

    def _settle(self, worker: int, options: list[int]) -> None:
        """The worker moves no more."""
        self.settled[worker] = True
        for line in options:
            self.wanting[line].discard(worker)

    def _give_best(self, worker: int, ranked: list[int]) -> None:
        """Move the worker to the first of its options that is still possible."""
        here = self.assigned[worker]
        mine = self.component[here]
        better = [j for j in ranked[: ranked.index(here)] if self.component[j] == mine]
        if not better:
            return
        steps = self._reach(here, worker, better[0])
        target = next((j for j in better if j in steps), None)
        if target is None:
            return
        node = target
        moves = [(worker, target)]
        while node != here:
            mover, onward = steps[node]
            if mover >= 0:
                moves.append((mover, onward))
            node = onward
        for mover, onward in moves:
            self.filled[self.assigned[mover]] -= 1
            self.filled[onward] += 1
            self.assigned[mover] = onward

    def _reach(self, goal: int, barred: int, wanted: int) -> dict[int, tuple[int, int]]:
        """Nodes from which a chain leads to `goal`: node → (who moves, to where).

        Stops early once `wanted` is found. The chain's last step fills the place at `goal`
        that `barred` leaves. A mover of −1 is a step to or from OUTSIDE.
        """
        steps: dict[int, tuple[int, int]] = {}
        queue = [goal]
        seen = {goal}
        for node in queue:
            for origin, mover in self._into(node, barred):
                if origin not in seen:
                    seen.add(origin)
                    steps[origin] = (mover, node)
                    queue.append(origin)
                    if origin == wanted:
                        return steps
        return steps

    def _into(self, node: int, barred: int) -> list[tuple[int, int]]:
        """(origin, mover) of each arc into `node`."""
        if node == self.outside:
            free = np.flatnonzero(self.filled < self.face.upper)
            return [(int(j), -1) for j in free]
        arcs = [(self.assigned[w], w) for w in self.wanting.get(node, ()) if w != barred]
        if self.filled[node] > self.face.lower[node]:
            arcs.append((self.outside, -1))
        return arcs
