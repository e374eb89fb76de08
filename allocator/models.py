"""The domain's nouns, immutable: what is read, and what is asked for.

Everything about a worker is keyed by the worker mapping's id
(`allocation_run_worker_mappings.id`), never by `workers.id`. Ids are lower-case uuid strings.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property
from typing import Any

from allocator.errors import DataIssue
from allocator.keeper import Keeper


@dataclass(frozen=True, slots=True)
class AllocatorRun:
    """A row of `allocator_py_runs` with the allocation run and plan it belongs to.

    `startdate` and `enddate` are days in the plan's zone, `timezone`. It is UTC when the plan
    names none that exists; `unknown_timezone` says what the plan has instead.
    """

    id: str
    allocation_run: str
    created_at: datetime
    queued_at: datetime | None = None
    completed_at: datetime | None = None
    is_exclusive: bool = False
    included_job_lines: tuple[str, ...] = ()
    included_worker_mappings: tuple[str, ...] = ()
    allocation_run_status: str = ""
    startdate: date | None = None
    enddate: date | None = None
    due_date: datetime | None = None
    plan_name: str = ""
    org: str = ""
    timezone: str = "UTC"
    unknown_timezone: str | None = None

    @property
    def is_pending(self) -> bool:
        """True until `completed_at` is set."""
        return self.completed_at is None


@dataclass(frozen=True, slots=True)
class Preferences:
    """One worker's preferences; see `allocator.rules.ranks` for the arithmetic.

    `order` holds every job line of the *allocation run* that the worker ranked, with the raw
    `order_preference`. `scores` holds the job lines of this *allocator run*, best first, with
    their fractional rank in 1 … N. Every other job line of the run scores `unranked_score`.
    `buckets` holds each job line that the worker sorted into one (`like_dislike_preference`:
    10 love … 50 never), ranked or not. With `by_bucket` the scores follow the buckets first.
    `attractiveness` is the worker's own figure for unranked job lines: information, no rule.
    """

    order: Mapping[str, int] = field(default_factory=dict)
    scores: OrderedDict[str, float] = field(default_factory=OrderedDict)
    unranked_score: float = 1.0
    buckets: Mapping[str, int] = field(default_factory=dict)
    attractiveness: Mapping[str, float] = field(default_factory=dict)
    by_bucket: bool = False


@dataclass(frozen=True, slots=True)
class Worker:
    """A junior doctor in the run; `id` is the worker mapping's id, `person` is `workers.id`."""

    id: str
    firstname: str = ""
    lastname: str = ""
    preferred_name: str = ""
    internal_id: str = ""
    qualificationlevel: str = ""
    submitted: bool = False
    locked: bool = False
    qualification_ids: frozenset[str] = frozenset()
    preferences: Preferences = field(default_factory=Preferences)
    person: str = ""

    @property
    def name(self) -> str:
        """Preferred or first name and last name; the internal id when there is no name."""
        return (
            f"{self.preferred_name or self.firstname} {self.lastname}".strip() or self.internal_id
        )


@dataclass(frozen=True, slots=True)
class Eligibility:
    """A row of `job_line_eligibility`: who may hold a job line."""

    job_line: str
    included_qualification_tag_ids: frozenset[str] = frozenset()
    excluded_qualification_tag_ids: frozenset[str] = frozenset()
    included_worker_mapping_ids: frozenset[str] = frozenset()
    excluded_worker_mapping_ids: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Term:
    """A part of a job line's year (`rotations`): where it is spent and doing what.

    Days are those in the plan's zone, None where the database has none; names may be empty.
    """

    start: date | None
    end: date | None
    position: str = ""
    team: str = ""
    location: str = ""


@dataclass(frozen=True, slots=True)
class JobLine:
    """A year-long sequence of rotations.

    `used_places` were taken by earlier completed runs (exclusive runs only), so `places` are
    left. `eligibility` is None when nobody restricted the job line. `terms` are in the order of
    their days, none where the database has none: information, no rule.
    """

    id: str
    name: str = ""
    sort_order: int = 0
    max_n_workers: int = 1
    must_have_workers: bool = False
    used_places: int = 0
    eligibility: Eligibility | None = None
    terms: tuple[Term, ...] = ()

    @property
    def locations(self) -> tuple[str, ...]:
        """The hospitals of the terms, each once, in their order."""
        return tuple(dict.fromkeys(term.location for term in self.terms if term.location))

    @property
    def places(self) -> int:
        """Places that this run may still fill, at least 0."""
        return max(0, self.max_n_workers - self.used_places)

    @property
    def least_places(self) -> int:
        """1 when the job line must get somebody in this run, else 0."""
        return int(self.must_have_workers and self.used_places == 0)


@dataclass(frozen=True, slots=True)
class Weighting:
    """A row of `allocation_run_preferencer_weightings`: positive = less wanted.

    `job_line` None reaches every job line; both arrays empty reach every worker.
    """

    id: str
    weighting: int
    job_line: str | None = None
    qualification_tag_ids: frozenset[str] = frozenset()
    worker_mapping_ids: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class QualificationTag:
    """A row of `qualification_tags`."""

    id: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A worker or job line that does not take part, and why; `kind` is `worker` or `job line`."""

    kind: str
    id: str
    name: str
    reason: str

    @property
    def is_placed_elsewhere(self) -> bool:
        """Whether it is a worker whom another run or program has placed."""
        return self.kind == "worker" and self.reason.startswith(HAS_A_PLACE)


HAS_A_PLACE = "Already placed"
"""How the reason of a worker begins who has a place already."""


class NoticeKind(StrEnum):
    """What a notice is about."""

    ARCHIVED = "archived"
    CLOSED_LONG_AGO = "closed long ago"
    SECOND_BATCH = "second batch"
    NOT_SUBMITTED = "not submitted"
    PLACED_ELSEWHERE = "placed elsewhere"
    COMING_WITHDRAWAL = "coming withdrawal"
    FREED_PLACE = "freed place"


@dataclass(frozen=True, slots=True, order=True)
class Notice:
    """Something that is right as data and that an operator must know of before solving.

    `row` names whom or what it is about, `ids` are the raw keys. With `must_accept` nobody
    commits the run unattended until an operator has accepted it.
    """

    kind: NoticeKind
    row: str
    message: str
    ids: tuple[str, ...] = ()
    must_accept: bool = False

    def __str__(self) -> str:
        return f"{self.row}: {self.message}"


@dataclass(frozen=True, slots=True, order=True)
class OtherPlacement:
    """A placement that another application made (`job_line_worker_mappings`) and that touches the
    run; `worker` is the mapping's id. `state` is `released`, `finalised` or `locked`, since `at`
    in words."""

    worker: str
    job_line: str
    worker_name: str
    job_line_name: str
    state: str
    at: str


@dataclass(frozen=True, slots=True)
class Baseline:
    """Who held what before: where a repair or a swap round begins. Empty without one.

    `placements`: worker → job line, also of workers and job lines that no longer take part.
    A worker of it *moves* when placed on any other job line. `source` says where it comes from.
    Rules about moving, by worker: `only_to` names the only job lines that it may move to (none:
    it may not move), `improving` may move only to what they rank better than what they held,
    `unharmed` never to what they rank worse. All of these have a placement.
    """

    placements: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    only_to: Mapping[str, frozenset[str]] = field(default_factory=dict)
    improving: frozenset[str] = frozenset()
    unharmed: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.placements)


class Policy(StrEnum):
    """What a best allocation is; all policies honour the same hard rules. Those of moves compare
    with a baseline."""

    LEAST_TOTAL = "least_total"
    GREEDY = "greedy"
    GENEROUS = "generous"
    LEXIMIN = "leximin"
    LOTTERY_ORDER = "lottery_order"
    FEWEST_MOVES = "fewest_moves"
    MOST_MOVES = "most_moves"

    @property
    def needs_baseline(self) -> bool:
        """Whether it says nothing about a run without a baseline."""
        return self in (Policy.FEWEST_MOVES, Policy.MOST_MOVES)


class SolverName(StrEnum):
    """PuLP's solvers of the master."""

    HIGHS = "highs"
    CBC = "cbc"


HIGHEST_MOVE_PRICE = 1_000_000.0
"""Dearer moves are what the policy of fewest moves is for."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the operator chooses.

    alpha: `preferencer_weight`, 0 (workers only) … 1 (organisation only).
    power: `preference_power`, 0.1 … 10; above 1 it spares the worst-off.
    seed: any integer ≥ 0; decides among equally good allocations.
    time_limit: seconds, > 0, for the proof; a draw and the check that follow are not cut short.
    `worst_rank`: no score may exceed it of a worker who ranked at least one job line of the
    run; those who ranked none are exempt (None = no cap).
    bucket_order: lists count by bucket first, then by rank inside it.
    move_price: what each worker who leaves its job line of the baseline adds to the objective, in
    points of dissatisfaction, 0 … 1,000,000; nothing without a baseline.
    Raises ValueError when a value is out of range.
    """

    alpha: float = 0.3
    power: float = 1.0
    seed: int = 1234
    time_limit: float = 60.0
    ties_allowed: bool = True
    solver: SolverName = SolverName.HIGHS
    policy: Policy = Policy.LEAST_TOTAL
    worst_rank: float | None = None
    bucket_order: bool = False
    move_price: float = 0.0

    def __post_init__(self) -> None:
        kinds = {"alpha": float, "power": float, "move_price": float, "solver": SolverName}
        for name, kind in {**kinds, "policy": Policy}.items():
            object.__setattr__(self, name, kind(getattr(self, name)))
        whole = isinstance(self.seed, int) and not isinstance(self.seed, bool)
        rank = 1 if self.worst_rank is None else self.worst_rank
        for holds, words in (
            (0 <= self.alpha <= 1, "alpha must lie between 0 (workers only) and 1 (organisation)"),
            (0.1 <= self.power <= 10, "power must lie between 0.1 and 10"),
            (whole and self.seed >= 0, "seed must be a whole number, 0 or more"),
            (0 < self.time_limit < float("inf"), "the time limit must be more than 0 seconds"),
            (1 <= rank < float("inf"), "the cap on the worst rank must be 1 or more"),
            (0 <= self.move_price <= HIGHEST_MOVE_PRICE,
             "the price of a move must lie between 0 and 1,000,000"),
        ):  # fmt: skip
            if not holds:
                raise ValueError(words)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, under the field names."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, eq=False)
class RunInputs(Keeper):
    """Everything that defines one allocator run, hydrated. Compared by identity.

    Workers and job lines are sorted by id. `notices` are right as data and to be known before
    solving, `other_placements` those of other applications. With `bucket_order` the preferences
    are read by bucket first (`rules.ranks.read_by`). `pins` (worker → job line that it must get),
    `rulings` ((worker, job line) → True allowed / False banned, before any eligibility rule),
    `baseline` and `scenario` (its name) are empty as hydrated; a scenario fills them.
    `fingerprint`: of the rows as hydrated, and of how the lists are read; a scenario keeps it.
    """

    run: AllocatorRun
    workers: tuple[Worker, ...]
    job_lines: tuple[JobLine, ...]
    weightings: tuple[Weighting, ...] = ()
    tags: tuple[QualificationTag, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    issues: tuple[DataIssue, ...] = ()
    notices: tuple[Notice, ...] = ()
    other_placements: tuple[OtherPlacement, ...] = ()
    bucket_order: bool = False
    pins: Mapping[str, str] = field(default_factory=dict)
    rulings: Mapping[tuple[str, str], bool] = field(default_factory=dict)
    baseline: Baseline = Baseline()
    scenario: str = ""
    fingerprint: str = ""

    def worker(self, mapping_id: str) -> Worker:
        """The worker with this mapping id; KeyError when it does not take part."""
        return self.workers[self.worker_positions[mapping_id]]

    def job_line(self, job_line_id: str) -> JobLine:
        """The job line with this id; KeyError when it does not take part."""
        return self.job_lines[self.job_line_positions[job_line_id]]

    @cached_property
    def worker_positions(self) -> Mapping[str, int]:
        """Worker mapping → its position in `workers`, which is its row in every array."""
        return {worker.id: row for row, worker in enumerate(self.workers)}

    @cached_property
    def job_line_positions(self) -> Mapping[str, int]:
        """Job line → its position in `job_lines`, which is its column in every array."""
        return {line.id: column for column, line in enumerate(self.job_lines)}

    @property
    def to_accept(self) -> tuple[Notice, ...]:
        """The notices that somebody must accept before the run is committed unattended."""
        return tuple(notice for notice in self.notices if notice.must_accept)

    @property
    def blocking_issues(self) -> tuple[DataIssue, ...]:
        """The data errors that no acknowledgement lifts."""
        return tuple(issue for issue in self.issues if not issue.acknowledgeable)
