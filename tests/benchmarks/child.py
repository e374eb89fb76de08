"""One task in a process of its own: `python -m tests.benchmarks.child TASK.json`.

The task names the solver and the files of the instance; the outcome goes into a file beside it.
Each solver first solves a small run, so that loading libraries is not timed.
"""

from __future__ import annotations

import json
import pickle
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from allocator.models import RunInputs, Settings
from allocator.result import Status
from allocator.solving.solver import solve
from tests.benchmarks import memory
from tests.benchmarks.instances import Size, Table
from tests.benchmarks.solvers import OURS, PEERS, ours
from tests.benchmarks.solvers.answer import Answer

GRACE = 10.0
"""Seconds after the limit in which a solver may stop by itself and say how far it came."""
WHAT_IF = "what-if"
"""The task that times re-solves of ours instead of one solve."""
WARM_UP = Size(20, 21, 21)


@dataclass(frozen=True, slots=True)
class Task:
    """What the child does. `solver` is one of `LABELS` or WHAT_IF; `limit` is in seconds;
    `table` and `inputs` are the files of the instance; `alphas` are for WHAT_IF."""

    solver: str
    table: str
    inputs: str
    limit: float
    threads: int
    alphas: tuple[float, ...] = ()


def main(path: Path) -> None:
    """Do the task in the file; write the outcome beside it, as .out."""
    task = Task(**json.loads(path.read_text()))
    outcome = _what_if(task) if task.solver == WHAT_IF else _solve(task)
    path.with_suffix(".out").write_text(json.dumps(outcome))


def _solve(task: Task) -> dict[str, Any]:
    """One timed solve, its allocation tested against the arrays."""
    table = Table.load(Path(task.table))
    work = _prepared(task, table)
    base = memory.start_counting()
    # The kernel ends the process, whatever library it is in; the parent reports it.
    signal.setitimer(signal.ITIMER_REAL, task.limit + GRACE)
    answer = work()
    signal.setitimer(signal.ITIMER_REAL, 0)
    peak = memory.peak_mb()
    objective = None if answer.assigned is None else table.objective(answer.assigned)
    return {
        "proven": answer.proven,
        "build": answer.build,
        "solve": answer.solve,
        "objective": objective,
        "peak_mb": peak,
        "base_mb": base,
        "phases": dict(answer.phases),
        "note": answer.note,
    }


def _prepared(task: Task, table: Table) -> Callable[[], Answer]:
    """The solve to time, its libraries loaded."""
    settings = Settings(time_limit=task.limit)
    small = WARM_UP.inputs(seed=1)
    if task.solver == OURS:
        ours.solve(small, settings)
        inputs = _load(task.inputs)
        return lambda: ours.solve(inputs, settings)
    peer = PEERS[task.solver].load()
    peer(Table.of(small, settings), 60.0, task.threads)
    return lambda: peer(table, task.limit, task.threads)


def _what_if(task: Task) -> dict[str, Any]:
    """Solve once, then again with each alpha; only the re-solves are timed."""
    settings, inputs = Settings(time_limit=task.limit), _load(task.inputs)
    solve(inputs, settings)
    latencies = []
    for alpha in task.alphas:
        began = time.perf_counter()
        result = solve(inputs, replace(settings, alpha=alpha))
        latencies.append(time.perf_counter() - began)
        verified = result.certificate is not None and result.certificate.verified
        if result.status is not Status.OPTIMAL or not verified:
            raise RuntimeError(f"the re-solve with alpha {alpha} is {result.status}, not proven")
    return {"latencies": latencies}


def _load(path: str) -> RunInputs:
    """The hydrated run that the parent wrote."""
    with open(path, "rb") as file:
        return pickle.load(file)  # type: ignore[no-any-return]


def write_task(task: Task, path: Path) -> None:
    """The file that `main` reads."""
    path.write_text(json.dumps(asdict(task)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
