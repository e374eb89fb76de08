"""`python -m tests.benchmarks`, which `make benchmark` calls."""

from __future__ import annotations

import argparse
import sys
from datetime import datetime

from rich.console import Console

from tests.benchmarks import answers, chart, letters, machine, markdown, options, terminal
from tests.benchmarks.plan import Benchmark
from tests.benchmarks.records import Run
from tests.benchmarks.summary import disagreements

LEAST_WIDTH = 140
"""Columns that the tables need; a pipe would give 80."""


def main(argv: list[str] | None = None) -> int:
    """Run and show; 0, or 1 when ours is unproven or a solver failed or disagrees."""
    arguments = options.parse(argv)
    console = Console(stderr=arguments.markdown)
    console.width = max(console.width, LEAST_WIDTH)
    if arguments.source is not None:
        run = Run.load(arguments.source)
    else:
        run = _measure(arguments, console)
        arguments.output.mkdir(parents=True, exist_ok=True)
        run.save(arguments.output / "benchmark.json")
        chart.save(run, arguments.output / "benchmark.html")
    terminal.show(run, console)
    if arguments.source is None:
        for size in arguments.options.what_if:
            if size.workers <= answers.MOST_WORKERS:
                for line in answers.figures(size, arguments.options.seed):
                    console.print(line, highlight=False)
        for line in letters.figures(arguments.options.letters, arguments.options.seed):
            console.print(line, highlight=False)
        console.print(f"Written to {arguments.output}: benchmark.json, benchmark.html")
    if arguments.markdown:
        print(markdown.render(run), end="")
    return 1 if disagreements(run) else 0


def _measure(arguments: argparse.Namespace, console: Console) -> Run:
    def report(text: str) -> None:
        console.print(text, style="dim", highlight=False)

    benchmark = Benchmark(arguments.options, report)
    benchmark.run()
    shown = ("repeats", "limit", "threads", "seed", "memory_mb", "keep_trying")
    return Run(
        datetime.now().astimezone().isoformat(timespec="seconds"),
        machine.describe(),
        {name: getattr(arguments.options, name) for name in shown},
        tuple(benchmark.instances),
        tuple(benchmark.measurements),
        tuple(benchmark.what_if),
    )


if __name__ == "__main__":
    sys.exit(main())
