"""Courses of the lottery, drawn quickly: sets of job lines are whole numbers, a bit for each.

Each course is that of `solving.tie_break`: in a random order the contested workers take the job
line they like best among those from which a chain of moves of unsettled workers leads back to
where they are; one of several equally liked ones is as likely as another.
"""

from __future__ import annotations

from collections import defaultdict
from random import Random

import numpy as np
from numpy.typing import NDArray

from allocator.solving.tie_break import TieBreak

Step = tuple[int, int]
"""A worker (NOBODY for a place that was or becomes free) and where it goes."""
NOBODY = -1


class Courses:
    """The contested workers of a lottery; `counts` (workers, job lines) after some draws."""

    def __init__(self, ties: TieBreak, scores: NDArray[np.float64], random: Random) -> None:
        self.random, self.outside = random, ties.outside
        self.workers: list[int] = ties.contested.tolist()
        self.start = [int(ties.assigned[w]) for w in self.workers]
        self.filled: list[int] = ties.filled.tolist()
        self.upper: list[int] = ties.face.upper.tolist()
        self.lower: list[int] = ties.face.lower.tolist()
        self.counts = np.zeros(scores.shape, dtype=np.int64)
        options: dict[int, list[int]] = defaultdict(list)
        for worker, line in zip(ties.workers.tolist(), ties.lines.tolist(), strict=True):
            options[worker].append(line)
        self.options = [sum(1 << j for j in options[w]) for w in self.workers]
        self.groups = [_groups(options[w], scores[w]) for w in self.workers]

    def draw(self) -> None:
        """One more course."""
        assigned, filled = self.start.copy(), self.filled.copy()
        order = list(range(len(self.workers)))
        self.random.shuffle(order)
        while order:
            worker = order.pop()
            here = assigned[worker]
            if self.groups[worker][0] == 1 << here:
                continue
            reach, following = self._reach(order, assigned, filled, here, self.groups[worker][0])
            best = next(group & reach for group in self.groups[worker] if group & reach)
            target = self._one_of(best)
            self._move(worker, target, assigned, filled, following)
        self.counts[self.workers, assigned] += 1

    def _reach(
        self, unsettled: list[int], assigned: list[int], filled: list[int], here: int, wanted: int
    ) -> tuple[int, dict[int, Step]]:
        """The job lines from which a chain leads to `here`, and its first step from each; not all
        of them when those that are `wanted` most are among them."""
        options, outside = self.options, 1 << self.outside
        reach = frontier = 1 << here
        following: dict[int, Step] = {}
        while frontier and wanted & ~reach:
            fresh = 0
            for v in unsettled:
                goals = options[v] & frontier
                if goals and not (1 << assigned[v]) & (reach | fresh):
                    fresh |= 1 << assigned[v]
                    following[assigned[v]] = v, (goals & -goals).bit_length() - 1
            if frontier & outside:
                for j, (now, most) in enumerate(zip(filled, self.upper, strict=True)):
                    if now < most and not (1 << j) & (reach | fresh):
                        fresh |= 1 << j
                        following[j] = NOBODY, self.outside
            elif not reach & outside:
                spare = self._spare(frontier, filled)
                if spare >= 0:
                    fresh |= outside
                    following[self.outside] = NOBODY, spare
            reach |= fresh
            frontier = fresh
        return reach, following

    def _spare(self, lines: int, filled: list[int]) -> int:
        """A job line of the set that may lose a worker; −1 when there is none."""
        while lines:
            j = (lines & -lines).bit_length() - 1
            if j < self.outside and filled[j] > self.lower[j]:
                return j
            lines &= lines - 1
        return -1

    def _one_of(self, lines: int) -> int:
        """Any job line of a set."""
        for _ in range(self.random.randrange(lines.bit_count())):
            lines &= lines - 1
        return (lines & -lines).bit_length() - 1

    def _move(
        self,
        worker: int,
        target: int,
        assigned: list[int],
        filled: list[int],
        following: dict[int, Step],
    ) -> None:
        """Move the worker, and along the chain from the target whoever has to."""
        here, node = assigned[worker], target
        mover, goal = worker, target
        while True:
            if mover != NOBODY:
                filled[assigned[mover]] -= 1
                filled[goal] += 1
                assigned[mover] = goal
            if goal == here or target == here:
                return
            node = goal
            mover, goal = following[node]


def _groups(lines: list[int], scores: NDArray[np.float64]) -> list[int]:
    """Sets of equally liked job lines, the best liked first."""
    by_score: dict[float, int] = defaultdict(int)
    for j in lines:
        by_score[float(scores[j])] |= 1 << j
    return [by_score[score] for score in sorted(by_score)]
