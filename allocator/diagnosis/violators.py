"""Which members of one side cannot all be placed on the other, and the smallest reasons why.

One side (`members`, one place each) is matched to the other (`capacity` places each) by
augmenting paths. A member for whom no augmenting path exists, together with everybody reached on
the way, is a minimal violator of Hall's condition:

1. Every neighbour reached is full, otherwise there would be a path; the members reached are
   exactly those that fill them, plus the one left over: members = places + 1.
2. For any member reached, the path to it can be flipped: all the others then have a place. So
   taking any one member away, or adding one place at any neighbour, makes the violator vanish.

In matroid terms it is the fundamental circuit of the left-over member in the transversal matroid
of the graph (Edmonds & Fulkerson, "Transversals and matroid partition", 1965), so there are
exactly as many as there are members that cannot be placed, and each stays valid as the matching
grows. A violator with the *fewest* members of all is NP-hard to find (McCormick, 1983); members
with the fewest places within reach are taken first, which keeps violators small.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Positions = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Violator:
    """Members whose neighbours together have one place too few; positions, ascending."""

    members: Positions
    neighbours: Positions


@dataclass(frozen=True, eq=False)
class Matching:
    """A largest matching: `place` of each member (−1 = none) and a violator for each −1."""

    place: Positions
    violators: tuple[Violator, ...]


def largest_matching(
    allowed: Bools,
    capacity: Ints,
    on_member: Callable[[int], None] | None = None,
) -> Matching:
    """Match as many members as possible.

    allowed: (members, neighbours); capacity: (neighbours,). `on_member` is called with the number
    of members looked at and may raise to abandon the search.
    """
    place: Positions = np.full(allowed.shape[0], -1, dtype=np.intp)
    load = np.zeros(allowed.shape[1], dtype=np.int64)
    within_reach = allowed @ np.minimum(capacity, allowed.shape[0])
    violators = []
    for count, member in enumerate(np.argsort(within_reach, kind="stable")):
        if on_member is not None:
            on_member(count)
        violator = _augment(int(member), allowed, capacity, place, load)
        if violator is not None:
            violators.append(violator)
    return Matching(place, tuple(violators))


def _augment(
    member: int, allowed: Bools, capacity: Ints, place: Positions, load: Ints
) -> Violator | None:
    """Place one more member by a shortest alternating path; the violator if there is none."""
    reached = np.zeros(allowed.shape[1], dtype=bool)
    reached_from = np.full(allowed.shape[1], -1, dtype=np.intp)
    frontier = np.array([member], dtype=np.intp)
    seen = [frontier]
    while frontier.size:
        edges = allowed[frontier] & ~reached
        new = np.flatnonzero(edges.any(axis=0))
        reached_from[new] = frontier[edges[:, new].argmax(axis=0)]
        reached[new] = True
        free = new[load[new] < capacity[new]]
        if free.size:
            load[free[0]] += 1
            _flip(member, int(free[0]), reached_from, place)
            return None
        is_new = np.zeros(reached.size + 1, dtype=bool)  # the last entry stands for place −1
        is_new[new] = True
        frontier = np.flatnonzero(is_new[place])
        seen.append(frontier)
    return Violator(np.sort(np.concatenate(seen)), np.flatnonzero(reached))


def _flip(member: int, end: int, reached_from: Positions, place: Positions) -> None:
    """Move everybody along the path that ends at the free place `end`."""
    while True:
        mover = int(reached_from[end])
        end, place[mover] = int(place[mover]), end
        if mover == member:
            return


def blocks(violators: tuple[Violator, ...], n_neighbours: int) -> list[list[int]]:
    """Groups of violators (by position) that share a member or a neighbour, transitively."""
    group = list(range(len(violators)))

    def root(position: int) -> int:
        while group[position] != position:
            group[position] = group[group[position]]
            position = group[position]
        return position

    owner: dict[int, int] = {}
    for position, violator in enumerate(violators):
        keys = [*violator.neighbours.tolist(), *(violator.members + n_neighbours).tolist()]
        for key in keys:
            group[root(owner.setdefault(key, position))] = root(position)
    grouped: dict[int, list[int]] = {}
    for position in range(len(violators)):
        grouped.setdefault(root(position), []).append(position)
    return list(grouped.values())
