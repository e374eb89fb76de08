"""The allocation on screen as a residual graph: the exact price of forcing any pair.

Forcing worker w from its job line j to job line k costs w's own difference plus the cheapest
chain of moves from k back to j (through free places where there are any). Every other change of
the allocation is a cycle of the residual graph, and none of those has a negative cost, so the
price is that of a full re-solve with the pair forced.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from allocator.errors import NotExplained
from allocator.explanation.chains import Chains, cheapest_chains
from allocator.measures.bands import rank_words
from allocator.models import Policy, RunInputs, SolveResult, Status
from allocator.rules.matrices import Costs, Matrices, matrices
from allocator.rules.naming import job_line_name, worker_name
from allocator.solving.policies import narrow_by_policy, placement_classes
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
class Graph:
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
        return placement_classes(self.result.settings.policy, self.matrices)

    @property
    def assigned(self) -> NDArray[np.intp]:
        """Position of each worker's job line."""
        return self.residual.assigned

    @cached_property
    def rows(self) -> dict[str, int]:
        """Worker mapping → position."""
        return {worker.id: i for i, worker in enumerate(self.inputs.workers)}

    @cached_property
    def columns(self) -> dict[str, int]:
        """Job line → position."""
        return {line.id: i for i, line in enumerate(self.inputs.job_lines)}

    @cached_property
    def ranked(self) -> NDArray[np.bool_]:
        """Whether the worker ranked the job line, (workers, job lines)."""
        ranked = np.zeros(self.matrices.scores.shape, dtype=bool)
        for row, worker in zip(ranked, self.inputs.workers, strict=True):
            row[[self.columns[j] for j in worker.preferences.scores]] = True
        return ranked

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
        return rank_words(score if self.ranked[row, column] else None)

    def name(self, row: int) -> str:
        """The worker's name."""
        return worker_name(self.inputs, self.inputs.workers[row].id)

    def line_name(self, column: int) -> str:
        """The job line's name."""
        return job_line_name(self.inputs, self.inputs.job_lines[column].id)

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
        chains = self.chains(here)
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


@dataclass(frozen=True, eq=False, slots=True)
class _Same:
    """A result compared by identity, for it holds mappings and cannot be hashed."""

    result: SolveResult

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.result is self.result

    def __hash__(self) -> int:
        return id(self.result)


def graph(inputs: RunInputs, result: SolveResult) -> Graph:
    """The graph of a solved run, kept for the last few.

    Raises NotExplained unless the result is a proven optimum of its policy.
    """
    if not result.allocations:
        raise NotExplained("There is no allocation to explain.")
    if result.status is not Status.OPTIMAL:
        raise NotExplained
    return _graph(inputs, _Same(result))


@lru_cache(maxsize=4)
def _graph(inputs: RunInputs, same: _Same) -> Graph:
    result, arrays = same.result, matrices(inputs)
    columns = {line.id: i for i, line in enumerate(inputs.job_lines)}
    held = {a.worker_mapping: columns[a.job_line] for a in result.allocations}
    assigned = np.array([held[worker.id] for worker in inputs.workers], dtype=np.intp)
    costs = arrays.costs(result.settings)
    face = Face(arrays.allowed(result.settings), arrays.lower, arrays.upper)
    residual = Residual(costs.values, face, assigned)
    optimal = _optimal_face(result.settings.policy, residual, arrays)
    return Graph(inputs, result, arrays, costs, residual, optimal)


def _optimal_face(policy: Policy, residual: Residual, arrays: Matrices) -> Face:
    """All optimal allocations; raises NotExplained when the present one is not among them."""
    face = residual.face
    for face, _, _ in narrow_by_policy(policy, arrays, face, lambda: False):  # noqa: B007, B020
        pass
    within = Residual(residual.costs, face, residual.assigned.copy())
    prices, improved = within.optimise()
    present = face.allowed[np.arange(len(residual.assigned)), residual.assigned].all()
    fits = (residual.filled >= face.lower).all() and (residual.filled <= face.upper).all()
    if improved or prices is None or not (present and fits):
        raise NotExplained("The allocation is not optimal for these inputs and settings.")
    return face.narrowed(residual.costs, prices)
