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

from collections.abc import Callable, Sequence
from hashlib import sha256
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from allocator.residual import Face


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
    not settled yet, sorted by job line; those of job line j start at `begins[j]`.
    """

    def __init__(self, face: Face, assigned: NDArray[np.intp]) -> None:
        self.face = face
        self.assigned = assigned.copy()
        self.outside = face.allowed.shape[1]
        self.filled = np.bincount(assigned, minlength=self.outside)
        self.lines, self.workers = np.nonzero(face.allowed.T)
        self.settled = np.zeros(len(assigned), dtype=bool)
        self._compact()
        self.settled = np.bincount(self.workers, minlength=len(assigned)) < 2
        self._compact()

    @property
    def contested(self) -> NDArray[np.intp]:
        """Workers whom some optimal allocation places elsewhere."""
        return np.flatnonzero(~self.settled)

    def run(
        self,
        scores: NDArray[np.float64],
        seed: int,
        worker_ids: Sequence[str],
        job_line_ids: Sequence[str],
        stop: Callable[[], bool] = lambda: False,
    ) -> NDArray[np.intp] | None:
        """Job line of each worker after the lottery, shape (workers,); None when stopped."""
        mine, theirs = lottery_numbers(seed, worker_ids), lottery_numbers(seed, job_line_ids)
        options = self._options(scores, _mixed(mine[self.workers], theirs[self.lines]))
        contested = self.contested
        order = contested[np.argsort(mine[contested], kind="stable")].tolist()
        interval = 16 + len(order) // 50
        for done, worker in enumerate(order, start=1):
            self._give_best(worker, options[worker])
            self.settled[worker] = True
            if done % interval == 0:
                self._compact()
                if stop():
                    return None
        return self.assigned

    def _options(
        self, scores: NDArray[np.float64], lots: NDArray[np.uint64]
    ) -> dict[int, list[int]]:
        """Worker → the job lines that some optimal allocation gives it, best liked first."""
        sorting = np.lexsort((lots, scores[self.workers, self.lines], self.workers))
        workers, lines = self.workers[sorting], self.lines[sorting]
        owners, first = np.unique(workers, return_index=True)
        ends = [*first.tolist(), len(workers)]
        ranges = zip(owners.tolist(), pairwise(ends), strict=True)
        return {worker: lines[start:end].tolist() for worker, (start, end) in ranges}

    def _compact(self) -> None:
        """Drop the pairs of settled workers, and those that no optimal allocation uses any more.

        A move is part of some exchange exactly when both its ends lie in one strong component.
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
        self.begins = np.searchsorted(self.lines, np.arange(size + 1))

    def _give_best(self, worker: int, ranked: list[int]) -> None:
        """Move the worker to the first of its options that is still possible."""
        here = int(self.assigned[worker])
        mine = self.component[here]
        better = [j for j in ranked[: ranked.index(here)] if self.component[j] == mine]
        if not better:
            return
        mover, onward = self._chains(here, worker, better[0])
        target = next((j for j in better if onward[j] >= 0), None)
        if target is None:
            return
        moves = [(worker, target)]
        node = target
        while node != here:
            if mover[node] >= 0:
                moves.append((int(mover[node]), int(onward[node])))
            node = int(onward[node])
        for who, to in moves:
            self.filled[self.assigned[who]] -= 1
            self.filled[to] += 1
            self.assigned[who] = to

    def _chains(
        self, goal: int, barred: int, wanted: int
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Chains of moves that end at the place which `barred` leaves at `goal`.

        For each node (job lines and OUTSIDE): who moves out of it (−1: nobody, a step to or
        from OUTSIDE) and where to (−1: no chain). Breadth first, until `wanted` is found.
        """
        mover = np.full(self.outside + 1, -1, dtype=np.intp)
        onward = np.full(self.outside + 1, -1, dtype=np.intp)
        seen = np.zeros(self.outside + 1, dtype=bool)
        seen[goal] = True
        frontier = np.array([goal])
        while len(frontier) and not seen[wanted]:
            workers, lines = self._wanting(frontier)
            origins = self.assigned[workers]
            fresh = ~seen[origins] & ~self.settled[workers] & (workers != barred)
            reached, first = np.unique(origins[fresh], return_index=True)
            mover[reached] = workers[fresh][first]
            onward[reached] = lines[fresh][first]
            seen[reached] = True
            ahead = [reached]
            if frontier[-1] == self.outside:
                free = np.flatnonzero((self.filled < self.face.upper) & ~seen[:-1])
                onward[free], seen[free] = self.outside, True
                ahead.append(free)
            inside = frontier[frontier < self.outside]
            spare = inside[self.filled[inside] > self.face.lower[inside]]
            if len(spare) and not seen[self.outside]:
                onward[self.outside], seen[self.outside] = spare[0], True
                ahead.append(np.array([self.outside]))
            frontier = np.concatenate(ahead)
        return mover, onward

    def _wanting(self, lines: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The pairs (workers, job lines) that end at one of these job lines."""
        begin, end = self.begins[lines], self.begins[lines + 1]
        count = end - begin
        offset = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        return self.workers[np.repeat(begin, count) + offset], np.repeat(lines, count)
