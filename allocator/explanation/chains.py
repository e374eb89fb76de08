"""Cheapest chains of moves under any policy.

A policy compares allocations by several objectives, one after another; the run's own objective
is the last. The cheapest chains are found likewise: distances for one objective, then only the
moves that lie on a cheapest chain stay for the next.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from allocator.models import Policy
from allocator.solving.policies import classes_in_a_stage, stage_costs, stage_weights
from allocator.solving.residual import NO_ARC, Residual


@dataclass(frozen=True, eq=False)
class Chains:
    """Cheapest chains to (or, `outward`, from) one node, for every other node.

    `distance` (nodes,) is in the run's objective, NO_ARC where there is no chain; `following`
    holds the next node on the way, −1 at the end. `sign` (nodes,) says how a policy judges the
    chain: −1 an improvement, 0 neutral, 1 a loss.
    """

    residual: Residual
    distance: NDArray[np.int64]
    following: list[int]
    sign: NDArray[np.int64]

    def path(self, start: int) -> list[int]:
        """The nodes from `start` to the node that all chains lead to."""
        path = [start]
        while self.following[path[-1]] >= 0:
            path.append(self.following[path[-1]])
        return path


def cheapest_chains(
    residual: Residual,
    node: int,
    *,
    outward: bool = False,
    policy: Policy = Policy.LEAST_TOTAL,
    classes: NDArray[np.float64] | None = None,
) -> Chains:
    """Chains to `node`; with `outward`, from it. The allocation must be optimal.

    `residual` is that of the run's objective over all allowed pairs; `classes` (workers, job
    lines) are the policy's, see `policies.placement_classes`.
    """
    objective, sign = residual.costs, np.zeros(residual.outside + 1, dtype=np.int64)
    if policy is not Policy.LEAST_TOTAL and classes is not None:
        done: set[float] = set()
        while ahead := _classes_that_differ(policy, residual, classes, done):
            staged = _with_costs(
                residual, stage_costs(stage_weights(policy, ahead, len(classes)), classes)
            )
            distance, _ = _distances(staged, node, outward)
            sign = np.where(sign == 0, np.sign(distance), sign)
            residual = _tight(staged, distance, outward)
            done.update(ahead)
    residual = _with_costs(residual, objective)
    distance, following = _distances(residual, node, outward)
    return Chains(residual, distance, following, np.where(sign == 0, np.sign(distance), sign))


def _distances(residual: Residual, node: int, outward: bool) -> tuple[NDArray[np.int64], list[int]]:
    if not outward:
        return residual.distances_to(node)
    forward = residual.arcs
    try:
        residual.arcs = np.ascontiguousarray(forward.T)
        return residual.distances_to(node)
    finally:
        residual.arcs = forward


def _classes_that_differ(
    policy: Policy, residual: Residual, classes: NDArray[np.float64], done: set[float]
) -> list[float]:
    """The next classes to compare: those that a move still possible enters or leaves."""
    rows = np.arange(len(residual.assigned))
    here = classes[rows, residual.assigned]
    moves = residual.face.allowed & (classes != here[:, None])
    movers = moves.any(axis=1)
    present = np.union1d(classes[moves], here[movers])
    left = [float(value) for value in present if float(value) not in done]
    ordered = left if policy is Policy.GREEDY else left[::-1]
    return ordered[: classes_in_a_stage(len(rows))]


def _with_costs(residual: Residual, costs: NDArray[np.int64]) -> Residual:
    """The same moves at other costs; arcs to and from OUTSIDE stay as they are."""
    if costs is residual.costs:
        return residual
    other = Residual(costs, residual.face, residual.assigned)
    other.arcs[:, -1], other.arcs[-1, :] = residual.arcs[:, -1], residual.arcs[-1, :]
    return other


def _tight(residual: Residual, distance: NDArray[np.int64], outward: bool) -> Residual:
    """Only the moves that lie on cheapest chains."""
    rows = np.arange(len(residual.assigned))
    reached = distance < NO_ARC
    near, far = (distance[:-1], distance[:-1][residual.assigned])
    if outward:
        near, far = -near, -far
    change = residual.costs - residual.costs[rows, residual.assigned][:, None]
    on_chain = (change + near == far[:, None]) & reached[:-1] & reached[residual.assigned][:, None]
    face = replace(residual.face, allowed=residual.face.allowed & on_chain)
    tight = Residual(residual.costs, face, residual.assigned)
    for arcs, old in (
        (tight.arcs[:, -1], residual.arcs[:, -1]),
        (tight.arcs[-1, :], residual.arcs[-1, :]),
    ):
        arcs[:] = np.where(reached & (distance == distance[-1]), old, NO_ARC)
    return tight
