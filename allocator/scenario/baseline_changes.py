"""Changes that compare with who held what before: the baseline, and who may move where."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import ClassVar

from allocator.models import RunInputs
from allocator.rules.naming import job_line_name, listed, worker_name
from allocator.scenario.change import Change, Draft


@dataclass(frozen=True, slots=True)
class SetBaseline(Change):
    """Begin with who held what: `placements` are (worker, job line), each worker once.

    Workers and job lines that no longer take part may be among them. `source` says in words
    where the placements come from, e.g. `the run completed on 3 March 2026`.
    """

    kind: ClassVar[str] = "baseline"
    placements: tuple[tuple[str, str], ...]
    source: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "placements", tuple(sorted(map(tuple, self.placements))))
        if not self.placements:
            raise ValueError("a baseline must hold at least one placement")
        if len({worker for worker, _ in self.placements}) < len(self.placements):
            raise ValueError("a baseline holds each worker once")

    @property
    def target(self) -> tuple[str, ...]:
        return ("baseline",)

    def words(self, inputs: RunInputs) -> str:
        source = f", {self.source}" if self.source else ""
        here = sum(worker in inputs.worker_positions for worker, _ in self.placements)
        return (
            f"It begins with {len(self.placements):,} earlier placements{source}; {here:,} of these"
            " workers take part."
        )

    def make(self, draft: Draft) -> None:
        draft.baseline = replace(
            draft.baseline, placements=dict(self.placements), source=self.source
        )


@dataclass(frozen=True, slots=True)
class MoveRule(Change):
    """Who may move from its job line of the baseline, and where to. `workers` empty: everybody
    who has one that takes part."""

    workers: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        object.__setattr__(self, "workers", frozenset(self.workers))

    @property
    def target(self) -> tuple[str, ...]:
        return (self.kind, *sorted(self.workers))

    @property
    def worker_ids(self) -> frozenset[str]:
        return self.workers

    def _whom(self, inputs: RunInputs) -> str:
        """Whom it is about, as the beginning of a sentence."""
        names = listed((worker_name(inputs, w) for w in self.workers), "worker")
        return names or "Whom no other change names"

    def reached(self, draft: Draft) -> frozenset[str]:
        """The workers, by the baseline where none is named."""
        held = draft.baseline.placements.items()
        return self.workers or frozenset(
            w for w, j in held if w in draft.workers and j in draft.job_lines
        )


@dataclass(frozen=True, slots=True)
class Hold(MoveRule):
    """These workers may not move at all."""

    kind: ClassVar[str] = "hold"

    def words(self, inputs: RunInputs) -> str:
        return f"{self._whom(inputs)} may not move."

    def make(self, draft: Draft) -> None:
        holds = dict.fromkeys(self.reached(draft), frozenset[str]())
        draft.baseline = replace(draft.baseline, only_to={**draft.baseline.only_to, **holds})


@dataclass(frozen=True, slots=True)
class ImproveOnly(MoveRule):
    """These workers may move only to what they rank better than what they had."""

    kind: ClassVar[str] = "improve only"

    def words(self, inputs: RunInputs) -> str:
        return f"{self._whom(inputs)} may move only to something that they rank better."

    def make(self, draft: Draft) -> None:
        reached = draft.baseline.improving | self.reached(draft)
        draft.baseline = replace(draft.baseline, improving=reached)


@dataclass(frozen=True, slots=True)
class SwapWish(Change):
    """A worker may move to these job lines, though to none that it ranks below what it has."""

    kind: ClassVar[str] = "swap wish"
    worker: str
    job_lines: frozenset[str]

    def __post_init__(self) -> None:
        object.__setattr__(self, "job_lines", frozenset(self.job_lines))

    @property
    def target(self) -> tuple[str, ...]:
        return ("swap wish", self.worker)

    @property
    def worker_ids(self) -> frozenset[str]:
        return frozenset({self.worker})

    @property
    def job_line_ids(self) -> frozenset[str]:
        return self.job_lines

    def words(self, inputs: RunInputs) -> str:
        lines = listed((job_line_name(inputs, j) for j in self.job_lines), "job line")
        return f"{worker_name(inputs, self.worker)} would take {lines or 'nothing'} instead."

    def make(self, draft: Draft) -> None:
        base = draft.baseline
        draft.baseline = replace(
            base,
            only_to={**base.only_to, self.worker: self.job_lines},
            unharmed=base.unharmed | {self.worker},
        )


@dataclass(frozen=True, slots=True)
class KeepNumbers(Change):
    """No job line takes more workers than it has in the baseline, of those who take part."""

    kind: ClassVar[str] = "keep numbers"

    @property
    def target(self) -> tuple[str, ...]:
        return ("numbers",)

    def words(self, inputs: RunInputs) -> str:
        return "No job line takes more workers than it had before."

    def make(self, draft: Draft) -> None:
        held = Counter(j for w, j in draft.baseline.placements.items() if w in draft.workers)
        for line in list(draft.job_lines.values()):
            total = line.used_places + held[line.id]
            fewer = min(total, line.max_n_workers)
            draft.job_lines[line.id] = replace(line, max_n_workers=fewer)


def baseline_problems(draft: Draft, inputs: RunInputs) -> list[str]:
    """What the rules on moves lack or contradict, each as a sentence."""
    base, problems = draft.baseline, []
    if base and not base.placements.keys() & draft.workers.keys():
        problems.append("The baseline names nobody who takes part in the run.")
    ruled = base.only_to.keys() | base.improving | base.unharmed
    for worker in sorted(ruled & draft.workers.keys()):
        name, own = worker_name(inputs, worker), base.placements.get(worker)
        pin = draft.pins.get(worker, own)
        if own is None:
            problems.append(f"{name} has no job line in the baseline, but a rule on moving.")
        elif base.only_to.get(worker, True):
            continue
        elif own not in draft.job_lines:
            problems.append(
                f"{name} may not move, but {job_line_name(inputs, own)} does not take part."
            )
        elif pin != own:
            problems.append(f"{name} may not move, but is pinned to another job line.")
    return problems
