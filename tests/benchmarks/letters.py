"""What a publication takes: letters to everybody as HTML and PDF, lists and report, in one ZIP."""

from __future__ import annotations

import time
from collections.abc import Iterator
from tempfile import TemporaryFile

from allocator.models import Settings
from allocator.report.publication import publish_zip
from allocator.solving.solver import solve
from tests.benchmarks import words
from tests.benchmarks.instances import Size

GOALS = {139: 5.0, 10_000: 120.0}
"""Workers → most seconds."""
RANKED = 20


def figures(seed: int, *, quick: bool) -> Iterator[str]:
    """A line for each size, `quick` for the smallest alone: from the solved run to the ZIP."""
    for workers, most in list(GOALS.items())[: 1 if quick else None]:
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
        met = "met" if took <= most else "MISSED"
        yield (
            f"{size.label}: {workers:,} letters, lists and report in {words.seconds(took)}, "
            f"{megabytes:.0f} MB (goal {most:g} s: {met})"
        )
