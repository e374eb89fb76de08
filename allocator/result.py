"""What comes out of a solve, immutable: status, allocation, proof, progress, receipt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from allocator.errors import InputChange
from allocator.keeper import Keeper
from allocator.models import Settings

NOT_DECIDING = "none (no usable answer): "
"""What stands before the name of a solver that did not decide."""
TITLES = {"highs": "HiGHS", "cbc": "CBC"}


@dataclass(frozen=True, slots=True)
class Effort:
    """What it took to decide: `rounds` of solving the PuLP master and pricing all pairs,
    `columns`, the pairs in its last round, `repairs`, the times that network code had to mend
    what the solver brought (0 with a sound one), and `steps`, those of an aim which network code
    decided before the master."""

    rounds: int = 0
    columns: int = 0
    repairs: int = 0
    steps: int = 0

    @classmethod
    def of_counts(cls, counts: Mapping[str, Any]) -> Self:
        """From an audit row's counts; those of earlier versions do not tell it."""
        told = counts.get("effort") or {}
        return cls(**{field.name: int(told.get(field.name, 0)) for field in fields(cls)})

    def words(self, solver: str) -> str:
        """A sentence for people; `solver` as in `SolveResult.solver`."""
        name = solver.removeprefix(NOT_DECIDING)
        title = TITLES.get(name, name)
        if not title:
            words = "None: the solve ended before a solver had decided"
        elif solver.startswith(NOT_DECIDING):
            words = f"None: {title} brought no usable answer, and the network code decided"
        elif not self.rounds:
            words = title
        else:
            words = (
                f"{title}, in {_count(self.rounds, 'round')} over {self.columns:,} possible "
                f"placements, with {_count(self.repairs, 'repair')}"
            )
        if self.steps:
            words += f"; the network code decided {_count(self.steps, 'step')} of the aim before"
        return f"{words}."


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


class Status(StrEnum):
    """How a solve ended."""

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    INFEASIBLE = "infeasible"
    CANCELLED = "cancelled"
    INVALID_DATA = "invalid_data"


@dataclass(frozen=True, slots=True)
class Allocation:
    """One placement. `score` is the rank in this run (or the unranked budget); `cost` is the
    pair's share of the objective; `original_preference` is the worker's own fractional rank in
    the whole allocation run, None when unranked."""

    worker_mapping: str
    job_line: str
    score: float
    original_preference: float | None
    cost: float


@dataclass(frozen=True, slots=True)
class StageProof:
    """Proof of one stage of a policy: `weights` by class of placement (see
    `allocator.solving.policies`), and the optimal prices for them."""

    weights: Mapping[float, int]
    prices: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Certificate:
    """Why no allocation can be better: a price for each job line (LP duality).

    With price p_j, Σ_w min_j(cost_wj + p_j) − Σ_j max(p_j · places filled) is a lower bound of
    every allocation's objective; the certificate holds when it equals the objective.
    A policy other than the least total is proven stage by stage first (`stages`); the prices
    then hold among the allocations that are left. `verified` is set by the independent checker
    alone.
    """

    prices: Mapping[str, float]
    bound: float
    verified: bool = False
    stages: tuple[StageProof, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """One hard rule and how often the independent checker tested it."""

    rule: str
    tested: int
    failures: tuple[str, ...] = ()


@dataclass(frozen=True)
class SolveResult(Keeper):
    """What a solve found. `objective`, `bound`, `gap` (objective − bound) are None without an
    allocation. `timings` are seconds by phase. `allocations` are sorted by worker mapping.
    `solver` names the PuLP solver whose answer decided: "" when none had, after NOT_DECIDING
    when it brought nothing usable and network code decided. A cancelled result with a
    certificate is optimal, but the draw among equals was interrupted.
    """

    status: Status
    settings: Settings
    fingerprint: str
    allocations: tuple[Allocation, ...] = ()
    objective: float | None = None
    bound: float | None = None
    gap: float | None = None
    worker_dissatisfaction: float | None = None
    organisation_dissatisfaction: float | None = None
    certificate: Certificate | None = None
    checks: tuple[Check, ...] = ()
    timings: Mapping[str, float] = field(default_factory=dict)
    solver: str = ""
    effort: Effort = field(default_factory=Effort)
    message: str = ""
    scenario: str = ""

    @property
    def is_checked(self) -> bool:
        """True when there is an allocation and every check passed."""
        return (
            bool(self.checks)
            and bool(self.allocations)
            and not any(c.failures for c in self.checks)
        )


class Phase(StrEnum):
    """Phases of a solve, in order; MASTER and PRICING take turns until the optimum is proven."""

    FORMULATE = "formulate"
    START = "start"
    MASTER = "solve"
    PRICING = "price"
    TIE_BREAK = "draw lots"
    CHECK = "check"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Progress:
    """A snapshot of a running solve; `elapsed` in seconds, the counts are cumulative."""

    phase: Phase
    elapsed: float
    message: str = ""
    variables: int = 0
    constraints: int = 0
    iterations: int = 0
    incumbent: float | None = None
    bound: float | None = None

    @property
    def gap(self) -> float | None:
        """Incumbent − bound, None until both are known."""
        if self.incumbent is None or self.bound is None:
            return None
        return self.incumbent - self.bound


PROOF_LEFT_OUT = "proof_left_out"
"""The count of an audit row that gives the bytes of a proof bundle that was too large to store."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a commit wrote: one audit row. `told` are names that were spelled anew meanwhile."""

    allocator_py_run: str
    operator: str
    committed_at: datetime
    n_allocations: int
    objective: float | None
    bound: float | None
    solver: str
    fingerprint: str
    settings: Mapping[str, Any]
    scenario: Mapping[str, Any]
    counts: Mapping[str, Any]
    repeated: bool = False
    told: tuple[InputChange, ...] = ()

    @property
    def proof_words(self) -> str:
        """Why no proof bundle was stored; empty when one was."""
        size = self.counts.get(PROOF_LEFT_OUT)
        if not size:
            return ""
        return (
            f"No proof bundle was stored: at {size / 2**20:,.1f} MiB it was too large for the "
            "database."
        )
