"""What a diagnosis says: causes, blocks, fixes and the best partial allocation.

Everything names workers (mapping ids) and job lines by id; sentences carry names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from allocator.measures.outcome import Outcome
from allocator.models import RunInputs, Settings
from allocator.result import SolveResult
from allocator.scenario import Scenario
from allocator.scenario.change import Change
from allocator.scenario.changes import LeaveOut
from allocator.scenario.file import change_as_dict


class CauseKind(StrEnum):
    """What kind of thing stands in the way."""

    NO_ELIGIBLE_JOB_LINE = "no_eligible_job_line"
    NO_ELIGIBLE_WORKER = "no_eligible_worker"
    PIN_NOT_ELIGIBLE = "pin_not_eligible"
    PINS_COLLIDE = "pins_collide"
    MANDATORY_WITHOUT_PLACES = "mandatory_without_places"
    TOO_FEW_PLACES = "too_few_places"
    FEWER_PLACES_THAN_WORKERS = "fewer_places_than_workers"
    TOO_FEW_WORKERS = "too_few_workers"
    FEWER_WORKERS_THAN_MANDATORY = "fewer_workers_than_mandatory_job_lines"


@dataclass(frozen=True, slots=True)
class RuleInvolved:
    """One rule (a row of the problem) that takes part in a cause.

    `kind`: `places`, `mandatory`, `eligibility`, `pin` or `worst rank`; `table` is where its row
    lives (`scenario` and `settings` are not tables of the database).
    """

    kind: str
    table: str
    words: str
    workers: tuple[str, ...] = ()
    job_lines: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, under the field names."""
        return {
            "kind": self.kind,
            "table": self.table,
            "words": self.words,
            "workers": list(self.workers),
            "job_lines": list(self.job_lines),
        }


@dataclass(frozen=True, slots=True)
class Cause:
    """A minimal reason why the run has no allocation: `needed` exceeds `seats`.

    Crowding: `workers` can go to no job line but `job_lines`; `needed` = how many they are,
    `seats` = the places there. Its mirror: `job_lines` must have somebody and nobody but
    `workers` may hold them; `needed` = how many job lines, `seats` = how many workers.
    `is_mirror` tells them apart. Taking away any one worker (mirror: any one mandatory flag)
    makes the cause vanish, and so does one more place (mirror: one more eligible worker).
    `block` is the position of the block in `Diagnosis.blocks` that the cause belongs to.
    """

    kind: CauseKind
    workers: tuple[str, ...]
    job_lines: tuple[str, ...]
    seats: int
    needed: int
    rules: tuple[RuleInvolved, ...]
    explanation: str
    is_mirror: bool = False
    block: int = 0

    @property
    def shortage(self) -> int:
        """How many places (mirror: workers) are missing."""
        return self.needed - self.seats

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, under the field names."""
        return {
            "kind": str(self.kind),
            "workers": list(self.workers),
            "job_lines": list(self.job_lines),
            "seats": self.seats,
            "needed": self.needed,
            "rules": [rule.as_dict() for rule in self.rules],
            "explanation": self.explanation,
            "block": self.block,
        }


@dataclass(frozen=True, slots=True)
class Block:
    """Causes that share workers or job lines, taken together: the whole shortage there.

    `n_independent` of them were found; as many changes are needed as are missing (`shortage`).
    """

    workers: tuple[str, ...]
    job_lines: tuple[str, ...]
    seats: int
    needed: int
    is_mirror: bool
    n_independent: int
    explanation: str

    @property
    def shortage(self) -> int:
        """How many places (mirror: workers) are missing in all."""
        return self.needed - self.seats

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, under the field names."""
        return {
            "workers": list(self.workers),
            "job_lines": list(self.job_lines),
            "seats": self.seats,
            "needed": self.needed,
            "shortage": self.shortage,
            "n_independent": self.n_independent,
            "explanation": self.explanation,
        }


class FixKind(StrEnum):
    """The currency a fix spends least of."""

    EXTRA_PLACES = "extra_places"
    EXCEPTIONS = "exceptions"
    MANDATORY = "mandatory_dropped"
    LEFT_OUT = "left_out"
    PINS = "pins_lifted"
    MIX = "mix"
    WORST_RANK = "worst_rank"


@dataclass(frozen=True, slots=True)
class Fix:
    """Changes that make the run solvable, proven by solving it.

    `cost`: how many changes (each extra place counts), for the mix their weights' sum.
    `is_pure`: no change of another kind was needed. `weight`: the sum of the mix's weights, which
    ranks fixes of different kinds. `is_least`: proven that no cheaper fix of this kind exists.
    `also`: other kinds for which these same changes are the least. `settings` differ from the
    run's only for a fix that raises the cap on the worst rank, whose first word tells it.
    """

    kind: FixKind
    changes: tuple[Change, ...]
    words: tuple[str, ...]
    cost: int
    weight: int
    is_pure: bool
    is_least: bool
    settings: Settings
    also: tuple[FixKind, ...] = ()
    verified: bool = False
    objective: float | None = None
    outcome: Outcome | None = None
    result: SolveResult | None = None

    def scenario(self, inputs: RunInputs, name: str = "", author: str = "") -> Scenario:
        """The fix as a what-if scenario of these inputs."""
        return Scenario(
            name or self.title,
            self.settings,
            self.changes,
            author,
            run=inputs.run.id,
            fingerprint=inputs.fingerprint,
        )

    @property
    def leaves_out(self) -> int:
        """How many workers it leaves out."""
        return sum(isinstance(change, LeaveOut) for change in self.changes)

    @property
    def title(self) -> str:
        """The fix's currency as a heading."""
        alone = self.is_pure or self.kind is FixKind.MIX
        return TITLES[self.kind] + ("" if alone else ", with other changes")

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready; each change carries its words."""
        changes = [change_as_dict(change) for change in self.changes]
        if self.kind is FixKind.WORST_RANK:
            cap = {"kind": "set worst rank", "worst_rank": self.settings.worst_rank}
            changes = [cap, *changes]
        return {
            "kind": str(self.kind),
            "title": self.title,
            "changes": [{**c, "words": w} for c, w in zip(changes, self.words, strict=True)],
            "cost": self.cost,
            "weight": self.weight,
            "pure": self.is_pure,
            "least": self.is_least,
            "also": [str(kind) for kind in self.also],
            "verified": self.verified,
            "objective": self.objective,
            "outcome": self.outcome and self.outcome.as_dict(),
        }


TITLES = {
    FixKind.EXTRA_PLACES: "Fewest extra places",
    FixKind.EXCEPTIONS: "Fewest eligibility exceptions",
    FixKind.MANDATORY: "Fewest mandatory flags dropped",
    FixKind.LEFT_OUT: "Fewest workers left out",
    FixKind.PINS: "Fewest pins lifted",
    FixKind.MIX: "Least weighted mix of changes",
    FixKind.WORST_RANK: "Least raise of the cap on the worst rank",
}


@dataclass(frozen=True, slots=True)
class PartialAllocation:
    """The most workers that can be placed, and who is left.

    `placed` holds (worker, job line). Among the largest partial allocations it fills the most
    mandatory job lines and then has the least total dissatisfaction; `is_exact` is False when
    that last comparison was rounded. `objective` counts the placed workers only.
    """

    placed: tuple[tuple[str, str], ...]
    left: tuple[str, ...]
    unfilled: tuple[str, ...]
    objective: float
    is_exact: bool

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, under the field names."""
        return {
            "n_placed": len(self.placed),
            "left": list(self.left),
            "unfilled": list(self.unfilled),
            "objective": self.objective,
            "allocations": [{"worker_mapping": w, "job_line": j} for w, j in self.placed],
        }


@dataclass(frozen=True, slots=True)
class PreCheck:
    """One quick test before solving; `workers` and `job_lines` are those that fail it."""

    name: str
    passed: bool
    words: str
    workers: tuple[str, ...] = ()
    job_lines: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, under the field names."""
        return {
            "name": self.name,
            "passed": self.passed,
            "words": self.words,
            "workers": list(self.workers),
            "job_lines": list(self.job_lines),
        }


@dataclass(frozen=True, slots=True)
class DiagnosisProgress:
    """A snapshot of a running diagnosis: step `done` + 1 of `total`, seconds since the start."""

    step: str
    done: int
    total: int
    elapsed: float
    message: str = ""

    @property
    def phase(self) -> str:
        """The step, under the name that background work calls it by."""
        return self.step


@dataclass(frozen=True)
class Diagnosis:
    """Why a run has no allocation, and what would help.

    `feasible` is None when the diagnosis was cancelled before that was known. `n_independent`
    counts the independent causes that were found; every block has at least one of its own listed
    in `causes`, the rest are too alike to list. `others_overlap`: there are further minimal
    causes, made of parts of these, which are not counted; without it these are all.
    `unavailable` says in a sentence why a kind of fix is not offered. `timings` are seconds.
    """

    feasible: bool | None
    settings: Settings
    causes: tuple[Cause, ...] = ()
    blocks: tuple[Block, ...] = ()
    n_independent: int = 0
    others_overlap: bool = False
    fixes: tuple[Fix, ...] = ()
    unavailable: tuple[str, ...] = ()
    partial: PartialAllocation | None = None
    pre_checks: tuple[PreCheck, ...] = ()
    cancelled: bool = False
    timings: Mapping[str, float] = field(default_factory=dict)

    @property
    def causes_words(self) -> str:
        """How many causes were found and whether there are others: a heading."""
        causes = f"{self.n_independent:,} independent cause{'' if self.n_independent == 1 else 's'}"
        if self.others_overlap:
            return f"{causes}; others overlap them."
        return f"{causes}, and no others."

    @property
    def remaining_words(self) -> str:
        """What to say after the last listed cause; empty when the listed ones are all."""
        unlisted = self.n_independent - len(self.causes)
        words = [f"{unlisted:,} more independent causes, much like these, are not listed."]
        if not unlisted:
            words = []
        if self.others_overlap:
            words.append(
                "Other causes overlap these and are not listed. Mending what several share does "
                "not settle them all: each group needs as many changes as it is short."
            )
        return " ".join(words)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready: what `python -m allocator diagnose --json` prints."""
        return {
            "feasible": self.feasible,
            "cancelled": self.cancelled,
            "causes": [cause.as_dict() for cause in self.causes],
            "n_independent": self.n_independent,
            "others_overlap": self.others_overlap,
            "blocks": [block.as_dict() for block in self.blocks],
            "fixes": [fix.as_dict() for fix in self.fixes],
            "unavailable": list(self.unavailable),
            "partial": self.partial and self.partial.as_dict(),
            "pre_checks": [check.as_dict() for check in self.pre_checks],
            "timings": dict(self.timings),
        }
