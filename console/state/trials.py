"""Scenarios solved to be looked at: at once where that is quick, else in the background.

Nothing is written but the log of seeds: a seed that was tried on a run is logged the first time,
so that nobody can try seeds until one suits.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from allocator.errors import UsageError
from allocator.jobs import Job, OnProgress
from allocator.measures.comparison import Solved
from allocator.models import Phase, Progress, RunInputs
from allocator.scenario import Change, Scenario
from allocator.service import AllocatorService
from console.state import backend

MOST_AT_ONCE = 400
"""Runs with more workers are solved in the background."""
MOST_WORK_AT_ONCE = 1200
"""Likewise for several scenarios: workers × scenarios not solved yet."""
MOST_KEPT = 150

Key = tuple[RunInputs, Scenario]


@lru_cache(maxsize=40)
def _changed(as_read: RunInputs, changes: tuple[Change, ...], name: str) -> RunInputs:
    return Scenario(name, changes=changes).apply(as_read)


def changed(as_read: RunInputs, scenario: Scenario) -> RunInputs:
    """The run with the scenario's changes made. Raises UsageError for contradictions.

    One object for all settings, so that a slider builds no matrices anew.
    """
    return _changed(as_read, scenario.changes, scenario.name)


class _Store:
    """What was solved, by inputs and scenario, the least recently used dropped first.

    Thread-safe.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[Key, Solved] = OrderedDict()
        self._seeds: set[tuple[str, int]] = set()
        self._lock = threading.Lock()

    def get(self, key: Key) -> Solved | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def put(self, key: Key, solved: Solved) -> None:
        with self._lock:
            self._kept[key] = solved
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)

    def is_new_seed(self, run_id: str, seed: int) -> bool:
        """True the first time; the seeds of a run are logged once each."""
        with self._lock:
            new = (run_id, seed) not in self._seeds
            self._seeds.add((run_id, seed))
            return new


def _store() -> _Store:
    """What was solved on the configured database."""
    return _store_of(backend.service())


@lru_cache(maxsize=1)
def _store_of(_service: AllocatorService) -> _Store:
    return _Store()


def known(as_read: RunInputs, scenario: Scenario) -> Solved | None:
    """The scenario as it was solved on exactly these inputs, None when nobody did."""
    return _store().get(_key(as_read, scenario))


def solve(
    as_read: RunInputs,
    scenario: Scenario,
    operator: str,
    on_progress: OnProgress | None = None,
    cancel: threading.Event | None = None,
) -> Solved:
    """Solve here and now, unless that was done before.

    Raises UsageError for contradictions, InvalidData, CheckFailed.
    """
    found = known(as_read, scenario)
    if found is not None:
        return found
    inputs = changed(as_read, scenario)
    result = backend.service().solve(
        inputs,
        scenario.settings,
        operator=operator,
        acknowledged=True,
        log=_store().is_new_seed(as_read.run.id, scenario.settings.seed),
        on_progress=on_progress,
        cancel=cancel,
    )
    solved = Solved(scenario.name, inputs, result)
    if cancel is None or not cancel.is_set():
        _store().put(_key(as_read, scenario), solved)
    return solved


def ready(as_read: RunInputs, scenarios: Sequence[Scenario], operator: str) -> list[Solved] | Job:
    """The scenarios solved, in order, or the background job that is solving them."""
    missing = [one for one in scenarios if known(as_read, one) is None]
    if is_quick(as_read, len(missing)):
        return [solve(as_read, one, operator) for one in scenarios]
    for one in missing:
        changed(as_read, one)  # a contradiction shows at once

    def work(on_progress: OnProgress, cancel: threading.Event) -> int:
        began = time.perf_counter()
        for number, one in enumerate(missing):
            if cancel.is_set():
                break
            on_progress(_step(number, len(missing), one.name, time.perf_counter() - began))
            solve(as_read, one, operator, None, cancel)
        return len(missing)

    job = backend.jobs().get(job_key(as_read, scenarios))
    if job is not None:
        return job
    return backend.jobs().submit(job_key(as_read, scenarios), work, started_by=operator)


def forget_job(as_read: RunInputs, scenarios: Sequence[Scenario]) -> None:
    """Drop a job that ended without every scenario solved, so that `ready` starts anew."""
    backend.jobs().forget(job_key(as_read, scenarios))


def is_quick(as_read: RunInputs, missing: int) -> bool:
    """Whether so many solves are done while somebody waits."""
    workers = len(as_read.workers)
    return not missing or (workers <= MOST_AT_ONCE and workers * missing <= MOST_WORK_AT_ONCE)


def job_key(as_read: RunInputs, scenarios: Sequence[Scenario]) -> str:
    """The background job's key: the same scenarios on the same reading share a job."""
    content = "\n".join(one.to_json() for one in scenarios)
    digest = hashlib.sha256(content.encode()).hexdigest()[:24]
    return f"trial {as_read.run.id} {id(as_read)} {digest}"


def problems(as_read: RunInputs, scenario: Scenario) -> tuple[str, ...]:
    """Why the scenario cannot be applied, each as a sentence; empty when it can."""
    gone = [
        f"Change {number} names something that is no longer in the run: “{words}”"
        for number, (change, words) in enumerate(
            zip(scenario.changes, scenario.words(as_read), strict=True), start=1
        )
        if _names_unknown(as_read, change)
    ]
    return (*gone, *scenario.conflicts(as_read))


def _names_unknown(as_read: RunInputs, change: Change) -> bool:
    try:
        Scenario("check", changes=(change,)).apply(as_read)
    except UsageError:
        return True
    return False


def _key(as_read: RunInputs, scenario: Scenario) -> Key:
    # Who made it, and on which data it was made before, changes nothing about the outcome.
    return as_read, replace(scenario, author="", run="", fingerprint="")


def _step(number: int, total: int, name: str, elapsed: float) -> Progress:
    words = f"Solving “{name}”, {number + 1} of {total}"
    return Progress(Phase.MASTER, elapsed, words, variables=total, iterations=number)
