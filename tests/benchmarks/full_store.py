"""What a console process holds once its store is full: `python -m tests.benchmarks.full_store`.

Runs of one size are read, solved and explained, one after another, until the store has begun to
drop the oldest; the resident memory is printed beside what the values state.
"""

from __future__ import annotations

import argparse
import gc
from datetime import UTC, datetime

import console.ui.navigation
import console.ui.scoreboard
import console.ui.tables  # noqa: F401  # with these, what pages load
from allocator.explanation.optimum import optimum
from allocator.models import Settings
from allocator.solving.solver import solve
from console.state import backend
from console.state.readings import RunReading
from console.state.store import LIMIT_MB
from tests.benchmarks.memory import MEGABYTE, start_counting
from tests.synthetic import synthetic_inputs


def main() -> None:
    """Fill the store twice over, so that what is dropped shows as well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=1000)
    parser.add_argument("--job-lines", type=int, default=1000)
    parser.add_argument("--ranked", type=int, default=200)
    asked = parser.parse_args()
    store, read, stated = backend.store(), 0, 0.0
    print(f"idle: {start_counting():.0f} MB")
    while stated < 2 * LIMIT_MB * 1e6:
        inputs = synthetic_inputs(asked.workers, asked.job_lines, asked.ranked, seed=read)
        reading = RunReading(inputs, datetime.now(UTC))
        optimum(inputs, solve(inputs, Settings()))
        store.put(("reading", inputs.run.id, read), reading)
        read, stated = read + 1, stated + reading.weight
        del inputs, reading
        gc.collect()
        print(f"{read} runs: {start_counting():.0f} MB held, {store.weight / MEGABYTE:.0f} stated")


if __name__ == "__main__":
    main()
