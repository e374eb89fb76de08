"""Courses of the lottery, thousands at once: a set of courses is a whole number, a bit for each.

Each course is that of `solving.tie_break`: in a random order the contested workers take the job
line they like best among those from which a chain of moves of unsettled workers leads back to
where they are; one of several equally liked ones is as likely as another. All courses take their
turns together: `&` and `|` on such sets ask of every course what would be asked of one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from allocator.solving.tie_break import TieBreak

Sets = list[int]
"""For each job line, and last for OUTSIDE, or for each worker, a set of courses."""


class Courses:
    """One independent part of a lottery: `workers` (rows of `scores`) contest `lines` (columns);
    `counts` (workers, job lines) are the placements of all `draws`."""

    def __init__(
        self,
        ties: TieBreak,
        scores: NDArray[np.float64],
        workers: NDArray[np.intp],
        random: np.random.Generator,
    ) -> None:
        self.workers, self.random, self.draws = workers, random, 0
        mine = np.isin(ties.workers, workers)
        self.lines = np.unique(ties.lines[mine])
        rows = np.searchsorted(workers, ties.workers[mine]).tolist()
        columns = np.searchsorted(self.lines, ties.lines[mine]).tolist()
        self.options: list[list[int]] = [[] for _ in workers]
        self.wanting: list[list[int]] = [[] for _ in self.lines]
        for row, column in zip(rows, columns, strict=True):
            self.options[row].append(column)
            self.wanting[column].append(row)
        self.groups = [
            _groups(mine, scores[worker, self.lines])
            for worker, mine in zip(workers.tolist(), self.options, strict=True)
        ]
        self.start: list[int] = np.searchsorted(self.lines, ties.assigned[workers]).tolist()
        outside = ties.component[ties.outside]
        self.open = bool((ties.component[self.lines] == outside).any())
        lower = ties.face.lower[self.lines]
        self.above = (ties.filled[self.lines] - lower).tolist()
        self.room = (ties.face.upper[self.lines] - lower).tolist()
        self.counts = np.zeros((len(workers), len(self.lines)), dtype=np.int64)

    def draw(self, count: int, go_on: Callable[[float], bool] = lambda share: True) -> bool:
        """So many more courses; False, and nothing counted, unless `go_on` (told the share of the
        turns that are taken) says each time that it may."""
        every = (1 << count) - 1
        n_workers = len(self.workers)
        order = self.random.permuted(np.tile(np.arange(n_workers), (count, 1)), axis=1)
        # Where the unsettled workers are, and where the settled ones have ended.
        self.at: list[dict[int, int]] = [defaultdict(int, {j: every}) for j in self.start]
        ended: list[dict[int, int]] = [defaultdict(int) for _ in self.workers]
        self.fill = [
            _Counter(above, room, every) for above, room in zip(self.above, self.room, strict=True)
        ]
        for turn in range(n_workers):
            if not go_on(turn / n_workers):
                return False
            turns = _sets(order[:, turn], n_workers)
            layers, hits = self._layers(turns)
            target = self._choose(turns, layers, ended)
            self._move_chains(target, layers, hits)
        for row, mine in enumerate(ended):
            for column, courses in mine.items():
                self.counts[row, column] += courses.bit_count()
        self.draws += count
        return True

    def _layers(self, turns: Sets) -> tuple[list[Sets], list[Sets]]:
        """Job lines by the length of the shortest chain to where the worker is whose turn it is,
        and the workers who can go a step nearer; the workers are settled. No longer chains are
        looked for once all that is liked best has one."""
        size = len(self.lines) + 1
        frontier, wanted = [0] * size, [0] * size
        for worker, mine in enumerate(turns):
            at = self.at[worker]
            for line, courses in list(at.items()):
                here = courses & mine
                if here:
                    frontier[line] |= here
                    at[line] ^= here
                if not at[line]:
                    del at[line]
            for line in self.groups[worker][0]:
                wanted[line] |= mine
        reach, layers, hits = frontier.copy(), [frontier], [[0] * len(turns)]
        while True:
            searching = 0
            for want, got in zip(wanted, reach, strict=True):
                searching |= want & ~got
            frontier = [courses & searching for courses in frontier]
            if not any(frontier):
                return layers, hits
            fresh, near = self._step(frontier)
            frontier = [new & ~old for new, old in zip(fresh, reach, strict=True)]
            reach = [new | old for new, old in zip(frontier, reach, strict=True)]
            layers.append(frontier)
            hits.append(near)

    def _step(self, frontier: Sets) -> tuple[Sets, Sets]:
        """From where a step leads into the frontier, and who can make it."""
        fresh, near = [0] * len(frontier), []
        for options, at in zip(self.options, self.at, strict=True):
            goals = 0
            for line in options:
                goals |= frontier[line]
            near.append(goals)
            if goals:
                for line, courses in at.items():
                    fresh[line] |= courses & goals
        if self.open:
            for line, fill in enumerate(self.fill):
                fresh[line] |= frontier[-1] & fill.free
                fresh[-1] |= frontier[line] & fill.spare
        return fresh, near

    def _choose(self, turns: Sets, layers: list[Sets], ended: list[dict[int, int]]) -> Sets:
        """The job line that each worker takes whose turn it is; kept in `ended` too."""
        reach, target = layers[0], [0] * len(layers[0])
        for layer in layers[1:]:
            reach = [one | other for one, other in zip(reach, layer, strict=True)]
        for worker, left in enumerate(turns):
            for group in self.groups[worker]:
                if not left:
                    break
                if len(group) == 1:
                    courses = reach[group[0]] & left
                    if courses:
                        target[group[0]] |= courses
                        ended[worker][group[0]] |= courses
                        left ^= courses
                    continue
                for line, courses in self._of_group(group, reach, left):
                    target[line] |= courses
                    ended[worker][line] |= courses
                    left &= ~courses
        return target

    def _of_group(self, group: list[int], reach: Sets, left: int) -> Iterator[tuple[int, int]]:
        """(job line, courses that take it), each reachable one of the group equally likely."""
        once = several = 0
        for line in group:
            several |= once & reach[line]
            once |= reach[line] & left
        for line in group:
            alone = reach[line] & left & ~several
            if alone:
                yield line, alone
        several &= left
        while several:
            course = several.bit_length() - 1
            several ^= 1 << course
            while True:  # any of the group, until it is a reachable one
                line = group[int(self.random.random() * len(group))]
                if reach[line] >> course & 1:
                    break
            yield line, 1 << course

    def _move_chains(self, target: Sets, layers: list[Sets], hits: list[Sets]) -> None:
        """Move whoever has to, along a shortest chain from each target."""
        node = [0] * len(target)
        for depth in range(len(layers) - 1, 0, -1):
            node = [
                here | (goal & layer)
                for here, goal, layer in zip(node, target, layers[depth], strict=True)
            ]
            following, nearer = [0] * len(node), layers[depth - 1]
            for line, waiting in enumerate(node[:-1]):
                left = waiting
                for worker in self.wanting[line] if left else ():
                    moving = left & hits[depth][worker] & self.at[worker].get(line, 0)
                    if moving:
                        left ^= moving
                        self._move(worker, line, moving, nearer, following)
                        if not left:
                            break
                if left:
                    following[-1] |= left
                    self.fill[line].add(left)
            left = node[-1]
            for line, fill in enumerate(self.fill) if left else ():
                leaving = left & nearer[line] & fill.spare
                if leaving:
                    left ^= leaving
                    following[line] |= leaving
                    fill.take(leaving)
            node = following

    def _move(self, worker: int, line: int, moving: int, nearer: Sets, following: Sets) -> None:
        """The worker goes from the job line to any of its options that is nearer."""
        at = self.at[worker]
        at[line] ^= moving
        for goal in self.options[worker]:
            courses = moving & nearer[goal]
            if courses:
                at[goal] |= courses
                following[goal] |= courses
                moving ^= courses
                if not moving:
                    return


class _Counter:
    """How many workers above the fewest a job line has in each course: `digits` are the sets of
    courses whose number has that binary digit. `spare`: it may lose one; `free`: it has a place."""

    def __init__(self, above: int, room: int, every: int) -> None:
        self.every = every
        self.room = [every * (room >> k & 1) for k in range(max(1, room.bit_length()))]
        self.digits = [every * (above >> k & 1) for k in range(len(self.room))]
        self._look()

    def _look(self) -> None:
        self.spare = self.free = 0
        for digit, most in zip(self.digits, self.room, strict=True):
            self.spare |= digit
            self.free |= digit ^ most

    def add(self, courses: int) -> None:
        """One more in these courses."""
        for k, digit in enumerate(self.digits):
            self.digits[k], courses = digit ^ courses, digit & courses
        self._look()

    def take(self, courses: int) -> None:
        """One less in these courses."""
        for k, digit in enumerate(self.digits):
            self.digits[k], courses = digit ^ courses, courses & ~digit
        self._look()


def _sets(numbers: NDArray[np.intp], n: int) -> Sets:
    """For each number below n the set of positions that hold it."""
    packed = np.packbits(numbers == np.arange(n)[:, None], axis=1, bitorder="little")
    return [int.from_bytes(row.tobytes(), "little") for row in packed]


def _groups(lines: list[int], scores: NDArray[np.float64]) -> list[list[int]]:
    """Equally liked job lines, the best liked first."""
    by_score: dict[float, list[int]] = defaultdict(list)
    for line in lines:
        by_score[float(scores[line])].append(line)
    return [by_score[score] for score in sorted(by_score)]
