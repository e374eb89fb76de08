"""The whole comparison: every size, every solver, a few repeats."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from allocator.models import RunInputs, Settings
from tests.benchmarks import processes
from tests.benchmarks.child import WHAT_IF, Task
from tests.benchmarks.instances import Size, Table
from tests.benchmarks.records import Instance, Measurement, Outcome, WhatIf
from tests.benchmarks.solvers import OURS

SLOW = 20.0
"""Seconds above which a solve is not repeated."""


@dataclass(frozen=True, slots=True)
class Options:
    """What to run. `limit` is seconds a solve, `memory_mb` most memory of a solver's process,
    `re_solves` the number of what-if re-solves at the sizes named in `what_if`; with
    `keep_trying` a solver that did not finish one size is tried on the larger ones as well.
    `letters` are the numbers of doctors to write to."""

    sizes: tuple[Size, ...]
    solvers: tuple[str, ...]
    repeats: int
    limit: float
    threads: int
    seed: int
    memory_mb: float
    what_if: tuple[Size, ...]
    re_solves: int
    keep_trying: bool
    letters: tuple[int, ...] = ()


Report = Callable[[str], None]


class Benchmark:
    """Runs the options; `instances`, `measurements` and `what_if` fill as it goes."""

    def __init__(self, options: Options, report: Report) -> None:
        self.options = options
        self.report = report
        self.instances: list[Instance] = []
        self.measurements: list[Measurement] = []
        self.what_if: list[WhatIf] = []
        self.gave_up: dict[str, str] = {}

    def run(self) -> None:
        """All sizes, smallest first."""
        for size in sorted(self.options.sizes, key=lambda size: size.workers * size.job_lines):
            with TemporaryDirectory(prefix="allocator-benchmark-") as directory:
                self._size(size, Path(directory))

    def _size(self, size: Size, directory: Path) -> None:
        inputs = size.inputs(self.options.seed)
        table = Table.of(inputs, Settings())
        table.save(directory / "table.npz")
        with (directory / "inputs.pickle").open("wb") as file:
            pickle.dump(inputs, file)
        self.instances.append(_instance(size, inputs, table, self.options.seed))
        for solver in self.options.solvers:
            self._solver(size, solver, directory)
        if size in self.options.what_if and OURS in self.options.solvers:
            self._re_solves(size, directory)

    def _solver(self, size: Size, solver: str, directory: Path) -> None:
        """The repeats of one solver on one instance; slow ones and failures are not repeated."""
        if solver in self.gave_up and not self.options.keep_trying:
            outcome, note = Outcome.NOT_TRIED, self.gave_up[solver]
            self._add(Measurement(size.label, solver, 1, outcome, note=note))
            return
        for repeat in range(1, self.options.repeats + 1):
            measurement = self._measure(size, solver, repeat, directory)
            self._add(measurement)
            if measurement.outcome is not Outcome.PROVEN:
                if solver != OURS:
                    self.gave_up[solver] = f"{measurement.outcome.value} at {size.label}"
                return
            if (measurement.seconds or 0) > SLOW:
                return

    def _add(self, measurement: Measurement) -> None:
        self.measurements.append(measurement)
        took = "" if measurement.seconds is None else f" in {measurement.seconds:.3g} s"
        self.report(
            f"{measurement.size}, {measurement.solver}, repeat {measurement.repeat}: "
            f"{measurement.outcome.value}{took} {measurement.note}".rstrip()
        )

    def _measure(self, size: Size, solver: str, repeat: int, directory: Path) -> Measurement:
        task = self._task(solver, directory)
        ended = processes.run(task, directory, self.options.memory_mb)
        facts = ended.outcome
        if facts is None:
            outcome, note = Outcome.FAILED, ended.complaint
            if ended.timed_out:
                outcome, note = Outcome.UNFINISHED, "ended at the limit"
            elif ended.over_memory:
                outcome = Outcome.OUT_OF_MEMORY
                note = f"more than {self.options.memory_mb:.0f} MB"
            return Measurement(
                size.label, solver, repeat, outcome, peak_mb=ended.peak_mb, note=note
            )
        return Measurement(
            size.label,
            solver,
            repeat,
            Outcome.PROVEN if facts["proven"] else Outcome.UNFINISHED,
            facts["build"] + facts["solve"],
            facts["build"],
            facts["solve"],
            facts["objective"],
            max(facts["peak_mb"], ended.peak_mb),
            facts["base_mb"],
            facts["phases"],
            facts["note"],
        )

    def _re_solves(self, size: Size, directory: Path) -> None:
        """Alpha moves from 0 to 1 in steps, as a slider that is dragged."""
        alphas = np.round(np.linspace(0, 1, self.options.re_solves), 2).tolist()
        ended = processes.run(
            self._task(WHAT_IF, directory, alphas), directory, self.options.memory_mb
        )
        if ended.outcome is None:
            raise RuntimeError(f"what-if re-solves of {size.label} failed: {ended.complaint}")
        self.what_if.append(WhatIf(size.label, tuple(ended.outcome["latencies"])))
        self.report(f"{size.label}: {len(alphas)} re-solves with other values of alpha")

    def _task(self, solver: str, directory: Path, alphas: Sequence[float] = ()) -> Task:
        return Task(
            solver,
            str(directory / "table.npz"),
            str(directory / "inputs.pickle"),
            self.options.limit,
            self.options.threads,
            tuple(alphas),
        )


def _instance(size: Size, inputs: RunInputs, table: Table, seed: int) -> Instance:
    return Instance(
        size.label,
        size.workers,
        size.job_lines,
        size.ranked,
        int(table.upper.sum()),
        int(table.lower.sum()),
        table.pairs,
        seed,
    )
