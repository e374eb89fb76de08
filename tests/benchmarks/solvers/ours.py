"""Ours, the whole path: hydrated inputs → matrices → proof → lottery → independent check."""

from __future__ import annotations

import time
from itertools import pairwise

import numpy as np

from allocator.models import RunInputs, Settings
from allocator.result import Phase, Progress, Status
from allocator.solving.solver import solve as solve_run
from tests.benchmarks.solvers.answer import Answer


def solve(inputs: RunInputs, settings: Settings) -> Answer:
    """Solve with the clock on; proven means that the checker confirmed the certificate."""
    began = time.perf_counter()
    starts: list[tuple[Phase, float]] = []

    def on_progress(event: Progress) -> None:
        starts.append((event.phase, time.perf_counter()))

    result = solve_run(inputs, settings, on_progress=on_progress)
    ended = time.perf_counter()
    verified = result.certificate is not None and result.certificate.verified
    proven = result.status is Status.OPTIMAL and verified
    columns = {line.id: j for j, line in enumerate(inputs.job_lines)}
    held = {row.worker_mapping: columns[row.job_line] for row in result.allocations}
    assigned = np.array([held[worker.id] for worker in inputs.workers]) if held else None
    phases: dict[str, float] = {}
    for (phase, start), (_, stop) in pairwise(starts):
        phases[phase.value] = phases.get(phase.value, 0.0) + stop - start
    build = result.timings["formulate"]
    return Answer(proven, assigned, build, ended - began - build, phases, result.message)
