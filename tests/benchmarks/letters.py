"""What a publication takes: letters to everybody as HTML and PDF, lists and report, in one ZIP."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from tempfile import TemporaryFile

from allocator.models import Settings
from allocator.report.publication import publish_zip
from allocator.solving.solver import solve
from tests.benchmarks import words
from tests.benchmarks.instances import Size

GOALS = {139: 5.0, 10_000: 120.0}
"""Workers → most seconds; other numbers have no goal."""
RANKED = 20


def figures(numbers: Sequence[int], seed: int) -> Iterator[str]:
    """A line for each number of workers: from the solved run to the ZIP."""
    for workers in numbers:
        size = Size(workers, max(workers // 4, 140), RANKED)
        inputs = size.inputs(seed)
        result = solve(inputs, Settings())
        began = time.perf_counter()
        with TemporaryFile() as file:
            made = publish_zip(inputs, result, file)
            took = time.perf_counter() - began
            assert made is not None
            assert (made.placed, made.notes) == (workers, ())
            megabytes = file.seek(0, 2) / 1e6
        yield (
            f"{size.label}: {workers:,} letters, lists and report in {words.seconds(took)}, "
            f"{megabytes:.0f} MB{_judged(workers, took)}"
        )


def _judged(workers: int, took: float) -> str:
    """The goal of so many letters and whether it was met; nothing without a goal."""
    if workers not in GOALS:
        return ""
    return f" (goal {GOALS[workers]:g} s: {'met' if took <= GOALS[workers] else 'MISSED'})"
