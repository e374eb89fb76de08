"""The tables on the terminal."""

from __future__ import annotations

from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from tests.benchmarks import words
from tests.benchmarks.goals import goals
from tests.benchmarks.machine import sentence
from tests.benchmarks.records import Instance, Run
from tests.benchmarks.solvers import OURS
from tests.benchmarks.summary import Line, disagreements, lines, percentile

AGREES = {True: Text("equal", style="green"), False: Text("DIFFERENT", style="bold red")}


def show(run: Run, console: Console) -> None:
    """Everything about a run; disagreements last, where they cannot be missed."""
    console.print(f"{run.date} · {sentence(dict(run.machine))}", highlight=False)
    for instance in run.instances:
        console.print(_comparison(run, instance))
        for line in lines(run, instance.label):
            if line.solver == OURS and line.phases:
                console.print(_phases(line), style="dim", highlight=False)
    if run.what_if:
        console.print(_re_solves(run))
    if goals(run):
        console.print(_goals(run))
    problems = disagreements(run)
    if problems:
        title = "The solvers do not agree"
        body = Group(*(Text(problem) for problem in problems))
        console.print(Panel(body, title=title, style="bold red"))


def _comparison(run: Run, instance: Instance) -> Table:
    title = (
        f"{instance.label}, {instance.pairs:,} eligible pairs, {instance.places} places, "
        f"{instance.mandatory} mandatory, lists of {instance.ranked}"
    )
    table = Table(title=title, title_justify="left")
    table.add_column("Solver", no_wrap=True)
    for name in ("Time", "Least – most", "Build", "Solve", "Ratio", "Peak memory", "Ratio"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("Objective", no_wrap=True)
    table.add_column("Runs", justify="right")
    for line in lines(run, instance.label):
        spread = "–" if line.spread is None else " – ".join(map(words.seconds, line.spread))
        table.add_row(
            line.label,
            words.time_of(line, run.options["limit"]),
            spread,
            words.seconds(line.build),
            words.seconds(line.solve),
            words.ratio(line.ratio, line.at_least),
            words.megabytes(line.peak_mb),
            words.ratio(line.memory_ratio),
            Text("–") if line.same is None else AGREES[line.same],
            str(line.repeats),
            style="bold" if line.solver == OURS else None,
        )
    return table


def _phases(line: Line) -> str:
    parts = (f"{name} {words.seconds(took)}" for name, took in line.phases.items())
    return f"{line.label}: {', '.join(parts)}"


def _re_solves(run: Run) -> Table:
    table = Table(title="What-if: the same run with another alpha", title_justify="left")
    for name in ("Size", "Re-solves", "Median", "95th percentile"):
        table.add_column(name, justify="left" if name == "Size" else "right")
    for row in run.what_if:
        middle, slow = (words.seconds(percentile(row.latencies, p)) for p in (50, 95))
        table.add_row(row.size, str(len(row.latencies)), middle, slow)
    return table


def _goals(run: Run) -> Table:
    table = Table(title="Goals", title_justify="left")
    for name in ("Goal", "Measured", ""):
        table.add_column(name)
    for goal in goals(run):
        verdict = Text("met", style="green") if goal.met else Text("missed", style="bold red")
        table.add_row(goal.text, goal.measured, verdict)
    return table
