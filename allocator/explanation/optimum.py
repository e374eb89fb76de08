"""The allocation on screen as a residual graph: the exact price of forcing any pair.

Forcing worker w from its job line j to job line k costs w's own difference plus the cheapest
chain of moves from k back to j (through free places where there are any). Every other change of
the allocation is a cycle of the residual graph, and none of those has a negative cost, so the
price is that of a full re-solve with the pair forced.

A policy compares allocations by several objectives, one after another; the run's own objective
is the last. The cheapest chains are found likewise: distances for one objective, then only the
moves that lie on a cheapest chain stay for the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from allocator.errors import NotExplained
from allocator.measures.bands import rank_words
from allocator.models import Policy, RunInputs, Settings
from allocator.result import SolveResult, Status
from allocator.rules.matrices import Costs, Matrices, matrices
from allocator.rules.naming import job_line_name, worker_name
from allocator.rules.ranks import bucket_words
from allocator.solving.policies import (
    narrow_by_policy,
    next_stage,
    placement_classes,
    stage_costs,
)
from allocator.solving.residual import NO_ARC, Face, Residual


@dataclass(frozen=True, slots=True)
class Move:
    """One worker's move in a chain; ids and names.

    Scores are ranks or unranked budgets, `rank_before` and `rank_after` in words; `cost` is the
    move's share of the objective's change.
    """

    worker: str
    name: str
    from_job_line: str
    from_name: str
    to_job_line: str
    to_name: str
    score_before: float
    score_after: float
    rank_before: str
    rank_after: str
    cost: float

    @property
    def score_change(self) -> float:
        """Negative = the worker is better off."""
        return self.score_after - self.score_before

    @property
    def words(self) -> str:
        """The move as a sentence part, e.g. `Ada: Surgery (1st) → Medicine (3rd)`."""
        return (
            f"{self.name}: {self.from_name} ({self.rank_before})"
            f" → {self.to_name} ({self.rank_after})"
        )


@dataclass(frozen=True, eq=False)
class Optimum:
    """The residual graph of a proven optimum, with the names around it."""

    inputs: RunInputs
    result: SolveResult
    matrices: Matrices
    costs: Costs
    residual: Residual
    optimal: Face

    @cached_property
    def classes(self) -> NDArray[np.float64]:
        """Classes of placements that the policy counts, (workers, job lines)."""
        return placement_classes(self.result.settings, self.matrices)

    @cached_property
    def _back(self) -> dict[int, Chains]:
        """The chains back to the job line that was asked about last."""
        return {}

    @property
    def assigned(self) -> NDArray[np.intp]:
        """Position of each worker's job line."""
        return self.residual.assigned

    @property
    def rows(self) -> Mapping[str, int]:
        """Worker mapping → position."""
        return self.inputs.worker_positions

    @property
    def columns(self) -> Mapping[str, int]:
        """Job line → position."""
        return self.inputs.job_line_positions

    @cached_property
    def holders(self) -> list[list[int]]:
        """Workers of each job line, those who like it best first."""
        holders: list[list[int]] = [[] for _ in self.inputs.job_lines]
        own = self.matrices.scores[np.arange(len(self.assigned)), self.assigned]
        for row in np.argsort(own, kind="stable"):
            holders[self.assigned[row]].append(int(row))
        return holders

    def rank(self, row: int, column: int) -> str:
        """The worker's rank of the job line in words."""
        score = float(self.matrices.scores[row, column])
        chosen, job_line = self.inputs.workers[row].preferences, self.inputs.job_lines[column].id
        ranked = bool(self.matrices.ranked[row, column])
        return rank_words(score if ranked else None, bucket_words(chosen, job_line))

    def name(self, row: int) -> str:
        """The worker's name."""
        return worker_name(self.inputs, self.inputs.workers[row].id)

    def line_name(self, column: int) -> str:
        """The job line's name."""
        return job_line_name(self.inputs, self.inputs.job_lines[column].id)

    @cached_property
    def by_name(self) -> list[int]:
        """Place of each job line when they are sorted by name."""
        lines = self.inputs.job_lines
        order = sorted(range(len(lines)), key=lambda j: (self.line_name(j), lines[j].id))
        return [int(place) for place in np.argsort(order)]

    def chains(self, node: int, *, outward: bool = False) -> Chains:
        """Cheapest chains to a node of the residual graph, or from it, under the policy."""
        policy = self.result.settings.policy
        return cheapest_chains(
            self.residual, node, outward=outward, policy=policy, classes=self.classes
        )

    def forcing(self, row: int) -> tuple[NDArray[np.int64], Chains]:
        """The price of every job line for one worker, in units of `costs.unit`.

        Returns (prices, shape (job lines,), NO_ARC where no allocation is possible; chains back
        to the worker's job line). Eligibility of the forced pairs themselves is not looked at:
        an ineligible one has the price of an exception.
        """
        here = int(self.assigned[row])
        if here not in self._back:  # the holders of a job line share their chains
            self._back.clear()
            self._back[here] = self.chains(here)
        chains = self._back[here]
        own = self.costs.values[row] - self.costs.values[row, here]
        back = chains.distance[:-1]
        return np.where(back >= NO_ARC, NO_ARC, own + back), chains

    def cut(self, row: int, column: int) -> float:
        """What `costs` leaves out of a pair's cost, in units of the objective; 0 when exact."""
        if self.costs.exact:
            return 0.0
        pair = np.array([row]), np.array([column])
        whole = float(self.matrices.coefficients(self.result.settings, *pair)[0])
        return whole - float(self.costs.values[row, column]) * self.costs.unit

    def moves(self, chains: Chains, path: list[int]) -> tuple[Move, ...]:
        """The moves along a path of nodes; OUTSIDE separates one chain from the next."""
        outside = self.residual.outside
        return tuple(
            self.move(chains.residual.mover(origin, target), target)
            for origin, target in pairwise(path)
            if outside not in (origin, target)
        )

    def move(self, row: int, target: int) -> Move:
        """One worker's move from its job line to another."""
        here, scores = int(self.assigned[row]), self.matrices.scores
        return Move(
            self.inputs.workers[row].id,
            self.name(row),
            self.inputs.job_lines[here].id,
            self.line_name(here),
            self.inputs.job_lines[target].id,
            self.line_name(target),
            float(scores[row, here]),
            float(scores[row, target]),
            self.rank(row, here),
            self.rank(row, target),
            float(self.costs.values[row, target] - self.costs.values[row, here]) * self.costs.unit,
        )


def optimum(inputs: RunInputs, result: SolveResult) -> Optimum:
    """The graph of a solved run, made once and kept with the result.

    Raises NotExplained unless the result is a proven optimum of its policy.
    """
    if not result.allocations:
        raise NotExplained("There is no allocation to explain.")
    if result.status is not Status.OPTIMAL:
        raise NotExplained
    return result.derived(_optimum, inputs)


def _optimum(result: SolveResult, inputs: RunInputs) -> Optimum:
    arrays, columns = matrices(inputs), inputs.job_line_positions
    held = {a.worker_mapping: columns[a.job_line] for a in result.allocations}
    assigned = np.array([held[worker.id] for worker in inputs.workers], dtype=np.intp)
    costs = arrays.costs(result.settings)
    face = Face(arrays.allowed(result.settings), arrays.lower, arrays.upper)
    residual = Residual(costs.values, face, assigned)
    optimal = _optimal_face(result.settings, residual, arrays)
    return Optimum(inputs, result, arrays, costs, residual, optimal)


def _optimal_face(settings: Settings, residual: Residual, arrays: Matrices) -> Face:
    """All optimal allocations; raises NotExplained when the present one is not among them."""
    face = residual.face
    for face, _, _ in narrow_by_policy(settings, arrays, face, lambda: False):  # noqa: B007, B020
        pass
    within = Residual(residual.costs, face, residual.assigned.copy())
    prices, improved = within.optimise()
    present = face.allowed[np.arange(len(residual.assigned)), residual.assigned].all()
    fits = (residual.filled >= face.lower).all() and (residual.filled <= face.upper).all()
    if improved or prices is None or not (present and fits):
        raise NotExplained("The allocation is not optimal for these inputs and settings.")
    return face.narrowed(residual.costs, prices)


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
        while len(left := _classes_that_differ(residual, classes, done)):
            weights = next_stage(policy, left, classes.shape)
            staged = _with_costs(residual, stage_costs(weights, classes))
            distance, _ = staged.distances_to(node, outward=outward)
            sign = np.where(sign == 0, np.sign(distance), sign)
            residual = _tight(staged, distance, outward)
            done.update(weights)
    residual = _with_costs(residual, objective)
    distance, following = residual.distances_to(node, outward=outward)
    return Chains(residual, distance, following, np.where(sign == 0, np.sign(distance), sign))


def _classes_that_differ(
    residual: Residual, classes: NDArray[np.float64], done: set[float]
) -> NDArray[np.float64]:
    """The classes left to compare, sorted: those that a move still possible enters or leaves."""
    rows = np.arange(len(residual.assigned))
    here = classes[rows, residual.assigned]
    moves = residual.face.allowed & (classes != here[:, None])
    movers = moves.any(axis=1)
    present = np.union1d(classes[moves], here[movers])
    return np.setdiff1d(present, list(done))


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
