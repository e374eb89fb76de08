"""Scenarios solved to be looked at: at once where that is quick, else in the background.

Nothing is written but the log of seeds: each that somebody tries on a run is logged the first time
(see `seeds`), so that nobody can try seeds until one suits.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from allocator.database.records import Work
from allocator.errors import UsageError
from allocator.jobs import Job, JobKind, OnProgress
from allocator.models import RunInputs, Settings
from allocator.result import Phase, Progress
from allocator.scenario import Change, Scenario
from allocator.scenario.baseline_changes import MoveRule
from allocator.scenario.changes import SetBaseline, SwapWish
from allocator.solved import Solved
from console.state import backend, seeds
from console.state.readings import RunReading
from console.state.store import BYTES_A_PLACEMENT

MOST_AT_ONCE = 400
"""Runs with more workers are solved in the background."""
MOST_SOLVED = 40
"""Settings under which one scenario's outcomes are kept, however many a slider passes."""
MOVES = (SetBaseline, MoveRule, SwapWish)
"""Changes about moves, which mean nothing each for itself."""
MOST_WORK_AT_ONCE = 1200
"""Likewise for several scenarios: workers × scenarios not solved yet."""


@dataclass(frozen=True, eq=False)
class Variant:
    """A run with a scenario's changes made, and what was solved on it under which settings.

    One object for all settings, so that a slider builds no matrices anew.
    """

    reading: RunReading
    solved: dict[Settings, Solved] = field(default_factory=dict)

    @property
    def inputs(self) -> RunInputs:
        """The run's inputs with the changes made."""
        return self.reading.inputs

    @property
    def weight(self) -> int:
        """Bytes that the variant counts for in the store."""
        a_solve = len(self.inputs.workers) * BYTES_A_PLACEMENT
        return self.reading.weight + len(self.solved) * a_solve


def variant(reading: RunReading, scenario: Scenario) -> Variant:
    """The run with the scenario's changes made. Raises UsageError for contradictions."""

    def make() -> Variant:
        return Variant(RunReading(scenario.apply(reading.inputs), reading.read_at))

    return backend.store().made(_key(reading, scenario), make)


def known(reading: RunReading, scenario: Scenario) -> Solved | None:
    """The scenario as it was solved on exactly this reading, None when nobody did."""
    found: Variant | None = backend.store().get(_key(reading, scenario))
    return found.solved.get(scenario.settings) if found else None


def solve_trial(
    reading: RunReading,
    scenario: Scenario,
    operator: str,
    on_progress: OnProgress | None = None,
    cancel: threading.Event | None = None,
) -> Solved:
    """Solve here and now, unless that was done before.

    Raises UsageError for contradictions, InvalidData, CheckFailed.
    """
    on, settings = variant(reading, scenario), scenario.settings
    if settings in on.solved:
        seeds.log_tried(on.inputs, settings, operator, Work.TRIAL)
        return on.solved[settings]
    tried = reading.run_id, settings.seed, operator, Work.TRIAL
    result = backend.service().solve(
        on.inputs,
        settings,
        operator=operator,
        acknowledged=True,
        work=None if seeds.is_logged(*tried) else Work.TRIAL,
        on_progress=on_progress,
        cancel=cancel,
        on_logged=seeds.logged(*tried),
    )
    solved = Solved(on.inputs, result, reading.inputs, scenario, operator)
    if cancel is None or not cancel.is_set():
        on.solved[settings] = solved
        for oldest in list(on.solved)[:-MOST_SOLVED]:
            on.solved.pop(oldest, None)
        backend.store().put(_key(reading, scenario), on)
    return solved


def solve_all(
    reading: RunReading, scenarios: Sequence[Scenario], operator: str
) -> list[Solved] | Job:
    """The scenarios solved, in order, or the background job that is solving them."""
    missing = [one for one in scenarios if known(reading, one) is None]
    if is_quick(reading, len(missing)):
        return [solve_trial(reading, one, operator) for one in scenarios]
    for one in missing:
        variant(reading, one)  # a contradiction shows at once

    def work(on_progress: OnProgress, cancel: threading.Event) -> list[Solved]:
        began = time.perf_counter()
        solved = []
        for number, one in enumerate(scenarios):
            if cancel.is_set():
                break
            on_progress(_step(number, len(scenarios), one.name, time.perf_counter() - began))
            solved.append(solve_trial(reading, one, operator, None, cancel))
        return solved

    subject = _subject(reading, scenarios)
    job = backend.jobs().get(JobKind.TRIALS, subject)
    if job is None:
        for ended in backend.jobs().snapshots(JobKind.TRIALS):
            backend.jobs().forget(JobKind.TRIALS, ended.subject)  # large; the store has them, too
        return backend.jobs().start(JobKind.TRIALS, subject, work, started_by=operator)
    # What it solved may be more than the store can hold at once, so it counts as it stands.
    solved = job.snapshot().result
    for one in {one.settings.seed: one for one in scenarios}.values():
        seeds.log_tried(variant(reading, one).inputs, one.settings, operator, Work.TRIAL)
    return solved if solved and len(solved) == len(scenarios) else job


def forget_trials(reading: RunReading, scenarios: Sequence[Scenario]) -> None:
    """Drop a job that ended without every scenario solved, so that `solve_all` starts anew."""
    backend.jobs().forget(JobKind.TRIALS, _subject(reading, scenarios))


def is_quick(reading: RunReading, missing: int) -> bool:
    """Whether so many solves are done while somebody waits."""
    workers = len(reading.inputs.workers)
    return not missing or (workers <= MOST_AT_ONCE and workers * missing <= MOST_WORK_AT_ONCE)


def _subject(reading: RunReading, scenarios: Sequence[Scenario]) -> str:
    """The background job's subject: the same scenarios on the same reading share a job."""
    content = "\n".join(one.to_json() for one in scenarios)
    digest = hashlib.sha256(content.encode()).hexdigest()[:24]
    return f"{reading.run_id} {reading.version} {digest}"


def problems(reading: RunReading, scenario: Scenario) -> tuple[str, ...]:
    """Why the scenario cannot be applied, each as a sentence; empty when it can."""
    as_read = reading.inputs
    gone = [
        f"Change {number} names something that is no longer in the run: “{words}”"
        for number, (change, words) in enumerate(
            zip(scenario.changes, scenario.words(as_read), strict=True), start=1
        )
        if _names_unknown(as_read, change)
    ]
    found = (*gone, *scenario.conflicts(as_read))
    if not found and any(isinstance(change, MOVES) for change in scenario.changes):
        try:
            variant(reading, scenario)  # what rules on moves need is seen with all changes only
        except UsageError as error:
            return tuple(error.facts.get("problems") or (error.message,))
    return found


def _names_unknown(as_read: RunInputs, change: Change) -> bool:
    weightings = {row.id for row in as_read.weightings}
    return not (
        change.worker_ids <= as_read.worker_positions.keys()
        and change.job_line_ids <= as_read.job_line_positions.keys()
        and change.weighting_ids <= weightings
    )


def _key(reading: RunReading, scenario: Scenario) -> tuple[str, str, str, tuple[Change, ...], str]:
    # Who made it, and on which data it was made before, changes nothing about the outcome.
    return "variant", reading.run_id, reading.version, scenario.changes, scenario.name


def _step(number: int, total: int, name: str, elapsed: float) -> Progress:
    words = f"Solving “{name}”, {number + 1} of {total}"
    return Progress(Phase.MASTER, elapsed, words, variables=total, iterations=number)
